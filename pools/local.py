"""Workers that are processes of this machine, with the scheduler in the client's own process."""

from __future__ import annotations

import asyncio
import itertools
import logging
import multiprocessing
import os
import pickle
import signal
from contextlib import AsyncExitStack, ExitStack, suppress
from typing import TYPE_CHECKING, Any

from distributed import Client, Nanny, Status
from distributed.system import MEMORY_LIMIT

from pools.client import cancel_all, connected
from pools.drain import drain, may_leave, to_the_end
from pools.equip import Equipment
from pools.errors import PoolStartError
from pools.guard import with_token
from pools.policy import Dedicated, Load, WorkerLoad
from pools.sampler import Sampler
from pools.scheduler import started_scheduler
from pools.scope import process_settings, spill_folder
from pools.warm import servers
from pools.watch import Watch
from pools.web import equip_http
from pools.worker import Membership, usable_cores

if TYPE_CHECKING:
    from pools.driver import Listener
    from pools.observer import Sample
    from pools.spec import PoolSpec

logger = logging.getLogger(__name__)

# The client and the scheduler live in this machine's memory too.
_WORKERS_SHARE_OF_MEMORY = 0.9
# What a worker that must go at once gets for it before it is killed. Idle ones need 0.05 s (measured), on a
# machine that is busy with other things half a second; those at work are killed before.
_LAST_SECONDS = 3.0
# How long to wait for the scheduler to hear of cancelled work.
_HEARD_SECONDS = 0.5


class LocalDriver:
    """A scheduler on the pool's loop, a nanny for each worker; `pools.driver.Driver` has the contract."""

    elastic = True

    def __init__(self) -> None:
        self._held = ExitStack()
        self._numbers = itertools.count()
        self._nannies: dict[str, Any] = {}
        self._busy: set[str] = set()
        self._share = 0
        self._scheduler: Any = None
        self._sampler: Sampler | None = None
        self._client: Any = None

    @property
    def client(self) -> Any:
        return self._client

    @property
    def dashboard_link(self) -> str | None:
        if self._spec.dashboard_port is None:
            return None
        link = f"http://{self._spec.host}:{self._scheduler.http_server.port}/status"
        return with_token(link, self._spec.secret)

    async def open(self, spec: PoolSpec, listener: Listener) -> None:
        if self._scheduler is not None:
            return
        if multiprocessing.current_process().daemon:  # it may have no children, says multiprocessing
            message = f"Pool {spec.name!r} cannot start workers from within a worker."
            raise PoolStartError(message, "Start pools in the client, or send work to the pool at hand.")
        self._spec = spec
        self._held.enter_context(process_settings())
        servers.ensure(spec.preload)
        self._folder = self._held.enter_context(spill_folder(spec))
        self._listener = listener
        self._watch = Watch(listener)
        self._scheduler = await started_scheduler(spec, self._watch)
        dashboard = spec.dashboard_port is not None
        equip_http(self._scheduler, listener.observer, dashboard=dashboard, token=spec.secret)
        if listener.observer.samples:
            self._sampler = Sampler(self._scheduler)
            self._scheduler.add_plugin(self._sampler)
        await self._equip(self._width(spec.policy.widest))
        self._client = Client(self._scheduler.address, asynchronous=True, set_as_default=False)
        await connected(self._client)

    async def observe(self) -> Load:
        free = may_leave(self._scheduler)
        ended = (Status.closed, Status.failed)
        self._nannies = {name: nanny for name, nanny in self._nannies.items() if nanny.status not in ended}
        workers = tuple(self._seen(name, free) for name in self._nannies)
        waiting = len(self._scheduler.queued) + len(self._scheduler.unrunnable)
        return Load(workers, waiting, self._watch.arrivals)

    def sample(self) -> Sample | None:
        return None if self._sampler is None else self._sampler.sample()

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
                if not left and nanny.status is Status.closing_gracefully:
                    nanny.status = Status.running
            if not left:
                return False
        await to_the_end(self._dismiss(worker))
        return True

    async def cancel(self, message: str) -> None:
        self._busy = {name for name in self._nannies if (state := self._state(name)) and state.processing}
        await cancel_all(self._client, message)
        # The scheduler hears of it 10 ms later. Were workers gone before, it would hand their tasks on.
        wanted = self._scheduler.clients[self._client.id].wants_what
        with suppress(TimeoutError):
            async with asyncio.timeout(_HEARD_SECONDS):
                while wanted:
                    await asyncio.sleep(0.005)

    async def suspend(self) -> None:
        for name in list(self._nannies):
            if name in self._busy:
                _kill(self._nannies[name])
        endings = [self._nannies.pop(name).close(timeout=_LAST_SECONDS) for name in list(self._nannies)]
        for problem in await asyncio.gather(*endings, return_exceptions=True):
            if isinstance(problem, Exception):
                logger.warning("A worker of pool %r did not end well: %r", self._spec.name, problem)

    async def close(self) -> None:
        async with AsyncExitStack() as steps:  # each is taken, whatever becomes of the others; last first
            steps.callback(self._held.close)
            if self._scheduler is not None:
                steps.push_async_callback(self._scheduler.close)
            steps.push_async_callback(self.suspend)
            if self._client is not None:
                steps.push_async_callback(self._client.close)
            self._client = self._scheduler = None

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
        plugin = pickle.dumps(Equipment(Membership(share, self._listener.topic, self._spec.secret)))
        with suppress(OSError):  # a worker that goes meanwhile; should it come back, it gets the plugin then
            await self._scheduler.register_worker_plugin(None, plugin, name=Equipment.name, idempotent=False)

    def _width(self, workers: int) -> int:
        """Among how many workers the machine is shared out: those that come by themselves count too."""
        return max(1, workers if isinstance(self._spec.policy, Dedicated) else self._spec.policy.widest)

    async def _dismiss(self, name: str) -> None:
        nanny = self._nannies.pop(name, None)
        if nanny is not None:  # it is gone already if it died on its way out
            await nanny.close(timeout=_LAST_SECONDS)
        await self._equip(self._width(len(self._nannies)))

    def _state(self, name: str) -> Any:
        """What the scheduler knows of a worker; None while the nanny brings it back.

        By name, since a nanny whose worker is killed before its start was acknowledged keeps the dead one's
        address: both starts wait at once, and the first answer is taken for the second's (distributed 2026.8,
        `nanny.WorkerProcess.start`).
        """
        return self._scheduler.workers.get(self._scheduler.aliases.get(name))

    def _seen(self, name: str, free: set[Any]) -> WorkerLoad:
        state = self._state(name)
        if state is None:
            return WorkerLoad(name, ready=False)
        return WorkerLoad(name, tasks=len(state.processing), held=state.nbytes, pinned=state not in free)


def _kill(nanny: Any) -> None:
    """End a worker that is at work: a thread that runs cannot be interrupted, only its process."""
    nanny.close_gracefully("its pool gives it up")  # so that it is not brought back
    if nanny.pid is not None:
        with suppress(ProcessLookupError):
            os.kill(nanny.pid, signal.SIGKILL)
