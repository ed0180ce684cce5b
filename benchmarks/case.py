"""What is measured: a case, the sides that play it, and what a right answer is.

The code of a side lives in `benchmarks/suites/SUITE/SIDE.py`, in a function with the case's name:

    @contextmanager
    def map_tasks(parameters):            # set-up and tear-down, untimed
        with start_something() as thing:
            @contextmanager
            def once():                   # up to the yield: timed; after it: untimed
                yield {"total": thing.work(parameters["tasks"])}
            yield once

A side may run in an environment that has nothing of Tarn, so this module, `benchmarks.child` and each suite's
`__init__` import the standard library alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Final

OURS: Final = "ours"

Parameters = Mapping[str, Any]
# JSON values by name. The key "stages", where a side gives it, holds seconds by stage and is reported apart.
Answer = dict[str, Any]
# What is wrong, or None.
Verdict = str | None
# An answer that takes time to write down may be a function that does it: what that costs is not measured.
Once = Callable[[], AbstractContextManager[Answer | Callable[[], Answer]]]
Prepare = Callable[[Parameters], AbstractContextManager[Once]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One thing to measure, on our side and on those of its peers.

    Attributes:
        package: Dotted name of the suite, whose modules are the sides.
        name: Of the function in each of them.
        what: One line for the list.
        check: Judges an answer alone. A wrong answer fails the case, whatever its time.
        agree: Judges a peer's answer against ours of the same repetition.
        peers: Which peers have a side.
        parameters: Passed to each side; those of size can be set from the command line.
        toy: What to change in `parameters` for a run that is about the answer only.
        fresh: A new process for each repetition, measured from its start to its end. Otherwise each side
            has one process, and the call in it is measured.
        warm_up: Whether a repetition that is not recorded comes first.
        repeat: Repetitions, unless told otherwise.
        timeout: Seconds after which a repetition has failed.
    """

    package: str
    name: str
    what: str
    check: Callable[[Answer, Parameters], Verdict]
    agree: Callable[[Answer, Answer], Verdict] | None = None
    peers: tuple[str, ...] = ()
    parameters: Parameters = field(default_factory=dict)
    toy: Parameters = field(default_factory=dict)
    fresh: bool = False
    warm_up: bool = True
    repeat: int = 5
    timeout: float = 120.0

    @property
    def suite(self) -> str:
        return self.package.rpartition(".")[2]

    @property
    def id(self) -> str:
        return f"{self.suite}/{self.name}"
