"""Decode, score and write at the same time, on no more cores than a task has.

A step of a batch (reading it, scoring it, writing it) runs on one core, and takes one of the task's permits
for as long: of a task's T cores T steps are at work, whichever these are, and the kernels of a step have one
thread each. With one core the steps take turns, and what overlaps is waiting.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, nullcontext
from queue import SimpleQueue
from typing import Generic, TypeVar

from pools.worker import on_threads

Given = TypeVar("Given")
Made = TypeVar("Made")

# Batches that are read and wait to be scored: what hides the time of a read, and bounds the memory.
AHEAD = 1


def overlap(
    given: Iterator[Given], step: Callable[[Given], Made], *, threads: int, waits: bool = False
) -> Generator[Made]:
    """What `step` makes of each thing given, in order; reading, making and whoever iterates run side by side.

    Args:
        given: Read by a thread of its own, at most `AHEAD` things before they are needed.
        step: Run on `threads` threads.
        threads: Steps at work at a time, what the caller does between two results included.
        waits: Whether reading mostly waits (for a store over the network), and needs no core for it.

    Raises:
        Exception: What reading or making raised, in the place of its result.
    """
    line = _Line(given, step, threads, waits)
    with ExitStack() as stack:
        lanes = stack.enter_context(ThreadPoolExecutor(threads, thread_name_prefix="tarn-score"))
        reader = stack.enter_context(ThreadPoolExecutor(1, thread_name_prefix="tarn-read"))
        stack.callback(line.end)
        reader.submit(line.read, lanes)
        while (future := line.made.get()) is not None:
            made = future.result()
            with line.cores:
                yield made
            line.room.release()


class _Line(Generic[Given, Made]):
    """What the threads of one `overlap` share."""

    def __init__(
        self, given: Iterator[Given], step: Callable[[Given], Made], threads: int, waits: bool
    ) -> None:
        self.given, self.step, self.waits = given, step, waits
        self.cores = threading.Semaphore(threads)
        self.room = threading.Semaphore(AHEAD + threads)
        self.made: SimpleQueue[Future[Made] | None] = SimpleQueue()
        self.ended = False

    def read(self, lanes: ThreadPoolExecutor) -> None:
        """Read on, and have each thing made, until there is no more or nobody wants it."""
        failed: Future[Made] = Future()
        try:
            while (thing := self._next()) is not None:
                self.made.put(lanes.submit(self._make, thing))
        except BaseException as error:  # noqa: BLE001 - it is raised where its result is waited for
            failed.set_exception(error)
            self.made.put(failed)
        finally:
            self.made.put(None)

    def end(self) -> None:
        """Nobody wants more."""
        self.ended = True
        self.room.release()

    def _next(self) -> Given | None:
        self.room.acquire()
        if self.ended:
            return None
        with nullcontext() if self.waits else self.cores, on_threads(1):
            return next(self.given, None)

    def _make(self, thing: Given) -> Made:
        with self.cores, on_threads(1):
            return self.step(thing)
