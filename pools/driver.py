"""The seam between a pool and where its workers are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from pools.observer import Observer, Sample
    from pools.policy import Load
    from pools.spec import PoolSpec


class Listener(Protocol):
    """Whom a driver tells what it sees: called on the pool's event loop, its methods return at once."""

    topic: str  # of the events that `pools.worker.count` sends
    observer: Observer  # whom the pool's user wants to be told of it; gives pages and metrics

    def changed(self) -> None:
        """Work has arrived, or a worker has come or gone: worth a look before the next tick."""

    def joined(self, worker: str, address: str, threads: int, memory: int) -> None:
        """A worker is in contact; `memory` is what it may use, in bytes."""

    def left(self, worker: str, address: str, graceful: bool) -> None:
        """A worker is out of contact; `graceful` if it said so before."""

    def counted(self, amounts: Mapping[str, float]) -> None:
        """A task of the pool has called `pools.worker.count`."""


class Driver(Protocol):
    """A scheduler and its workers: what a pool may ask of them, and may rely on.

    Every coroutine runs on the pool's event loop, so none may block it. `observe`, `grow`, `retire` and
    `cancel` run beside each other; while `open`, `suspend` or `close` runs, nothing else does.
    """

    @property
    def elastic(self) -> bool:
        """Whether `grow` and `retire` can be asked for; otherwise others own the workers."""

    @property
    def client(self) -> Any:
        """The `distributed.Client` of the open scheduler, to be used from other threads."""

    @property
    def dashboard_link(self) -> str | None:
        """Where the open scheduler's dashboard answers, if it has one."""

    async def open(self, spec: PoolSpec, listener: Listener) -> None:
        """Bring up, or connect to, a scheduler; after `suspend` or `close`, again. It needs no workers yet.

        If this fails half way, `close` undoes what there is.

        Raises:
            PoolStartError: It cannot be reached or started, or an option of the spec cannot be honoured.
        """

    async def observe(self) -> Load:
        """What is there now: each worker for which `grow` has returned and `retire` has not, and the work."""

    def sample(self) -> Sample | None:
        """What the tasks did since the last sample and how the workers are; None if that cannot be seen."""

    async def grow(self, count: int) -> None:
        """Add workers; returns when they are in contact with the scheduler.

        Raises:
            PoolStartError: Not all came up; those that did stay.
        """

    async def retire(self, worker: str) -> bool:
        """Let a worker go: it gets no new task, finishes what it runs, what it holds is moved, then it ends.

        Returns:
            True when it is gone; False if it stays as it was, because there is nowhere to move its data or
            tasks. Cancelling the call leaves the worker as it was too, or gone if it is too late.
        """

    async def cancel(self, message: str) -> None:
        """Cancel all work in flight; whoever waits for it is told `message`."""

    async def suspend(self) -> None:
        """Give all compute back, at once; `open` makes the pool usable again."""

    async def close(self) -> None:
        """Leave nothing: no process, thread, port or file; at any point of `open`, and any number of times.

        What goes wrong on the way keeps it from none of its steps.
        """
