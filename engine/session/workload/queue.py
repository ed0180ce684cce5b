"""The queue of a dedicated pool: requests of all its sessions wait here for their share of it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import TYPE_CHECKING

from engine.errors import SqlRuntimeError, WorkCancelledError
from engine.session.workload.admission import Ticket, next_to_run

if TYPE_CHECKING:
    from engine.session.workload.levels import Level

LONGEST_QUEUE = 1000


class SlotQueue:
    """Who runs and who waits. All methods may be called from several threads at once.

    Args:
        level: Gives the pool's size at any time.
    """

    def __init__(self, level: Callable[[], Level]) -> None:
        self._level = level
        self._lock = threading.Lock()
        self._running: set[Ticket] = set()
        self._waiting: dict[Ticket, _Turn] = {}
        self._kept: Mapping[str, Fraction] = {}
        self._arrivals = 0

    @property
    def level(self) -> Level:
        """The pool's size."""
        return self._level()

    def enter(self, ticket: Ticket, kept: Mapping[str, Fraction], on_wait: Callable[[int], None]) -> float:
        """Return when the request may run, with the seconds that it waited.

        Args:
            ticket: The request; `leave` must follow.
            kept: By group the percent of the pool that others leave to it.
            on_wait: Called with how many wait before it, if it has to wait.

        Raises:
            WorkCancelledError: It was cancelled while it waited.
            SqlRuntimeError: Too many wait.
        """
        turn = _Turn()
        with self._lock:
            self._arrivals += 1
            ticket.number, self._kept = self._arrivals, kept
            if len(self._waiting) >= LONGEST_QUEUE:
                raise SqlRuntimeError(
                    f"{LONGEST_QUEUE} requests wait already, the most that a dedicated SQL pool lets wait.",
                    "Send fewer at a time, or give the pool more units: dwu=....",
                )
            self._waiting[ticket] = turn
            self._admit()
            ahead = sum(other.order < ticket.order for other in self._waiting)
        if turn.may_run:
            return 0.0
        began = time.perf_counter()
        try:
            on_wait(ahead)
            turn.decided.wait()
            if turn.cancelled:
                raise WorkCancelledError(turn.cancelled, "Run it again if it is still wanted.")
        except BaseException:  # an interrupt, too: nobody runs in the place of who has gone
            self.leave(ticket)
            raise
        return time.perf_counter() - began

    def leave(self, ticket: Ticket) -> None:
        """The request is done, or does not want to run any more."""
        with self._lock:
            self._running.discard(ticket)
            self._waiting.pop(ticket, None)
            self._admit()

    def cancel(self, message: str, session: str | None = None) -> int:
        """Cancel what waits, of one session or all; return how many."""
        with self._lock:
            gone = [one for one in self._waiting if session is None or one.session == session]
            for ticket in gone:
                turn = self._waiting.pop(ticket)
                turn.cancelled = message
                turn.decided.set()
            self._admit()
        return len(gone)

    def runs(self, session: str) -> bool:
        """Whether a request of the session runs."""
        with self._lock:
            return any(one.session == session for one in self._running)

    def resized(self) -> None:
        """The pool's size has changed."""
        with self._lock:
            self._admit()

    def seen(self) -> tuple[tuple[Ticket, ...], tuple[Ticket, ...]]:
        """Who runs and who waits at this moment."""
        with self._lock:
            return tuple(self._running), tuple(self._waiting)

    def _admit(self) -> None:
        requests = self.level.requests
        while ticket := next_to_run(self._waiting, self._running, self._kept, requests):
            turn = self._waiting.pop(ticket)
            self._running.add(ticket)
            for other in self._waiting:
                other.passed += other.number < ticket.number
            turn.may_run = True
            turn.decided.set()


class _Turn:
    """What a waiting thread is told."""

    __slots__ = ("cancelled", "decided", "may_run")

    def __init__(self) -> None:
        self.decided = threading.Event()
        self.may_run = False
        self.cancelled = ""
