"""Puts lines into segments: callers leave them in a queue, a thread that comes and goes writes them."""

from __future__ import annotations

import atexit
import logging
import os
import sys
import threading
import time
import weakref
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING

from engine.events.entry import body, line
from engine.events.runs import EventsLost

if TYPE_CHECKING:
    from engine.events.store import Segment, Store

logger = logging.getLogger(__name__)

# What waits when the disk takes nothing, beside what it has not taken of one batch. At 300 bytes a line this
# is 30 MB each.
_MOST_WAITING = 100_000
# A segment is put away at this size: 8 MB of lines are some 30,000 records, and take 0.3 s to read.
_SEGMENT_BYTES = 8 << 20
# The thread ends after so long without a record, so that a log at rest costs nothing; what a full disk has
# not taken is offered to it again this often.
_IDLE_SECONDS = 1.0


class Writer:
    """The one writer of a log in this process."""

    _rest: bytes  # lines of the segment that the disk has not taken yet
    _lost: int

    def __init__(self, store: Store) -> None:
        self._store = store
        self._thread: threading.Thread | None = None
        self._segment: Segment | None = None
        self._reset()
        _writers.add(self)

    def put(self, rest: str) -> None:
        """Leave what `entry.body` gave to be written; returns at once."""
        if len(self._waiting) >= _MOST_WAITING:
            self._lost += 1
            return
        self._waiting.append(rest)
        if not self._wake.is_set():
            self._wake.set()
        if self._thread is None:
            self._start()

    def lost(self) -> None:
        """A record could not even be made into a line."""
        self._lost += 1

    def flush(self) -> None:
        """Return when everything that was put before is in the file, or the file takes nothing."""
        with self._writing:
            self._write_waiting()

    def end_segment(self) -> None:
        """Close the segment, so that it may be put away; the next record begins another.

        One that a full disk has not taken all of stays open.
        """
        with self._writing:
            self._write_waiting()
            if self._rest:
                return
            segment, self._segment, self._seq = self._segment, None, 0
        if segment is not None:
            segment.close()

    def leave(self) -> None:
        """The process ends: write what waits, and leave Parquet where the library for it is loaded anyway."""
        self.flush()
        if self._segment is not None and "pyarrow" in sys.modules:
            self._rotate()

    def after_fork(self) -> None:
        """In a forked child: the thread, the queue and the segment are the parent's."""
        segment = self._segment
        self._reset()
        if segment is not None:
            with suppress(OSError):
                segment.close()

    def _reset(self) -> None:
        self._waiting: deque[str] = deque()
        self._wake = threading.Event()
        self._writing = threading.Lock()
        self._starting = threading.Lock()
        self._thread = None
        self._segment = None
        self._seq = 0
        self._rest = b""
        self._lost = 0
        self._refused = False

    def _start(self) -> None:
        with self._starting:
            if self._thread is None and self._waiting:
                self._thread = threading.Thread(target=self._run, name="tarn-events", daemon=True)
                try:
                    self._thread.start()
                except RuntimeError:  # the interpreter ends: `flush` at exit writes what waits
                    self._thread = None

    def _run(self) -> None:
        while True:
            if self._wake.wait(_IDLE_SECONDS):
                self._wake.clear()
                if self._store.wait_seconds:
                    time.sleep(self._store.wait_seconds)
                self.flush()
                if self._segment is not None and self._segment.size > _SEGMENT_BYTES:
                    self._rotate()
            elif self._refused:
                self.flush()
            else:
                # First no thread, then a look: whoever puts after the look starts another one.
                self._thread = None
                if not self._waiting:
                    return
                if not self._goes_on():
                    return

    def _goes_on(self) -> bool:
        """Whether this thread stays the writer's; not if another one was started meanwhile."""
        with self._starting:
            if self._thread is None:
                self._thread = threading.current_thread()
            return self._thread is threading.current_thread()

    def _rotate(self) -> None:
        from engine.events.archive import put_away

        self.end_segment()
        put_away(self._store)

    def _write_waiting(self) -> None:
        """Write what waits; called with the lock held. What is not written is offered again."""
        try:
            if not self._rest:
                self._rest = self._next_lines()
            while self._rest and self._segment is not None:
                self._rest = self._rest[self._segment.append(self._rest) :]
                self._rest = self._rest or self._next_lines()
        except Exception as error:  # noqa: BLE001 - the work that is told of must not suffer from the telling
            if not self._refused:
                logger.warning(
                    "Records of %s wait, since they cannot be written: %s", self._store.location, error
                )
            self._refused = True
        else:
            self._refused = False

    def _next_lines(self) -> bytes:
        """What waits, as lines of the segment, which begins with its first one."""
        if not self._waiting and not self._lost:
            return b""
        if self._segment is None:
            self._segment = self._store.create()
        waiting = [self._waiting.popleft() for _ in range(len(self._waiting))]
        lost, self._lost = self._lost, 0
        if lost:
            told = EventsLost(lost, "they came faster than they could be written")
            waiting.append(body(told, time.time(), "", ""))
        name, first = self._segment.name, self._seq
        self._seq += len(waiting)
        return b"".join(line(name, first + at, rest) for at, rest in enumerate(waiting))


_writers: weakref.WeakSet[Writer] = weakref.WeakSet()


def _after_fork() -> None:
    for writer in list(_writers):
        writer.after_fork()


def _at_exit() -> None:
    for writer in list(_writers):
        writer.leave()


os.register_at_fork(after_in_child=_after_fork)
atexit.register(_at_exit)
