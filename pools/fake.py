"""A driver in memory: workers are names, work is a number, and what goes wrong is scripted.

For tests of what uses pools and for the tests of pools themselves, beside the real thing.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pools.policy import Load, WorkerLoad

if TYPE_CHECKING:
    from pools.driver import Listener
    from pools.spec import PoolSpec


class FakeDriver:
    """Each worker takes as many tasks as it has threads, and keeps them until `finish`.

    Args:
        owned: So many workers are there, and belong to others; by default they come and go.
        script: By operation (`open`, `grow`, `retire`, ...) what its calls do, one after the other: raise an
            error or, with None and when the script is over, what they should.
        stuck: Workers that will not be retired, as if their data had nowhere to go.
    """

    def __init__(
        self,
        *,
        owned: int | None = None,
        script: Mapping[str, Sequence[Exception | None]] | None = None,
        stuck: Sequence[str] = (),
    ) -> None:
        self.elastic = owned is None
        self._owned = owned or 0
        self.calls: list[str] = []
        self.cancelled: list[str] = []
        self.client: Any = None
        self._script = {operation: iter(outcomes) for operation, outcomes in (script or {}).items()}
        self._stuck = frozenset(stuck)
        self._numbers = itertools.count()
        self._workers: dict[str, int] = {}
        self._leaving: set[str] = set()
        self._waiting = 0
        self._arrivals = 0

    @property
    def dashboard_link(self) -> str | None:
        return None

    async def open(self, spec: PoolSpec, listener: Listener) -> None:
        self._spec, self._listener, self._loop = spec, listener, asyncio.get_running_loop()
        self._idle = asyncio.Condition()
        self.client = object()
        self._workers = {f"owned-{number}": 0 for number in range(self._owned)}
        self._act("open")

    async def observe(self) -> Load:
        for name in self._workers.keys() - self._leaving:
            taken = min(self._waiting, self._spec.threads - self._workers[name])
            self._workers[name] += taken
            self._waiting -= taken
        workers = tuple(WorkerLoad(name, tasks=tasks) for name, tasks in self._workers.items())
        return Load(workers, self._waiting, self._arrivals)

    def sample(self) -> None:
        return None

    async def grow(self, count: int) -> None:
        self._act("grow")
        await asyncio.sleep(0)
        self._workers.update({f"{self._spec.name}-{next(self._numbers)}": 0 for _ in range(count)})

    async def retire(self, worker: str) -> bool:
        self._act("retire")
        if worker in self._stuck:
            return False
        self._leaving.add(worker)
        try:
            async with self._idle:
                await self._idle.wait_for(lambda: not self._workers.get(worker))
        finally:
            self._leaving.discard(worker)
        self._workers.pop(worker, None)
        return True

    async def cancel(self, message: str) -> None:
        self._act("cancel")
        self.cancelled.append(message)
        self._waiting = 0

    async def suspend(self) -> None:
        self._act("suspend")
        self._workers.clear()

    async def close(self) -> None:
        self._act("close")
        self._workers.clear()
        self.client = None

    def put(self, tasks: int) -> None:
        """Work arrives; may be called from any thread while the driver is open."""
        self._loop.call_soon_threadsafe(self._put, tasks)

    def finish(self) -> None:
        """All tasks that run are done; may be called from any thread while the driver is open."""
        asyncio.run_coroutine_threadsafe(self._finish(), self._loop).result()

    def count(self, amounts: Mapping[str, float]) -> None:
        """A task counts; may be called from any thread while the driver is open."""
        self._loop.call_soon_threadsafe(self._listener.counted, amounts)

    def _put(self, tasks: int) -> None:
        self._waiting += tasks
        self._arrivals += 1
        self._listener.changed()

    async def _finish(self) -> None:
        async with self._idle:
            self._workers = dict.fromkeys(self._workers, 0)
            self._idle.notify_all()
        self._listener.changed()

    def _act(self, operation: str) -> None:
        self.calls.append(operation)
        outcome = next(self._script.get(operation, iter(())), None)
        if outcome is not None:
            raise outcome
