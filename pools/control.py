"""Carries out what the machine in `pools.state` decides, and tells it what happens."""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from pools.errors import PoolCapacityError, PoolStartError
from pools.messages import (
    Action,
    Close,
    Event,
    Failed,
    GiveUp,
    Grow,
    Grown,
    Hold,
    Observed,
    Pause,
    Release,
    Resume,
    Retire,
    Retired,
    Scale,
    Spare,
    Spared,
    Start,
    Unscale,
)
from pools.meter import Meter, Usage
from pools.state import Phase, State, advance

if TYPE_CHECKING:
    from pools.driver import Driver
    from pools.observer import Observer
    from pools.spec import PoolSpec

logger = logging.getLogger(__name__)

# How often the driver is looked at when nothing calls for it. A look at two workers takes 12 microseconds.
TICK_SECONDS = 0.1
# How often an observer is told what the pool is like.
SAMPLE_SECONDS = 1.0


class Control:
    """A pool's state and what happens to it. Everything in here runs on one event loop."""

    def __init__(self, spec: PoolSpec, driver: Driver, observer: Observer) -> None:
        self.observer = observer
        self._sampled = 0.0
        self.topic = f"tarn-usage-{uuid.uuid4().hex}"
        self.state = State(spec.name, spec.policy, driver.elastic)
        self._spec = spec
        self._driver = driver
        self._meter = Meter(time.monotonic())
        self.enter_loop()
        self._watch: asyncio.Task[None] | None = None
        self._background_tasks: set[asyncio.Task[None]] = set()
        self._retiring: dict[str, asyncio.Task[bool]] = {}

    def enter_loop(self) -> None:
        """To be called before the first command on another event loop: what waits belongs to one loop."""
        self._command = asyncio.Lock()
        self._wake = asyncio.Event()
        self._moved = asyncio.Event()

    # Commands

    async def start(self) -> None:
        """From new to running; on failure everything is undone and the pool is new again."""
        await self._bring_up(Start())

    async def resume(self) -> None:
        """From paused to running; on failure everything is undone and the pool is paused again."""
        await self._bring_up(Resume())

    async def pause(self) -> None:
        """From running to paused: work in flight is cancelled, compute is given back."""
        async with self._command:
            if self._apply(Pause()).phase is Phase.PAUSED:
                return
            try:  # first, because a worker on its way out waits until data that somebody wants is moved
                await self._driver.cancel(f"Pool {self._spec.name!r} was paused.")
            finally:
                await self._quiet()
                await self._driver.suspend()

    async def close(self) -> None:
        """From anywhere to closed."""
        async with self._command:
            running = self.state.up
            self._apply(Close())
            try:
                if running:
                    await self._driver.cancel(f"Pool {self._spec.name!r} was closed.")
            finally:
                await self._quiet()
                await self._driver.close()

    async def scale(self, nodes: int, timeout: float | None) -> None:
        """Have this many nodes; returns when they are there, and only they."""
        before = self.state.policy
        self._apply(Scale(nodes))
        asked = self.state.policy
        self._wake.set()
        try:
            async with asyncio.timeout(timeout):
                await self._until(
                    lambda state: bool(state.trouble) or _is_scaled(state) or state.policy != asked
                )
        except TimeoutError:
            hint = "Its workers may be held, or what they hold has nowhere to go; scaling goes on."
            raise self._not_scaled(nodes, f"it has not come to that within {timeout} s.", hint) from None
        if self.state.policy != asked:
            raise self._not_scaled(nodes, f"it was scaled to {self.state.policy.widest} meanwhile.")
        if self.state.trouble is not None:
            trouble = self.state.trouble
            self._apply(Unscale(before))
            raise self._not_scaled(nodes, trouble)

    def _not_scaled(self, nodes: int, why: str, hint: str = "") -> PoolCapacityError:
        name = self._spec.name
        return PoolCapacityError(
            f"Pool {name!r} has not got {nodes} nodes: {why}", hint, pool=name, nodes=nodes
        )

    async def hold(self) -> None:
        """No worker leaves until `release`; those on their way out stay, or are gone when this returns."""
        self._apply(Hold())
        try:
            await self._until(lambda state: not state.retiring)
        except BaseException:
            self._apply(Release())
            raise

    async def release(self) -> None:
        """Undo one `hold`."""
        self._apply(Release())

    async def settled(self) -> None:
        """Returns when no command is under way."""
        async with self._command:
            pass

    def retreat(self) -> None:
        """Close a pool that was never started; no loop is needed."""
        self._apply(Close())

    def usage(self) -> Usage:
        """What was used up to now."""
        return self._meter.usage(time.monotonic())

    # What the driver tells

    def changed(self) -> None:
        """Have a look at the driver now rather than at the next tick."""
        self._wake.set()

    def joined(self, worker: str, address: str, threads: int, memory: int) -> None:
        """Pass on that a worker has come."""
        self.observer.joined(worker, address, threads, memory)

    def left(self, worker: str, address: str, graceful: bool) -> None:
        """Pass on that a worker has gone; nobody wonders at it while the pool goes down."""
        expected = graceful or worker in self.state.retiring or not self.state.up
        self.observer.left(worker, address, expected=expected)

    def counted(self, amounts: Mapping[str, float]) -> None:
        """Add what a task has counted."""
        self._meter = self._meter.plus(amounts)

    # How it is done

    def _apply(self, event: Event) -> State:
        """Advance the state; returns the one before."""
        before = self.state
        self.state, actions = advance(before, event)
        self._meter = self._meter.at(time.monotonic(), self.state.metered)
        for action in actions:
            self._perform(action)
        if self.state.phase is not before.phase:
            self.observer.moved(str(self.state.phase), str(before.phase), self.usage())
        self._moved.set()
        self._moved = asyncio.Event()
        return before

    def _perform(self, action: Action) -> None:
        match action:
            case Grow():
                self._background(self._grow(action.count))
            case Retire():
                task = asyncio.create_task(self._driver.retire(action.worker))
                self._retiring[action.worker] = task
                task.add_done_callback(partial(self._retired, action.worker))
            case Spare():
                self._retiring[action.worker].cancel()
            case GiveUp():
                message = f"Pool {self._spec.name!r} gets no workers: {action.reason}"
                self._background(self._driver.cancel(message))

    async def _bring_up(self, event: Start | Resume) -> None:
        async with self._command:
            if self._apply(event).phase is Phase.RUNNING:
                return
            try:
                async with asyncio.timeout(self._spec.start_seconds):
                    await self._driver.open(self._spec, self)
                    self._watch = asyncio.create_task(self._look_on())
                    await self._until(lambda state: state.trouble is not None or state.phase is Phase.RUNNING)
                if self.state.trouble is not None:
                    raise PoolStartError(self.state.trouble, pool=self._spec.name)
            except TimeoutError:
                ready, wanted = self.state.load.ready, max(1, self.state.policy.floor)
                await self._undo()
                message = f"Pool {self._spec.name!r} was not up after {self._spec.start_seconds} s"
                hint = "Give it more time with start_seconds."
                raise PoolStartError(f"{message}: {ready} of {wanted} workers.", hint, ready=ready) from None
            except BaseException:
                await self._undo()
                raise

    async def _undo(self) -> None:
        await self._quiet()
        try:
            await self._driver.close()
        finally:
            self._apply(Failed())

    async def _look_on(self) -> None:
        while True:
            self._wake.clear()
            try:
                self._apply(Observed(await self._driver.observe(), time.monotonic()))
                self._sample()
            except Exception as error:  # noqa: BLE001 - one look that fails must not be the last
                logger.warning("Pool %r cannot be looked at: %r", self._spec.name, error)
            with suppress(TimeoutError):
                # Not `wait_for`: before Python 3.12 it forgets a cancellation that comes with the event.
                async with asyncio.timeout(TICK_SECONDS):
                    await self._wake.wait()

    def _sample(self) -> None:
        now = time.monotonic()
        if now - self._sampled < SAMPLE_SECONDS:
            return
        self._sampled = now
        sample = self._driver.sample()
        if sample is not None:
            self.observer.sampled(sample, self._meter.usage(now))

    async def _grow(self, count: int) -> None:
        trouble = None
        try:
            await self._driver.grow(count)
        except Exception as error:  # noqa: BLE001 - whatever it was, the machine must be told
            trouble = str(error) or repr(error)
        self._apply(Grown(count, time.monotonic(), trouble))
        self._wake.set()

    def _retired(self, worker: str, task: asyncio.Task[bool]) -> None:
        del self._retiring[worker]
        if task.cancelled():
            self._apply(Spared(worker))
        else:
            if task.exception() is not None:
                logger.warning("Worker %r could not be retired: %r", worker, task.exception())
            gone = task.exception() is None and task.result()
            self._apply(Retired(worker, time.monotonic(), gone))
        self._wake.set()

    async def _quiet(self) -> None:
        """End what runs in the background."""
        tasks = [*self._background_tasks, *self._retiring.values(), *([self._watch] if self._watch else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._watch = None

    async def _until(self, reached: Callable[[State], bool]) -> None:
        while not reached(self.state):
            if not self.state.up:
                self.state.require(Phase.RUNNING)
            await self._moved.wait()

    def _background(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._background_tasks.add(task)
        task.add_done_callback(self._background_tasks.discard)


def _is_scaled(state: State) -> bool:
    """Whether exactly the workers are there that shall be, with nothing under way."""
    there = state.load.ready == len(state.load.workers) == state.policy.widest
    return there and not state.retiring and not state.growing
