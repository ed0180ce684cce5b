"""What every pool promises, whatever its driver: a class of tests that each driver's tests inherit."""

from __future__ import annotations

import pickle
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest
from waiting import LONG, eventually

from pools import Pool, PoolCapacityError, PoolError, PoolSpec, PoolStateError


def after_looks(pool: Pool, count: int) -> None:
    """Wait until the pool has looked at its driver so many times."""
    for _ in range(count):
        before = pool._control.state.load
        eventually(lambda before=before: pool._control.state.load is not before)


@contextmanager
def in_background(call: Callable[[], Any]) -> Iterator[threading.Thread]:
    """Run a call in a thread, which must have ended when the block is left, and not have raised."""
    problems: list[BaseException] = []

    def run() -> None:
        try:
            call()
        except BaseException as problem:  # noqa: BLE001 - shown where the thread is waited for
            problems.append(problem)

    thread = threading.Thread(target=run)
    thread.start()
    yield thread
    thread.join(LONG)
    assert not thread.is_alive()
    assert not problems, problems


@pytest.mark.usefixtures("no_leaks")
class PoolCases(ABC):
    """Inherit, and say how a pool is made and how its workers are kept busy."""

    @abstractmethod
    def pool(self, spec: PoolSpec) -> Pool:
        """A new pool of this spec."""

    @abstractmethod
    def busy(self, pool: Pool, tasks: int) -> AbstractContextManager[None]:
        """Within the block so many tasks are at the pool, and do not end; after it they end by themselves."""

    def test_nothing_is_there_before_the_start(self) -> None:
        pool = self.pool(PoolSpec.dedicated("dw", nodes=1))
        assert (pool.state, pool.worker_count) == ("new", 0)
        with pytest.raises(PoolStateError, match=r"'dw' is new.*start\(\)"):
            assert pool.client
        pool.close()
        assert pool.state == "closed"

    def test_a_dedicated_pool_has_its_nodes_from_start_to_close(self) -> None:
        with self.pool(PoolSpec.dedicated("dw", nodes=2)) as pool:
            assert (pool.state, pool.worker_count) == ("running", 2)
            assert pool.client is not None
            pool.start()
            assert repr(pool) == "<Pool 'dw' dedicated running: 2 of 2 workers x 1 threads>"
        pool.close()
        assert (pool.state, pool.worker_count) == ("closed", 0)
        for call in (pool.start, pool.pause, pool.resume, lambda: pool.scale(3), lambda: pool.client):
            with pytest.raises(PoolStateError, match=r"'dw' is closed.*new one"):
                call()

    def test_paused_it_has_none_and_costs_nothing(self) -> None:
        with self.pool(PoolSpec.dedicated("dw", nodes=1)) as pool:
            pool.pause()
            pool.pause()
            assert (pool.state, pool.worker_count) == ("paused", 0)
            with pytest.raises(PoolStateError, match=r"'dw' is paused.*resume\(\)"):
                assert pool.client
            before = pool.usage().worker_seconds
            assert pool.usage().worker_seconds == before > 0
            pool.resume()
            pool.resume()
            assert (pool.state, pool.worker_count) == ("running", 1)
            eventually(lambda: pool.usage().worker_seconds > before)
        after = pool.usage()
        assert after == pool.usage()

    def test_it_scales_up_and_down(self) -> None:
        with self.pool(PoolSpec.dedicated("dw", nodes=1)) as pool:
            for nodes in (3, 1, 2, 2):
                pool.scale(nodes)
                assert pool.worker_count == nodes
            with pytest.raises(PoolCapacityError, match=r"0 nodes.*pause\(\)"):
                pool.scale(0)
            pool.pause()
            pool.resume()
            assert pool.worker_count == 2

    def test_a_busy_worker_leaves_when_its_work_is_done(self) -> None:
        with self.pool(PoolSpec.dedicated("dw", nodes=2)) as pool:
            with self.busy(pool, 2):
                with pytest.raises(PoolCapacityError, match=r"has not come to that within 0.5 s"):
                    pool.scale(1, timeout=0.5)
                assert pool.worker_count == 2
            eventually(lambda: pool.worker_count == 1)

    def test_scaling_up_again_keeps_the_worker_that_was_leaving(self) -> None:
        with self.pool(PoolSpec.dedicated("dw", nodes=2)) as pool, self.busy(pool, 2):
            with pytest.raises(PoolCapacityError):
                pool.scale(1, timeout=0.2)
            pool.scale(2)
            assert pool.worker_count == 2

    def test_a_hold_keeps_the_workers(self) -> None:
        with self.pool(PoolSpec.dedicated("dw", nodes=2)) as pool:
            with pool.hold(), pool.hold():
                with pytest.raises(PoolStateError, match=r"are held"):
                    pool.scale(1)
                pool.scale(3)
            pool.scale(1)
            assert pool.worker_count == 1

    def test_a_hold_takes_back_a_worker_that_was_leaving(self) -> None:
        with self.pool(PoolSpec.dedicated("dw", nodes=2)) as pool:
            with self.busy(pool, 2):
                with pytest.raises(PoolCapacityError):
                    pool.scale(1, timeout=0.2)
                held = pool.hold()
                held.__enter__()
            after_looks(pool, 5)
            assert pool.worker_count == 2
            held.__exit__(None, None, None)
            eventually(lambda: pool.worker_count == 1)

    def test_a_hold_may_outlast_the_pool(self) -> None:
        with self.pool(PoolSpec.dedicated("dw", nodes=1)) as pool, pool.hold():
            pool.close()

    def test_a_serverless_pool_goes_from_zero_to_its_most_and_back(self) -> None:
        with self.pool(PoolSpec.serverless("s", max_workers=2, idle_seconds=0.1)) as pool:
            assert (pool.state, pool.worker_count) == ("running", 0)
            with self.busy(pool, 5):
                eventually(lambda: pool.worker_count == 2)
            eventually(lambda: pool.worker_count == 0)
            used = pool.usage().worker_seconds
            assert used > 0
            assert pool.usage().worker_seconds == used
            with pytest.raises(PoolCapacityError, match=r"'s' sizes itself"):
                pool.scale(1)

    def test_a_held_serverless_pool_keeps_its_workers_past_their_idle_time(self) -> None:
        with self.pool(PoolSpec.serverless("s", max_workers=1, idle_seconds=0.0)) as pool:
            with self.busy(pool, 1):
                eventually(lambda: pool.worker_count == 1)
                held = pool.hold()
                held.__enter__()
            after_looks(pool, 5)
            assert pool.worker_count == 1
            held.__exit__(None, None, None)
            eventually(lambda: pool.worker_count == 0)

    def test_it_may_be_closed_while_it_starts(self) -> None:
        pool = self.pool(PoolSpec.dedicated("dw", nodes=1))
        with in_background(pool.start):
            eventually(lambda: pool.state != "new")
            pool.close()
        assert pool.state == "closed"

    def test_who_waits_for_scaling_is_told_of_the_close(self) -> None:
        with self.pool(PoolSpec.dedicated("dw", nodes=2)) as pool, self.busy(pool, 2):

            def scale() -> None:
                with pytest.raises(PoolStateError, match=r"'dw'.*closed"):
                    pool.scale(1)

            with in_background(scale):
                eventually(lambda: bool(pool._control.state.retiring))
                pool.close()

    def test_it_does_not_travel(self) -> None:
        with pytest.raises(PoolError, match=r"cannot be pickled"):
            pickle.dumps(self.pool(PoolSpec.dedicated("dw", nodes=1)))
