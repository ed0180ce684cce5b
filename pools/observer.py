"""Whom a pool tells what happens to it: the seam to event logs and dashboards, of which it knows nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from pools.meter import Usage

    # Fills a Bokeh document; the mapping says what the page may link to: `pages`, `prefix`.
    Page = Callable[[Any, Mapping[str, Any]], None]


@dataclass(frozen=True, slots=True)
class WorkerSample:
    """A worker at a moment: memory and spill in bytes, cpu in cores, rates in bytes per second."""

    worker: str
    memory: int
    limit: int
    spilled: int
    cpu: float
    running: int
    read_rate: float
    write_rate: float


@dataclass(frozen=True, slots=True)
class TaskTotals:
    """What the tasks of one name did in an interval: seconds by activity, bytes of their results."""

    tasks: int = 0
    compute: float = 0.0
    transfer: float = 0.0
    disk: float = 0.0
    bytes: int = 0


@dataclass(frozen=True, slots=True)
class Sample:
    """A pool over the `seconds` since the last sample.

    Attributes:
        workers: Each worker that is in contact.
        waiting: Tasks that no worker has begun.
        totals: By name of the tasks that ended.
        stream: Some of these tasks: name, worker, start and end in seconds since 1970.
    """

    seconds: float
    workers: tuple[WorkerSample, ...] = ()
    waiting: int = 0
    totals: Mapping[str, TaskTotals] = field(default_factory=dict)
    stream: tuple[tuple[str, str, float, float], ...] = ()


class Observer:
    """Hears of one pool; this one does nothing with it.

    All methods are called on the pool's event loop: they must return at once and must not raise.

    Attributes:
        samples: Whether `sampled` is to be called; where it is not, nobody looks at each task.
    """

    samples = False

    def moved(self, state: str, before: str, usage: Usage) -> None:
        """The pool went from one state to another, and has used so much until now."""

    def joined(self, worker: str, address: str, threads: int, memory: int) -> None:
        """A worker is in contact; `memory` is what it may use, in bytes."""

    def left(self, worker: str, address: str, *, expected: bool) -> None:
        """A worker is gone: let go by its pool, or dead."""

    def sampled(self, sample: Sample, usage: Usage) -> None:
        """Once a second while the pool runs, if `samples`: what it is like, and what it has used so far."""

    def pages(self) -> Mapping[str, Page]:
        """Pages for the pool's dashboard, by name; asked for when a scheduler with a dashboard starts."""
        return {}

    def pages_elsewhere(self) -> Callable[[], Mapping[str, Page]] | None:
        """What makes the same pages in the process of another's scheduler; it must pickle. None for none."""
        return None

    def metrics(self) -> str:
        """Lines for the scheduler's metrics endpoint, in Prometheus' text format."""
        return ""

    def metrics_elsewhere(self) -> Callable[[], str] | None:
        """What gives the same lines in the process of another's scheduler; it must pickle. None for none."""
        return None
