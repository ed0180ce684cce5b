"""What a run shall do: which cases, on which sides, how large, how often."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from benchmarks.case import OURS, Case
from benchmarks.launch import Side
from benchmarks.peer import find_peer, is_installed, peer_python
from benchmarks.suites import SUITES
from engine.errors import OptionError


@dataclass(frozen=True, slots=True)
class Plan:
    """A run, fully decided.

    Attributes:
        cases: With parameters and repetitions set.
        sides: Ours first.
        warm_ups: Repetitions before those that are recorded.
    """

    cases: tuple[Case, ...]
    sides: tuple[Side, ...]
    warm_ups: int = 1

    @property
    def absent(self) -> tuple[str, ...]:
        """Peers of the cases that are not installed, and so do not play."""
        playing = dict.fromkeys(name for case in self.cases for name in case.peers)
        return tuple(name for name in playing if not is_installed(find_peer(name)))

    @classmethod
    def make(
        cls,
        suites: Sequence[str],
        *,
        peers: Sequence[str] | None = None,
        sizes: Mapping[str, int] | None = None,
        toy: bool = False,
        repeat: int | None = None,
    ) -> Self:
        """Decides.

        Args:
            suites: Suites or single cases by name; all where none is named.
            peers: By name; None means every peer of the suites that is installed.
            sizes: Parameters of size by name.
            toy: Smallest size, one repetition and no warm-up: for the answers alone.
            repeat: Instead of each case's own.

        Raises:
            OptionError: A suite, case or peer is unknown, a peer is not installed or plays in none of the
                suites, or a size is given that no case has.
        """
        cases = choose_cases(suites)
        sides = choose_sides(cases, peers)
        times = 1 if toy and repeat is None else repeat
        sized = [
            dataclasses.replace(case, repeat=case.repeat if times is None else times)
            for case in size_cases(cases, toy=toy, sizes=sizes or {})
        ]
        return cls(tuple(sized), tuple(sides), warm_ups=0 if toy else 1)


def choose_cases(names: Sequence[str]) -> list[Case]:
    """The cases of the suites named, the cases named as "SUITE/CASE", or all.

    Raises:
        OptionError: No suite and no case has that name.
    """
    groups = SUITES | {case.id: (case,) for cases in SUITES.values() for case in cases}
    for name in names:
        if name not in groups:
            known = ", ".join(groups)
            raise OptionError(f"There is no suite or case {name!r}.", f"There are {known}.", name=name)
    return list({case.id: case for name in names or SUITES for case in groups[name]}.values())


def choose_sides(cases: Sequence[Case], peers: Sequence[str] | None) -> list[Side]:
    """Ours and the peers named; by default every peer of the cases that is installed.

    Raises:
        OptionError: A peer is unknown, not installed, or plays in none of the cases.
    """
    playing = dict.fromkeys(name for case in cases for name in case.peers)
    for name in peers or ():
        if find_peer(name).name not in playing:
            raise OptionError(
                f"Peer {name!r} plays in none of these suites.", f"There play {', '.join(playing)}."
            )
    chosen = [name for name in playing if is_installed(find_peer(name))] if peers is None else peers
    return [
        Side(OURS, Path(sys.executable)),
        *(Side(name, peer_python(find_peer(name))) for name in dict.fromkeys(chosen)),
    ]


def size_cases(cases: Sequence[Case], *, toy: bool, sizes: Mapping[str, int]) -> list[Case]:
    """Sets the cases' parameters.

    Raises:
        OptionError: A size is given that none of the cases has.
    """
    for name in sizes:
        if not any(name in case.parameters for case in cases):
            raise OptionError(f"None of these cases has a number of {name}.", "See `list`.", option=name)
    return [
        dataclasses.replace(
            case,
            parameters={
                **case.parameters,
                **(case.toy if toy else {}),
                **{name: value for name, value in sizes.items() if name in case.parameters},
            },
        )
        for case in cases
    ]
