"""The seam between whoever does work and the log: a callable that takes records."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from engine.events.entry import Entry

if TYPE_CHECKING:
    from engine.events.record import Event


# The run that the work of this thread or task belongs to: records that name none belong to it.
run_of_context: ContextVar[str] = ContextVar("run_of_context", default="")


class Emit(Protocol):
    """Takes a record: in microseconds, from any thread, and without ever raising."""

    def __call__(self, event: Event) -> None:
        """Write it down."""


def silent(event: Event) -> None:
    """An `Emit` that writes nothing."""


@dataclass(frozen=True, slots=True)
class Bound:
    """An `Emit` whose records belong to a run, a pool, or both."""

    take: Callable[[Event, str, str], None]
    run: str = ""
    pool: str = ""

    def __call__(self, event: Event) -> None:
        self.take(event, self.run or run_of_context.get(), self.pool)

    def bind(self, *, run: str | None = None, pool: str | None = None) -> Bound:
        """The same for another run or pool; what is not named stays."""
        return replace(self, run=self.run if run is None else run, pool=self.pool if pool is None else pool)


class NullLog:
    """A log that keeps nothing."""

    def bind(self, *, run: str = "", pool: str = "") -> Bound:
        """An `Emit` into nowhere."""
        return Bound(self._forget, run, pool)

    def flush(self) -> None:
        """Nothing waits."""

    def __call__(self, event: Event) -> None:
        """Keep nothing."""

    def _forget(self, event: Event, run: str, pool: str) -> None:
        """Keep nothing."""


class MemoryLog:
    """A log in this process's memory: what tests hold in place of a workspace's.

    Attributes:
        entries: What was written, in order.
    """

    def __init__(self) -> None:
        self.entries: list[Entry] = []

    @property
    def events(self) -> list[Event]:
        """The records alone."""
        return [entry.event for entry in self.entries]

    def bind(self, *, run: str = "", pool: str = "") -> Bound:
        """An `Emit` of a run or pool."""
        return Bound(self._take, run, pool)

    def flush(self) -> None:
        """Nothing waits."""

    def __call__(self, event: Event) -> None:
        """Keep a record that belongs to nothing."""
        self.bind()(event)

    def _take(self, event: Event, run: str, pool: str) -> None:
        self.entries.append(Entry(event, time.time(), run, pool, "memory", len(self.entries)))
