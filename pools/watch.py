"""What the scheduler of a pool tells its pool."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from distributed.diagnostics.plugin import SchedulerPlugin

if TYPE_CHECKING:
    from pools.driver import Listener


class Watch(SchedulerPlugin):  # type: ignore[misc]
    """Counts graphs as they arrive, and passes on what tasks count."""

    name = "tarn-watch"

    def __init__(self, listener: Listener) -> None:
        self.arrivals = 0
        self._listener = listener

    def update_graph(self, scheduler: Any, **kwargs: Any) -> None:  # noqa: ARG002 - distributed's signature
        self.arrivals += 1
        self._listener.changed()

    def add_worker(self, scheduler: Any, worker: str) -> None:  # noqa: ARG002
        self._listener.changed()

    def remove_worker(self, scheduler: Any, worker: str, **kwargs: Any) -> None:  # noqa: ARG002
        self._listener.changed()

    def log_event(self, topic: str, msg: Any) -> None:
        if topic == self._listener.topic:
            self._listener.counted(msg["counts"])  # the scheduler adds the worker beside it
