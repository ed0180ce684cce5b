"""The pools of a workspace: state, workers, memory, queue, bytes and cost over time."""

from __future__ import annotations

import math
from collections import defaultdict, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from engine.events import (
    CostLine,
    PoolSample,
    PoolState,
    TaskSample,
    WorkerFigures,
    WorkerJoined,
    WorkerLeft,
    writer_of,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.events import Entry

# An hour at one sample a second: what a chart of 600 pixels can show and a browser draws at once.
_SAMPLES = 3600
# A pool at rest is sampled every 30 seconds.
_GAP_SECONDS = 35.0


@dataclass(slots=True)
class PoolView:
    """One pool of one process; a pool of the same name in a later process is the same line of the table."""

    name: str
    writer: str = ""
    kind: str = ""
    state: str = "new"
    widest: int = 0
    threads: int = 1
    since: float = 0.0
    seen: float = 0.0
    workers: dict[str, WorkerJoined] = field(default_factory=dict)
    deaths: int = 0
    sample: PoolSample | None = None
    cost: CostLine | None = None
    past_cost: float = 0.0
    past_bytes: float = 0.0
    samples: deque[tuple[float, ...]] = field(default_factory=lambda: deque(maxlen=_SAMPLES))
    figures: tuple[WorkerFigures, ...] = ()
    tasks: dict[str, list[float]] = field(default_factory=lambda: defaultdict(lambda: [0.0, 0.0, 0.0, 0.0]))

    @property
    def lost(self) -> bool:
        """Whether its writer died: of its workers nobody will say what became of them."""
        return self.state == "lost"

    @property
    def crew(self) -> str:
        """Workers that are there, of those that there may be."""
        return f"{'?' if self.lost else len(self.workers)} of {self.widest}"

    @property
    def latest(self) -> PoolSample:
        """What it is like now; nothing of a pool that is no more."""
        return PoolSample(0) if self.sample is None or self.lost else self.sample

    @property
    def worker_seconds(self) -> float:
        """Seconds of workers paid for, in all processes."""
        return self.past_cost + (self.cost.worker_seconds if self.cost else 0.0)

    @property
    def bytes_read(self) -> float:
        """Bytes of the lake read, in all processes."""
        return self.past_bytes + (self.cost.counts.get("bytes_read", 0.0) if self.cost else 0.0)


@dataclass(slots=True)
class Pools:
    """The fold."""

    by_name: dict[str, PoolView] = field(default_factory=dict)
    version: int = 0

    def take(self, entry: Entry) -> bool:
        """Whether the entry was about a pool."""
        if not entry.pool or not isinstance(entry.event, _KINDS):
            return False
        pool = self.by_name.setdefault(entry.pool, PoolView(entry.pool))
        pool.seen, pool.writer = entry.time, writer_of(entry.segment)
        match entry.event:
            case PoolState():
                self._moved(pool, entry.event, entry.time)
            case WorkerJoined():
                pool.workers[entry.event.worker] = entry.event
            case WorkerLeft(worker=worker, expected=expected):
                pool.workers.pop(worker, None)
                pool.deaths += not expected
            case PoolSample():
                pool.state = "running" if pool.state == "lost" else pool.state
                _sampled(pool, entry.event, entry.time)
            case CostLine():
                pool.cost = entry.event
            case TaskSample():
                _add_tasks(pool, entry.event)
        return True

    def _moved(self, pool: PoolView, event: PoolState, time: float) -> None:
        if event.before == "new" and event.state == "starting":  # another process's pool of this name
            pool.past_cost, pool.past_bytes = pool.worker_seconds, pool.bytes_read
            pool.cost = None
            pool.workers.clear()
        pool.kind, pool.widest, pool.threads = event.size, event.widest, event.threads
        pool.state, pool.since = event.state, time
        if event.state in ("closed", "paused", "new"):
            pool.workers.clear()
            pool.sample, pool.figures = None, ()

    def newest(self) -> str | None:
        """The pool that was heard of last; one that is up before one that is not."""
        found = sorted(self.by_name.values(), key=lambda pool: (pool.state == "running", pool.seen))
        return found[-1].name if found else None


def _sampled(pool: PoolView, event: PoolSample, time: float) -> None:
    pool.sample, pool.figures = event, event.figures
    moved = sum(figure.read_rate for figure in event.figures[:1])  # the host's, which all its workers tell
    cpu = sum(figure.cpu for figure in event.figures)
    read = pool.cost.counts.get("bytes_read", 0.0) if pool.cost else 0.0
    limit = event.limit or math.nan  # no worker has told its own yet
    row = (time, event.workers, event.running, event.waiting, event.memory, limit, event.spilled)
    pool.samples.append((*row, moved, cpu, read))


def _add_tasks(pool: PoolView, event: TaskSample) -> None:
    for name, count in event.tasks.items():
        total = pool.tasks[name]
        total[0] += count
        total[1] += event.compute.get(name, 0.0)
        total[2] += event.transfer.get(name, 0.0)
        total[3] += event.disk.get(name, 0.0)


_KINDS = (PoolState, WorkerJoined, WorkerLeft, PoolSample, CostLine, TaskSample)
FILLED = ("memory", "read", "cpu")
_SERIES = ("time", "workers", "running", "waiting", "memory", "limit", "spilled", "moved", "cpu", "read")


def pool_rows(pools: Pools) -> dict[str, list[Any]]:
    """The table of all pools, those that are up first."""
    ordered = sorted(pools.by_name.values(), key=lambda pool: (pool.state != "running", -pool.seen))
    return {
        "name": [pool.name for pool in ordered],
        "kind": [pool.kind for pool in ordered],
        "state": [pool.state for pool in ordered],
        "workers": [pool.crew for pool in ordered],
        "running": [pool.latest.running for pool in ordered],
        "waiting": [pool.latest.waiting for pool in ordered],
        "memory": [pool.latest.memory for pool in ordered],
        "read": [pool.bytes_read for pool in ordered],
        "cost": [pool.worker_seconds for pool in ordered],
        "deaths": [pool.deaths for pool in ordered],
        "seen": [pool.seen * 1e3 for pool in ordered],
    }


def pool_series(pool: PoolView | None) -> dict[str, list[float]]:
    """Figures of a pool over time: time in milliseconds, memory in bytes, cpu in cores."""
    rows = _with_gaps(list(pool.samples) if pool else [])
    columns = {name: [row[at] for row in rows] for at, name in enumerate(_SERIES)}
    columns["time"] = [time * 1e3 for time in columns["time"]]
    # Lines break where there is no number; areas would go straight on.
    for name in FILLED:
        columns[f"{name}_area"] = [0.0 if math.isnan(value) else value for value in columns[name]]
    return columns


def _with_gaps(rows: list[tuple[float, ...]]) -> list[tuple[float, ...]]:
    """Where nothing was written for long there was no pool: lines are broken there."""
    found: list[tuple[float, ...]] = []
    for row in rows:
        if found and row[0] - found[-1][0] > _GAP_SECONDS:
            nothing = [math.nan] * (len(row) - 1)
            found += [(found[-1][0] + 1.0, *nothing), (row[0] - 1.0, *nothing)]
        found.append(row)
    return found


def worker_rows(pool: PoolView | None) -> dict[str, list[Any]]:
    """Each worker of a pool as it was last seen."""
    figures = sorted(pool.figures, key=lambda figure: figure.worker) if pool and not pool.lost else []
    return {
        "worker": [figure.worker for figure in figures],
        "memory": [figure.memory for figure in figures],
        "limit": [figure.limit for figure in figures],
        "spilled": [figure.spilled for figure in figures],
        "cpu": [figure.cpu for figure in figures],
        "running": [figure.running for figure in figures],
    }


def task_rows(pool: PoolView | None, most: int = 12) -> dict[str, list[Any]]:
    """Where the time of a pool's tasks went, by name, the longest first: seconds on all workers."""
    tasks: Mapping[str, list[float]] = pool.tasks if pool else {}
    ordered = sorted(tasks.items(), key=lambda item: -sum(item[1][1:]))[:most]
    return {
        "name": [name for name, _ in ordered],
        "tasks": [int(total[0]) for _, total in ordered],
        "compute": [total[1] for _, total in ordered],
        "transfer": [total[2] for _, total in ordered],
        "disk": [total[3] for _, total in ordered],
    }
