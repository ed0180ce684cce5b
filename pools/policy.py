"""How many workers a pool shall have: a pure function of its load, one per kind of pool."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace


@dataclass(frozen=True, slots=True)
class WorkerLoad:
    """One worker as the pool sees it.

    Args:
        name: The driver's name for it.
        tasks: Tasks handed to it and not done.
        held: Bytes of results that live on it.
        ready: Whether it is in contact with the scheduler (False while it starts).
        pinned: Whether it runs something that may run nowhere else.
        idle_since: Since when it has had no task; None while it has one.
    """

    name: str
    tasks: int = 0
    held: int = 0
    ready: bool = True
    pinned: bool = False
    idle_since: float | None = None


@dataclass(frozen=True, slots=True)
class Load:
    """All workers, the tasks that no worker has yet, and how often work has arrived so far."""

    workers: tuple[WorkerLoad, ...] = ()
    waiting: int = 0
    arrivals: int = 0

    @property
    def ready(self) -> int:
        return sum(worker.ready for worker in self.workers)

    @property
    def tasks(self) -> int:
        return self.waiting + sum(worker.tasks for worker in self.workers)


def aged(load: Load, before: Load, now: float) -> Load:
    """`load` with `idle_since` filled in from what was seen `before`.

    Work that came and went between two looks shows in `arrivals` alone: it starts every worker's idle time
    anew.
    """
    since: dict[str, float] = {}
    if load.arrivals == before.arrivals:
        since = {old.name: old.idle_since for old in before.workers if old.idle_since is not None}
    workers = tuple(
        replace(worker, idle_since=since.get(worker.name, now) if worker.ready and not worker.tasks else None)
        for worker in load.workers
    )
    return replace(load, workers=workers)


@dataclass(frozen=True, slots=True)
class Dedicated:
    """A fixed number of workers; the time for which they are provisioned is metered, used or not."""

    nodes: int

    kind: str = field(default="dedicated", init=False, repr=False)

    @property
    def widest(self) -> int:
        """The most workers there will be, among which the machine is shared out."""
        return self.nodes

    @property
    def floor(self) -> int:
        """How many workers must be there before the pool counts as running."""
        return self.nodes

    def target(self, _load: Load, _now: float) -> int:
        """How many workers there shall be: always the same."""
        return self.nodes

    def leaving(self, staying: Sequence[WorkerLoad], count: int, _now: float) -> tuple[str, ...]:
        """Which workers to let go when there are `count` too many: soonest done, holding least."""
        free = [worker for worker in staying if not worker.pinned]
        return tuple(worker.name for worker in sorted(free, key=_cost)[:count])

    def metered(self, _load: Load) -> int:
        """How many workers are paid for at this moment."""
        return self.nodes


@dataclass(frozen=True, slots=True)
class Serverless:
    """From zero to `max_workers` as tasks come, and back; the time for which workers live is metered."""

    max_workers: int
    idle_seconds: float = 60.0
    threads: int = 1

    kind: str = field(default="serverless", init=False, repr=False)

    @property
    def widest(self) -> int:
        """The most workers there will be, among which the machine is shared out."""
        return self.max_workers

    @property
    def floor(self) -> int:
        """How many workers must be there before the pool counts as running."""
        return 0

    def target(self, load: Load, now: float) -> int:
        """How many workers there shall be: a thread per open task, and whoever was not idle for long."""
        wanted = math.ceil(load.tasks / self.threads)
        kept = sum(self._kept(worker, now) for worker in load.workers)
        return min(self.max_workers, max(wanted, kept))

    def leaving(self, staying: Sequence[WorkerLoad], count: int, now: float) -> tuple[str, ...]:
        """Which workers to let go when `count` are too many: idle for long, the last not with data on it."""
        free = sorted(
            (worker for worker in staying if not worker.pinned and not self._kept(worker, now)), key=_cost
        )
        chosen = free[:count]
        if len(chosen) == len(staying) and chosen and chosen[-1].held:
            chosen.pop()
        return tuple(worker.name for worker in chosen)

    def metered(self, load: Load) -> int:
        """How many workers are paid for at this moment."""
        return load.ready

    def _kept(self, worker: WorkerLoad, now: float) -> bool:
        return worker.idle_since is None or now - worker.idle_since < self.idle_seconds


def _cost(worker: WorkerLoad) -> tuple[int, int, str]:
    return worker.tasks, worker.held, worker.name


Policy = Dedicated | Serverless
