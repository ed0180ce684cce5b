"""A Dask cluster with a policy: what users of this package hold in their hands."""

from __future__ import annotations

import atexit
import os
import threading
import weakref
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from pools.control import Control
from pools.errors import PoolError
from pools.loop import LoopEndedError, LoopThread
from pools.observer import Observer
from pools.spec import whole
from pools.state import Phase

if TYPE_CHECKING:
    from pools.calls import Call
    from pools.driver import Driver
    from pools.meter import Usage
    from pools.spec import PoolSpec
    from pools.work import Work


class Pool:
    """Workers to send work to; nothing starts before `start` or a `with` statement.

    Args:
        spec: What the pool shall be.
        driver: Where its workers come from; by default this machine, or the scheduler at the spec's address.
        observer: Hears what happens to the pool, and gives pages for its dashboard.

    All methods may be called from several threads at once. The first pool of a process takes a few seconds
    to start, while a server loads what workers will need; later pools and workers take a tenth of a second.
    """

    def __init__(
        self, spec: PoolSpec, driver: Driver | None = None, observer: Observer | None = None
    ) -> None:
        self.spec = spec
        self._driver = _driver_for(spec) if driver is None else driver
        self._control = Control(spec, self._driver, observer or Observer())
        self._loop: LoopThread | None = None
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        spec, state = self.spec, self._control.state
        workers = f"{state.load.ready} of {self.width} workers x {spec.threads} threads"
        place = f" at {spec.address}" if spec.address else ""
        return f"<Pool {spec.name!r} {spec.kind} {state.phase}: {workers}{place}>"

    def __reduce__(self) -> Any:
        hint = "Send the work to the pool, not the pool to the work."
        raise PoolError(f"Pool {self.spec.name!r} cannot be pickled.", hint, pool=self.spec.name)

    # Life

    def start(self) -> None:
        """Bring scheduler and workers up, a dedicated pool to all its nodes. Does nothing when running.

        Raises:
            PoolStartError: They did not come up; all of it has been undone, and `start` may be called again.
            PoolStateError: The pool is paused or closed.
        """
        self._control.state.require(Phase.NEW, Phase.STARTING, Phase.RUNNING)
        with self._lock:
            if self._loop is None:
                self._control.enter_loop()
                self._loop = LoopThread(self.spec.name)
            loop = self._loop
        _close_at_exit(self)
        try:
            loop.call(self._control.start())
        except BaseException:
            self._end_loop(loop)
            raise

    def pause(self) -> None:
        """Give all workers back at once and cancel the work they do. Does nothing when paused.

        Whoever waits for that work gets `WorkCancelledError`; a bare future of the client says in its own
        cancellation error which pool was paused. Paused time is not metered.

        Raises:
            PoolStateError: The pool does not run.
        """
        self._running_loop(Phase.RUNNING, Phase.PAUSED).call(self._control.pause())

    def resume(self) -> None:
        """Bring the workers back after `pause`; returns as `start` does. Does nothing when running.

        Raises:
            PoolStartError: They did not come up; the pool is still paused.
            PoolStateError: The pool is not paused.
        """
        self._running_loop(Phase.RUNNING, Phase.PAUSED, Phase.RESUMING).call(self._control.resume())

    def close(self) -> None:
        """Cancel what runs and leave nothing: no process, thread, port or file. May be called again.

        One process outlives the pool: the warm server that the next pool's workers come from, which ends
        with the client's process.
        """
        with self._lock:
            loop = self._loop
        if loop is None:
            self._control.retreat()
            return
        try:
            with suppress(LoopEndedError):
                loop.call(self._control.close())
        finally:
            self._end_loop(loop)

    def scale(self, nodes: int, *, timeout: float | None = None) -> None:
        """Have this many nodes; returns when it is so.

        On the way down, workers that run nothing leave first; the others get no new task and leave when
        what they run is done. What they hold moves to those that stay.

        Raises:
            PoolCapacityError: The pool sizes itself, its workers belong to others, they do not come up, or
                it is not done after `timeout` seconds (it is then still worked on).
            PoolStateError: The pool does not run, or it is held and should shrink.
            PoolSpecError: `nodes` is not a whole number.
        """
        whole("nodes", nodes, least=0)
        self._running_loop(Phase.RUNNING).call(self._control.scale(nodes, timeout))

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Within the block no worker leaves by itself or by `scale`: for work that is bound to its workers.

        Raises:
            PoolStateError: The pool does not run.
        """
        loop = self._running_loop(Phase.RUNNING)
        loop.call(self._control.hold())
        try:
            yield
        finally:
            if self._control.state.phase is not Phase.CLOSED:
                loop.call(self._control.release())

    # What it is like

    @property
    def name(self) -> str:
        """The name it was given."""
        return self.spec.name

    @property
    def state(self) -> str:
        """`new`, `starting`, `running`, `paused`, `resuming` or `closed`."""
        return str(self._control.state.phase)

    @property
    def width(self) -> int:
        """Workers that there shall be at most: as the spec says, or as `scale` was asked since."""
        return self._control.state.policy.widest

    @property
    def worker_count(self) -> int:
        """Workers that are in contact with the scheduler; seen up to a tenth of a second ago."""
        return self._control.state.load.ready

    @property
    def client(self) -> Any:
        """The `distributed.Client` of the pool.

        It is nobody's default: libraries that look for one (xgboost.dask, collections' `compute`) find it
        within `with pool.client.as_current()`.

        Raises:
            PoolStateError: The pool does not run.
        """
        self._control.state.require(Phase.RUNNING)
        return self._driver.client

    @property
    def dashboard_link(self) -> str | None:
        """Where the Dask dashboard answers; None if the pool has none.

        Raises:
            PoolStateError: The pool does not run.
        """
        self._control.state.require(Phase.RUNNING)
        return self._driver.dashboard_link

    def usage(self) -> Usage:
        """What was used so far, whatever the state; what a task counted is in it once its result is here."""
        return self._control.usage()

    # Work

    def submit(self, fn: Callable[..., Any], *args: Any, label: str | None = None, retries: int = 0) -> Any:
        """Call `fn(*args)` on a worker.

        Args:
            fn: What to call; arguments that are futures arrive as their results.
            args: Its arguments.
            label: The task's name in the dashboard; by default the function's.
            retries: How often the call is repeated when it raises.

        Returns:
            A `distributed.Future`; `gather` gives its result with errors in the pool's words.

        Raises:
            PoolStateError: The pool does not run.
            PoolSpecError: The label or the function cannot be used.
        """
        return self._work().submit(fn, args, label=label, retries=retries)

    def submit_all(self, calls: Sequence[Call], wanted: Sequence[Call]) -> list[Any]:
        """Send calls that take each other's results, in one message.

        Args:
            calls: The calls; arguments that are futures, or calls of this list, arrive as their results.
            wanted: Those whose futures are wanted. Of the others the results are dropped as soon as no call
                needs them any more, and one that no wanted call needs is not made.

        Returns:
            A future for each call that is wanted.

        Raises:
            PoolStateError: The pool does not run.
            PoolSpecError: A label or a function cannot be used.
        """
        return self._work().submit_all(calls, wanted)

    def map(
        self,
        fn: Callable[..., Any],
        items: Iterable[Any],
        *,
        label: str,
        retries: int = 0,
        common: Any = None,
    ) -> list[Any]:
        """Call `fn(item)` for every item on the workers.

        Args:
            fn: What to call.
            items: One task each; better many small values than few large ones.
            label: The tasks' name in the dashboard.
            retries: How often a call is repeated when it raises.
            common: A value that all calls need, sent to each worker once; unless it is None, the call is
                `fn(item, common)`.

        Returns:
            The results, in the order of the items.

        Raises:
            PoolStateError: The pool does not run.
            PoolSpecError: The label or the function cannot be used.
            TaskLostError: Too many workers died under a task.
            WorkCancelledError: The pool was paused or closed meanwhile.
            Exception: What a call raised, as it raised it; the remaining calls are dropped.
        """
        work = self._work()
        futures = work.map(fn, items, label=label, retries=retries, common=common)
        try:
            return work.gather(futures)
        finally:
            work.drop(futures)

    def stream(
        self,
        fn: Callable[..., Any],
        items: Iterable[Any],
        *,
        label: str,
        retries: int = 0,
        common: Any = None,
    ) -> Iterator[tuple[int, Any]]:
        """As `map`, but index and result of each item as it is done; leaving the iterator drops the rest."""
        work = self._work()
        return work.results(work.map(fn, items, label=label, retries=retries, common=common))

    def gather(self, futures: Sequence[Any]) -> list[Any]:
        """The results of these futures, in order; raises as `map` does."""
        return self._work().gather(futures)

    def kinds(self, futures: Sequence[Any]) -> list[type | None]:
        """The types of these futures' results, once all are there; raises as `gather` does and fetches none.

        None for a result whose type the scheduler was not told.
        """
        return self._work().kinds(futures)

    # How it is done

    def _work(self) -> Work:
        from pools.work import Work

        return Work(self.spec.name, self.client, self._control.topic)

    def _running_loop(self, *phases: Phase) -> LoopThread:
        self._control.state.require(*phases)
        loop = self._loop
        if loop is None:
            self._control.state.require()
        return loop  # type: ignore[return-value]

    def _end_loop(self, loop: LoopThread) -> None:
        """Stop the loop of a pool that is closed or did not start, unless another thread has started it."""
        with suppress(LoopEndedError):
            loop.call(self._control.settled())
        with self._lock:
            if self._control.state.phase not in (Phase.NEW, Phase.CLOSED):
                return
            if self._loop is loop:
                self._loop = None
        loop.stop()
        _open_pools.discard(self)


def _driver_for(spec: PoolSpec) -> Driver:
    driver: Driver
    if spec.address is None:
        from pools.local import LocalDriver

        driver = LocalDriver()
    else:
        from pools.remote import RemoteDriver

        driver = RemoteDriver()
    return driver


_open_pools: weakref.WeakSet[Pool] = weakref.WeakSet()
os.register_at_fork(after_in_child=_open_pools.clear)  # they are the parent's to close


def _close_at_exit(pool: Pool) -> None:
    # Registered anew with each pool, so that it runs before what was registered when libraries were loaded:
    # multiprocessing would end the workers, and their nannies bring them back.
    _open_pools.add(pool)
    atexit.unregister(_close_pools)
    atexit.register(_close_pools)


def _close_pools() -> None:
    with ExitStack() as closing:  # one that cannot be closed must not keep the others open
        for pool in list(_open_pools):
            closing.callback(pool.close)
