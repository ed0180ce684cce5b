"""Writes down what a pool says of itself."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from engine.events.pools import (
    CostLine,
    PoolSample,
    PoolState,
    TaskSample,
    WorkerFigures,
    WorkerJoined,
    WorkerLeft,
)
from pools.observer import Observer

if TYPE_CHECKING:
    from engine.events.emit import Emit
    from pools import PoolSpec, Usage
    from pools.observer import Page, Sample

# A pool at rest is written down this often, one at work every second.
_REST_SECONDS = 30.0


class PoolRecorder(Observer):
    """Turns a pool's life into records, and gives the pages and metrics of its dashboard.

    Args:
        spec: The pool.
        emit: Takes its records.
        pages: Gives the pages; called when a dashboard starts.
        metrics: Gives further lines of metrics.
        elsewhere: Gives the pages in the process of another's scheduler; pickles.
        metrics_elsewhere: Gives the metrics there; pickles.
    """

    samples = True

    def __init__(
        self,
        spec: PoolSpec,
        emit: Emit,
        *,
        pages: Callable[[], Mapping[str, Page]] = dict,
        metrics: Callable[[], str] = str,
        elsewhere: Callable[[], Mapping[str, Page]] | None = None,
        metrics_elsewhere: Callable[[], str] | None = None,
    ) -> None:
        self._spec, self._emit = spec, emit
        self._pages, self._metrics = pages, metrics
        self._elsewhere, self._metrics_elsewhere = elsewhere, metrics_elsewhere
        self._written = 0.0
        self._still: tuple[int, ...] = ()

    def moved(self, state: str, before: str, usage: Usage) -> None:
        policy = self._spec.policy
        widest, threads = policy.widest, self._spec.threads
        self._emit(PoolState(state, before, self._spec.kind, 0, widest, threads))
        if usage.worker_seconds or usage.counts:
            self._emit(CostLine(usage.worker_seconds, usage.counts))

    def joined(self, worker: str, address: str, threads: int, memory: int) -> None:
        self._emit(WorkerJoined(worker, address, threads, memory))

    def left(self, worker: str, address: str, *, expected: bool) -> None:
        self._emit(WorkerLeft(worker, address, expected, "" if expected else "lost contact"))

    def sampled(self, sample: Sample, usage: Usage) -> None:
        if self._is_at_rest(sample):
            return
        self._written = time.monotonic()
        self._emit(_pool_sample(sample))
        self._emit(CostLine(usage.worker_seconds, usage.counts))
        if sample.totals:
            self._emit(_task_sample(sample))

    def pages(self) -> Mapping[str, Page]:
        return self._pages()

    def pages_elsewhere(self) -> Callable[[], Mapping[str, Page]] | None:
        return self._elsewhere

    def metrics(self) -> str:
        return self._metrics()

    def metrics_elsewhere(self) -> Callable[[], str] | None:
        return self._metrics_elsewhere

    def _is_at_rest(self, sample: Sample) -> bool:
        running = sum(worker.running for worker in sample.workers)
        still = (len(sample.workers), running, sample.waiting)
        same, self._still = still == self._still, still
        rests = same and not running and not sample.waiting and not sample.totals
        return rests and time.monotonic() - self._written < _REST_SECONDS


def _pool_sample(sample: Sample) -> PoolSample:
    return PoolSample(
        workers=len(sample.workers),
        running=sum(worker.running for worker in sample.workers),
        waiting=sample.waiting,
        memory=sum(worker.memory for worker in sample.workers),
        limit=sum(worker.limit for worker in sample.workers),
        spilled=sum(worker.spilled for worker in sample.workers),
        figures=tuple(
            WorkerFigures(
                one.worker,
                one.memory,
                one.limit,
                one.spilled,
                one.cpu,
                one.running,
                one.read_rate,
                one.write_rate,
            )
            for one in sample.workers
        ),
    )


def _task_sample(sample: Sample) -> TaskSample:
    totals = sample.totals
    return TaskSample(
        seconds=sample.seconds,
        tasks={name: one.tasks for name, one in totals.items()},
        compute={name: one.compute for name, one in totals.items()},
        transfer={name: one.transfer for name, one in totals.items()},
        disk={name: one.disk for name, one in totals.items()},
        bytes={name: one.bytes for name, one in totals.items()},
        stream=sample.stream,
    )
