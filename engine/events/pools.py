"""Records of pools: their states, workers and cost, and samples of what Dask itself sees."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from engine.events.record import Event


@dataclass(frozen=True, slots=True)
class PoolState(Event):
    """A pool went from one state to another."""

    state: str
    before: str = ""
    size: str = ""
    workers: int = 0
    widest: int = 0
    threads: int = 1
    dashboard: str = ""


@dataclass(frozen=True, slots=True)
class WorkerJoined(Event):
    """A worker is in contact with its pool's scheduler; `memory` is what it may use, in bytes."""

    worker: str
    address: str = ""
    threads: int = 1
    memory: int = 0


@dataclass(frozen=True, slots=True)
class WorkerLeft(Event):
    """A worker is gone: `expected` if the pool let it go, otherwise it died."""

    worker: str
    address: str = ""
    expected: bool = True
    reason: str = ""


@dataclass(frozen=True, slots=True)
class WorkerFigures:
    """One worker at a moment: bytes in memory, spilled, and moved per second; share of its cores in use."""

    worker: str
    memory: int = 0
    limit: int = 0
    spilled: int = 0
    cpu: float = 0.0
    running: int = 0
    read_rate: float = 0.0
    write_rate: float = 0.0


@dataclass(frozen=True, slots=True)
class PoolSample(Event):
    """A pool at a moment.

    Args:
        workers: Workers in contact.
        running: Tasks that run.
        waiting: Tasks that wait for a worker.
        memory: Bytes in use on all workers.
        limit: Bytes that they may use.
        spilled: Bytes that they have put on disk.
        figures: Each worker's own figures.
    """

    parts: ClassVar[Mapping[str, type]] = {"figures": WorkerFigures}

    workers: int
    running: int = 0
    waiting: int = 0
    memory: int = 0
    limit: int = 0
    spilled: int = 0
    figures: tuple[WorkerFigures, ...] = ()


@dataclass(frozen=True, slots=True)
class TaskSample(Event):
    """What Dask's tasks did since the last sample, by name of the task.

    Args:
        seconds: Length of the interval.
        tasks: Tasks that ended, by name.
        compute: Seconds of computing, by name.
        transfer: Seconds of fetching inputs from other workers, by name.
        disk: Seconds of reading what had been spilled, by name.
        bytes: Bytes of results, by name.
        stream: Some of these tasks: name, worker, start and end in seconds since 1970.
    """

    seconds: float
    tasks: Mapping[str, int] = field(default_factory=dict)
    compute: Mapping[str, float] = field(default_factory=dict)
    transfer: Mapping[str, float] = field(default_factory=dict)
    disk: Mapping[str, float] = field(default_factory=dict)
    bytes: Mapping[str, int] = field(default_factory=dict)
    stream: tuple[tuple[str, str, float, float], ...] = ()


@dataclass(frozen=True, slots=True)
class CostLine(Event):
    """What a pool has used since it started, and what that costs.

    Args:
        worker_seconds: Seconds of workers that are paid for.
        counts: What tasks have counted, by name, such as `bytes_read`.
        amount: The money, where a price is set.
        currency: Of the amount.
        request: The request that it is about; empty for the whole pool.
    """

    worker_seconds: float
    counts: Mapping[str, float] = field(default_factory=dict)
    amount: float | None = None
    currency: str = ""
    request: str = ""
