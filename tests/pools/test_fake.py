"""The driver in memory keeps the promises of a pool; and what goes wrong, at every point where it can."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from pool_cases import PoolCases, eventually

from pools import Pool, PoolCapacityError, PoolSpec, PoolStartError
from pools.fake import FakeDriver

DEDICATED = PoolSpec.dedicated("dw", nodes=2)
SERVERLESS = PoolSpec.serverless("s", max_workers=2, idle_seconds=0.0)
BROKEN = PoolStartError("No port is free.")


class TestFakePool(PoolCases):
    def pool(self, spec: PoolSpec) -> Pool:
        return Pool(spec, FakeDriver())

    @contextmanager
    def busy(self, pool: Pool, tasks: int) -> Iterator[None]:
        driver = pool._driver
        driver.put(tasks)
        eventually(lambda: pool._control.state.load.tasks == tasks)
        yield
        while pool.state == "running" and pool._control.state.load.tasks:
            driver.finish()


@pytest.mark.parametrize("operation", ["open", "grow"])
@pytest.mark.usefixtures("no_leaks")
def test_a_start_that_fails_half_way_is_undone_and_may_be_tried_again(operation: str) -> None:
    driver = FakeDriver(script={operation: [BROKEN]})
    pool = Pool(DEDICATED, driver)
    with pytest.raises(PoolStartError, match=r"No port is free"):
        pool.start()
    assert (pool.state, driver.calls[-1]) == ("new", "close")
    assert pool._loop is None
    with pool:
        assert pool.worker_count == 2


@pytest.mark.usefixtures("no_leaks")
def test_an_error_nobody_foresaw_is_undone_too() -> None:
    driver = FakeDriver(script={"open": [ZeroDivisionError()]})
    with pytest.raises(ZeroDivisionError):
        Pool(DEDICATED, driver).start()
    assert driver.calls[-1] == "close"


@pytest.mark.usefixtures("no_leaks")
def test_workers_that_do_not_come_in_time_are_a_failed_start() -> None:
    driver = FakeDriver(owned=1)
    pool = Pool(PoolSpec.dedicated("dw", nodes=2, start_seconds=0.2), driver)
    with pytest.raises(PoolStartError, match=r"'dw' was not up after 0.2 s: 1 of 2 workers"):
        pool.start()
    assert (pool.state, driver.calls[-1]) == ("new", "close")


def test_a_resume_that_fails_leaves_the_pool_paused() -> None:
    with Pool(DEDICATED, FakeDriver(script={"open": [None, BROKEN]})) as pool:
        pool.pause()
        with pytest.raises(PoolStartError):
            pool.resume()
        assert pool.state == "paused"
        pool.resume()
        assert pool.worker_count == 2


def test_a_pause_cancels_before_it_gives_workers_back() -> None:
    driver = FakeDriver()
    with Pool(DEDICATED, driver) as pool:
        pool.pause()
        assert driver.calls[-2:] == ["cancel", "suspend"]
    assert driver.cancelled == ["Pool 'dw' was paused."]


def test_close_cancels_and_ends_even_if_cancelling_fails() -> None:
    driver = FakeDriver(script={"cancel": [OSError("gone")]})
    pool = Pool(DEDICATED, driver)
    pool.start()
    with pytest.raises(OSError, match=r"gone"):
        pool.close()
    assert (pool.state, driver.calls[-1]) == ("closed", "close")


def test_scaling_to_what_cannot_be_had_says_why_and_changes_nothing() -> None:
    with Pool(DEDICATED, FakeDriver(script={"grow": [None, PoolStartError("The machine is full.")]})) as pool:
        with pytest.raises(PoolCapacityError, match=r"cannot have 5 nodes: The machine is full"):
            pool.scale(5)
        pool.scale(1)
        pool.scale(2)
        assert pool.worker_count == 2


def test_a_worker_that_cannot_leave_stays_and_scale_says_so_in_time() -> None:
    with Pool(DEDICATED, FakeDriver(stuck=["dw-0"])) as pool:
        with pytest.raises(PoolCapacityError, match=r"not come to 1 nodes within 0.3 s"):
            pool.scale(1, timeout=0.3)
        assert pool.worker_count == 2


def test_an_error_while_a_worker_leaves_is_not_the_end_of_scaling() -> None:
    with Pool(DEDICATED, FakeDriver(script={"retire": [OSError("connection lost")]})) as pool:
        pool.scale(1)
        assert pool.worker_count == 1


def test_workers_of_others_are_neither_asked_for_nor_let_go() -> None:
    driver = FakeDriver(owned=3)
    with Pool(DEDICATED, driver) as pool:
        with pytest.raises(PoolCapacityError, match=r"belong to others"):
            pool.scale(1)
        assert pool.worker_count == 3
    assert "grow" not in driver.calls
    assert "retire" not in driver.calls


def test_what_tasks_count_is_in_the_usage() -> None:
    driver = FakeDriver()
    with Pool(SERVERLESS, driver) as pool:
        driver.count({"rows_read": 3.0})
        driver.count({"rows_read": 4.0, "bytes_read": 1.0})
        eventually(lambda: len(pool.usage().counts) == 2)
        assert dict(pool.usage().counts) == {"rows_read": 7.0, "bytes_read": 1.0}
