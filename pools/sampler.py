"""Watches the tasks of a scheduler and samples its workers, for a pool's observer."""

from __future__ import annotations

import time
from collections import defaultdict, deque
from typing import Any

from distributed.diagnostics.plugin import SchedulerPlugin
from distributed.utils import key_split

from pools.observer import Sample, TaskTotals, WorkerSample

# What is kept of the task stream in one interval: enough to draw, bounded whatever a graph's size.
_STREAM = 100
# Dask names a task by its function's repr where it has no name: what stands before the bracket says enough.
_NAME = 48


class Sampler(SchedulerPlugin):  # type: ignore[misc]
    """Adds up what tasks did since the last `sample`; 2 microseconds a task (measured)."""

    name = "tarn-sampler"

    def __init__(self, scheduler: Any) -> None:
        self._scheduler = scheduler
        self._since = time.monotonic()
        self._totals: dict[str, list[float]] = defaultdict(lambda: [0, 0.0, 0.0, 0.0, 0])
        self._stream: deque[tuple[str, str, float, float]] = deque(maxlen=_STREAM)

    def transition(
        self,
        key: Any,
        start: str,
        finish: str,
        *args: Any,  # noqa: ARG002 - distributed's signature
        **kwargs: Any,
    ) -> None:
        if start != "processing" or finish != "memory":
            return
        name = key_split(key).partition("(")[0][:_NAME]
        total = self._totals[name]
        total[0] += 1
        total[4] += kwargs.get("nbytes") or 0
        for span in kwargs.get("startstops") or ():
            action, begin, end = span["action"], span["start"], span["stop"]
            if action == "compute":
                total[1] += end - begin
                self._stream.append((name, str(kwargs.get("worker", "")), begin, end))
            elif action == "transfer":
                total[2] += end - begin
            elif action.startswith("disk"):
                total[3] += end - begin

    def sample(self) -> Sample:
        """What happened since the last one, and how the workers are now."""
        now = time.monotonic()
        seconds, self._since = now - self._since, now
        totals = {name: TaskTotals(int(n), c, t, d, int(b)) for name, (n, c, t, d, b) in self._totals.items()}
        names = {state.address: str(state.name) for state in self._scheduler.workers.values()}
        stream = tuple((name, names.get(worker, worker), *span) for name, worker, *span in self._stream)
        self._totals.clear()
        self._stream.clear()
        workers = tuple(_worker(state) for state in self._scheduler.workers.values())
        waiting = len(self._scheduler.queued) + len(self._scheduler.unrunnable)
        # A worker is sent a task or two ahead of what its threads run.
        sent = sum(len(state.processing) for state in self._scheduler.workers.values())
        waiting += sent - sum(worker.running for worker in workers)
        return Sample(seconds, workers, waiting, totals, stream)  # type: ignore[arg-type]


def _worker(state: Any) -> WorkerSample:
    metrics = state.metrics
    network = metrics.get("host_net_io", {})
    return WorkerSample(
        worker=str(state.name),
        memory=int(metrics.get("memory", 0)),
        limit=int(state.memory_limit or 0),
        spilled=int(metrics.get("spilled_bytes", {}).get("disk", 0)),
        cpu=float(metrics.get("cpu", 0.0)) / 100,
        running=min(len(state.processing), state.nthreads),
        read_rate=float(network.get("read_bps", 0.0)),
        write_rate=float(network.get("write_bps", 0.0)),
    )
