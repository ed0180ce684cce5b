"""What the log itself costs within one run: CPU seconds of each of its entry points, and of its thread."""

from __future__ import annotations

import contextlib
import functools
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, Final

import pools.web
from engine.events.log import EventLog
from engine.events.of_pools import PoolRecorder
from engine.events.writer import Writer
from engine.ml.tuning.watch import Recorder as StudyRecorder
from pools.sampler import Sampler

# Where work leads into the log. What is called within another of them counts there.
_ENTRIES: Final = (
    ("records", EventLog, "_take"),
    ("records", EventLog, "archive"),
    ("records", StudyRecorder, "__call__"),
    ("samples", Sampler, "transition"),
    ("samples", Sampler, "sample"),
    ("samples", PoolRecorder, "sampled"),
    ("samples", PoolRecorder, "moved"),
    ("pages", pools.web, "add_pages"),
    ("pages", PoolRecorder, "pages"),
    ("writer's thread", Writer, "_run"),
)


@contextlib.contextmanager
def accounted() -> Iterator[Callable[[], dict[str, float]]]:
    """Within the block entry points are timed; gives what they have cost so far, in seconds of CPU."""
    spent: Counter[str] = Counter()
    with contextlib.ExitStack() as undo:
        for what, owner, name in _ENTRIES:
            plain = getattr(owner, name)
            setattr(owner, name, _timed(plain, what, spent))
            undo.callback(setattr, owner, name, plain)
        yield lambda: dict(spent + _running_writers())


def _timed(call: Callable[..., Any], what: str, spent: Counter[str]) -> Callable[..., Any]:
    @functools.wraps(call)
    def timed(*args: Any, **kwargs: Any) -> Any:
        if getattr(_inside, "one", False):
            return call(*args, **kwargs)
        _inside.one = True
        began = time.thread_time()
        try:
            return call(*args, **kwargs)
        finally:
            spent[what] += time.thread_time() - began
            _inside.one = False

    return timed


def _running_writers() -> Counter[str]:
    """A thread that has not ended yet has told nothing."""
    clocks = [
        time.pthread_getcpuclockid(thread.ident)
        for thread in threading.enumerate()
        if thread.name == "tarn-events" and thread.ident is not None
    ]
    return Counter({"writer's thread": sum(map(time.clock_gettime, clocks))})


_inside = threading.local()
