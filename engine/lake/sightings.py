"""What was looked at of the local disk, so that whoever keeps a conclusion can tell whether it still holds.

    with watched() as sightings:
        conclusion = ...            # reads through `Storage`
    ...
    if sightings.hold(): ...        # all of it is as it was: the conclusion would be the same

A look at a path is a call of `stat`, 2 microseconds; through `Storage`, which checks symlinks and roots and
asks any store alike, it is 60 (measured), and a query over six tables takes a hundred of them.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

# Disks tell times by a clock that ticks every few milliseconds: what has changed this lately may change once
# more without a sign.
_TOO_FRESH = 200_000_000
_MOST = 10_000

_Mark = tuple[int, int, int, int, int]


class Sightings:
    """The paths that were looked at, and what `stat` said of each: one thread writes, or several."""

    def __init__(self) -> None:
        self._seen: dict[str, _Mark | None] = {}
        self._sure = True

    def note(self, path: str) -> None:
        """Remember what stands at a path now; nothing is an answer too."""
        if path in self._seen or not self._sure:
            return
        try:
            mark = _mark(path)
        except OSError:
            self._sure = False
            return
        if len(self._seen) >= _MOST or (mark and max(mark[3:]) > time.time_ns() - _TOO_FRESH):
            self._sure = False
        self._seen[path] = mark

    def doubt(self) -> None:
        """Something was asked that no path tells of."""
        self._sure = False

    @property
    def sure(self) -> bool:
        """Whether what was seen is all that there was to see, and told from what may come after it."""
        return self._sure

    def hold(self) -> bool:
        """Whether every path is as it was."""
        try:
            return self._sure and all(_mark(path) == mark for path, mark in self._seen.items())
        except OSError:
            return False


_watching: ContextVar[Sightings | None] = ContextVar("_watching", default=None)


@contextmanager
def watched() -> Iterator[Sightings]:
    """Within the block, in this thread and those that `mapped` starts, what `Storage` looks at is noted."""
    sightings = Sightings()
    token = _watching.set(sightings)
    try:
        yield sightings
    finally:
        _watching.reset(token)


def sighted(*paths: str) -> None:
    """Tell whoever watches of paths that are about to be looked at."""
    watching = _watching.get()
    if watching is not None:
        for path in paths:
            watching.note(path)


def doubted() -> None:
    """Tell whoever watches that something else than the local disk was asked."""
    watching = _watching.get()
    if watching is not None:
        watching.doubt()


def _mark(path: str) -> _Mark | None:
    try:
        told = os.stat(path)  # noqa: PTH116 - a Path for each would take longer than the look
    except (FileNotFoundError, NotADirectoryError):
        return None
    return told.st_dev, told.st_ino, told.st_size, told.st_mtime_ns, told.st_ctime_ns
