"""Workers that are processes of this machine, with the scheduler in the client's own process."""

from __future__ import annotations

import asyncio
import itertools
import logging
import os
import pickle
import signal
import socket
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, Any

import dask.config
from distributed import Client, Nanny, Scheduler, Status
from distributed.system import MEMORY_LIMIT

from pools.client import cancel_all, connected
from pools.drain import drain, may_leave
from pools.equip import Equipment
from pools.errors import PoolStartError
from pools.policy import Dedicated, Load, WorkerLoad
from pools.scope import process_settings, spill_folder
from pools.warm import servers
from pools.watch import Watch
from pools.worker import Membership, usable_cores

if TYPE_CHECKING:
    from pools.driver import Listener
    from pools.spec import PoolSpec

logger = logging.getLogger(__name__)

# The client and the scheduler live in this machine's memory too.
_WORKERS_SHARE_OF_MEMORY = 0.9
# What a worker that must go at once gets for it before it is killed. Idle ones need 0.05 s (measured).
_LAST_SECONDS = 0.5

_SETTINGS = {
    # A task that holds the interpreter lock for five minutes would have its worker declared dead. On one
    # machine a dead worker shows at once, as a closed connection, and its nanny brings it back.
    "distributed.scheduler.worker-ttl": None,
}


class LocalDriver:
    """A scheduler on the pool's loop, a nanny for each worker; `pools.driver.Driver` has the contract."""

    elastic = True

    def __init__(self) -> None:
        self._held = ExitStack()
        self._numbers = itertools.count()
        self._nannies: dict[str, Any] = {}
        self._leaving: set[asyncio.Task[None]] = set()
        self._busy: set[str] = set()
        self._share = 0
        self._scheduler: Any = None
        self._client: Any = None

    @property
    def client(self) -> Any:
        return self._client

    @property
    def dashboard_link(self) -> str | None:
        if self._spec.dashboard_port is None:
            return None
        return f"http://{self._spec.host}:{self._scheduler.http_server.port}/status"

    async def open(self, spec: PoolSpec, listener: Listener) -> None:
        if self._scheduler is not None:
            return
        self._spec = spec
        self._held.enter_context(process_settings())
        servers.ensure(spec.preload)
        self._folder = self._held.enter_context(spill_folder(spec))
        self._listener = listener
        self._watch = Watch(listener)
        address = await self._start_scheduler()
        await self._equip(self._width(spec.policy.widest))
        self._client = Client(address, asynchronous=True, set_as_default=False)
        await connected(self._client)

    async def observe(self) -> Load:
        free = may_leave(self._scheduler)
        self._nannies = {
            name: nanny for name, nanny in self._nannies.items() if nanny.status is not Status.closed
        }
        workers = tuple(self._seen(name, free) for name in self._nannies)
        return Load(
            workers, len(self._scheduler.queued) + len(self._scheduler.unrunnable), self._watch.arrivals
        )

    async def grow(self, count: int) -> None:
        width = self._width(len(self._nannies) + count)
        await self._equip(width)
        starts = [asyncio.create_task(self._start_worker(width)) for _ in range(count)]
        try:
            await asyncio.wait(starts)
        except asyncio.CancelledError:
            # A nanny that is cancelled or closed while its process starts loses track of it: let it come up.
            await asyncio.wait(starts)
            raise
        finally:
            # All at once, at the end: until `grow` returns the pool counts them as still to come.
            up = [start.result() for start in starts if start.done() and not start.exception()]
            self._nannies.update({nanny.name: nanny for nanny in up})
        problems = [problem for start in starts if (problem := start.exception())]
        if problems:
            cause = problems[0].__cause__ or problems[0]
            message = f"{len(problems)} of {count} workers of pool {self._spec.name!r} did not start: {cause}"
            raise PoolStartError(message, pool=self._spec.name)

    async def retire(self, worker: str) -> bool:
        nanny = self._nannies[worker]
        state = self._state(worker)
        if state is not None:
            nanny.close_gracefully("retired by its pool")  # should it die from now on, it is not brought back
            left = False
            try:
                left = await drain(self._scheduler, state)
            finally:
                if not left:
                    nanny.status = Status.running
            if not left:
                return False
        await asyncio.shield(self._dismiss(worker))
        await self._equip(self._width(len(self._nannies)))
        return True

    async def cancel(self, message: str) -> None:
        self._busy = {name for name in self._nannies if (state := self._state(name)) and state.processing}
        await cancel_all(self._client, message)
        # The scheduler hears of it 10 ms later. Were workers gone before, it would hand their tasks on.
        wanted = self._scheduler.clients[self._client.id].wants_what
        with suppress(TimeoutError):
            async with asyncio.timeout(_LAST_SECONDS):
                while wanted:
                    await asyncio.sleep(0.005)

    async def suspend(self) -> None:
        for name in list(self._nannies):
            if name in self._busy:  # a thread that runs cannot be interrupted, only its process
                self._nannies[name].close_gracefully("suspended by its pool")
                os.kill(self._nannies[name].pid, signal.SIGKILL)
            self._dismiss(name)
        for problem in await asyncio.gather(*self._leaving, return_exceptions=True):
            if isinstance(problem, Exception):
                logger.warning("A worker of pool %r did not end well: %r", self._spec.name, problem)

    async def close(self) -> None:
        if self._client is not None:
            await self._client.close()
        await self.suspend()
        if self._scheduler is not None:
            await self._scheduler.close()
        self._client = self._scheduler = None
        self._held.close()

    async def _start_scheduler(self) -> str:
        spec = self._spec
        _check_dashboard_port(spec)
        try:
            with dask.config.set(_SETTINGS):
                self._scheduler = Scheduler(
                    host=spec.host,
                    port=0,
                    protocol="tcp",
                    dashboard=spec.dashboard_port is not None,
                    dashboard_address=f"{spec.host}:{spec.dashboard_port or 0}",
                    allowed_failures=spec.allowed_failures,
                    plugins=[self._watch],
                )
            await self._scheduler
        except (OSError, RuntimeError) as error:
            message = f"Pool {spec.name!r} cannot listen on {spec.host!r}: {error.__cause__ or error}."
            raise PoolStartError(
                message, "Give an address of this machine as host.", pool=spec.name
            ) from error
        return str(self._scheduler.address)

    async def _start_worker(self, width: int) -> Any:
        spec = self._spec
        nanny = Nanny(
            self._scheduler.address,
            name=f"{spec.name}-{next(self._numbers)}",
            nthreads=spec.threads,
            memory_limit=spec.memory or int(MEMORY_LIMIT * _WORKERS_SHARE_OF_MEMORY / width),
            local_directory=str(self._folder),
            host=spec.host,
            dashboard=False,
            dashboard_address=f"{spec.host}:0",
            silence_logs=logging.WARNING,
        )
        nanny.pre_spawn_env = {}  # it would be set in the client's process; the warm server has it
        return await nanny

    async def _equip(self, width: int) -> None:
        """Share the machine's cores out among the tasks of so many workers."""
        share = max(1, usable_cores() // (width * self._spec.threads))
        if share == self._share:
            return
        self._share = share
        plugin = pickle.dumps(Equipment(Membership(share, self._listener.topic)))
        with suppress(OSError):  # a worker that goes meanwhile; should it come back, it gets the plugin then
            await self._scheduler.register_worker_plugin(None, plugin, name=Equipment.name, idempotent=False)

    def _width(self, workers: int) -> int:
        """Among how many workers the machine is shared out: those that come by themselves count too."""
        return max(1, workers if isinstance(self._spec.policy, Dedicated) else self._spec.policy.widest)

    def _dismiss(self, name: str) -> asyncio.Task[None]:
        task = asyncio.create_task(self._nannies.pop(name).close(timeout=_LAST_SECONDS))
        self._leaving.add(task)
        task.add_done_callback(self._leaving.discard)
        return task

    def _state(self, name: str) -> Any:
        """What the scheduler knows of a worker; None while the nanny brings it back."""
        return self._scheduler.workers.get(self._nannies[name].worker_address)

    def _seen(self, name: str, free: set[Any]) -> WorkerLoad:
        state = self._state(name)
        if state is None:
            return WorkerLoad(name, ready=False)
        return WorkerLoad(name, tasks=len(state.processing), held=state.nbytes, pinned=state not in free)


def _check_dashboard_port(spec: PoolSpec) -> None:
    """Distributed takes another port if this one is taken; whoever asked for it shall hear of that."""
    if not spec.dashboard_port:
        return
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((spec.host, spec.dashboard_port))
        except OSError as error:
            message = f"Pool {spec.name!r} cannot have its dashboard on {spec.host}:{spec.dashboard_port}: "
            hint = "Give another dashboard_port, or 0 for any free one."
            raise PoolStartError(f"{message}{error.strerror}.", hint, pool=spec.name) from error
