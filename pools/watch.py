"""What the scheduler of a pool tells its pool."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from distributed import Status
from distributed.diagnostics.plugin import SchedulerPlugin

if TYPE_CHECKING:
    from pools.driver import Listener


class Watch(SchedulerPlugin):  # type: ignore[misc]
    """Counts graphs as they arrive, and passes on who comes and goes and what tasks count."""

    name = "tarn-watch"

    def __init__(self, listener: Listener) -> None:
        self.arrivals = 0
        self._listener = listener
        self._workers: dict[str, Any] = {}

    def update_graph(self, scheduler: Any, **kwargs: Any) -> None:  # noqa: ARG002 - distributed's signature
        self.arrivals += 1
        self._listener.changed()

    def add_worker(self, scheduler: Any, worker: str) -> None:
        state = self._workers[worker] = scheduler.workers[worker]
        self._listener.joined(str(state.name), worker, state.nthreads, int(state.memory_limit or 0))
        self._listener.changed()

    def remove_worker(self, scheduler: Any, worker: str, **kwargs: Any) -> None:  # noqa: ARG002
        state = self._workers.pop(worker, None)
        if state is not None:
            self._listener.left(str(state.name), worker, state.status in _ON_THEIR_WAY_OUT)
        self._listener.changed()

    def log_event(self, topic: str, msg: Any) -> None:
        if topic == self._listener.topic:
            self._listener.counted(msg["counts"])  # the scheduler adds the worker beside it

    def metrics(self) -> str:
        """The pool's own lines for the scheduler's metrics."""
        return self._listener.observer.metrics()


_ON_THEIR_WAY_OUT = (Status.closing_gracefully, Status.closing, Status.closed)
