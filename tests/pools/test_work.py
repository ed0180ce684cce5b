"""Work sent to a pool: order, errors, cancellation, what is large, and what the dashboard shows."""

from __future__ import annotations

import os
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pool_cases import eventually

from pools import Call, Pool, PoolSpec, PoolSpecError, PoolStateError, TarnError
from pools.work import batches


class DeviceError(TarnError):
    """An error of a user of pools, with facts."""


def square(number: int) -> int:
    return number * number


def fail_at_three(number: int) -> int:
    if number == 3:
        raise DeviceError("Device 3 is on fire.", "Use water.", device=3)
    return number


def wait_for(path: str) -> str:
    from time import sleep

    while not Path(path).exists():
        sleep(0.01)
    return Path(path).name


class Loads:
    """A large value that says in which processes it was unpickled."""

    def __init__(self, folder: Path, size: int) -> None:
        self.folder, self.content = folder, os.urandom(size)

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        (self.folder / f"{os.getpid()}.{os.urandom(4).hex()}").touch()


def test_results_come_in_the_order_of_the_items(dedicated_pool: Pool) -> None:
    more_than_a_graph = range(1200)
    results = dedicated_pool.map(square, more_than_a_graph, label="square")
    assert results == [number * number for number in more_than_a_graph]


def test_an_error_is_told_even_beside_results_that_came_with_it(dedicated_pool: Pool, tmp_path: Path) -> None:
    def late(number: int) -> int:
        if number > 0:
            wait_for(str(tmp_path / "go"))
        return fail_at_three(number)

    stream = dedicated_pool.stream(late, range(4), label="late")
    found = [next(stream)]
    (tmp_path / "go").touch()
    eventually(lambda: "pending" not in {one.status for one in dedicated_pool.client.futures.values()})
    with pytest.raises(DeviceError, match="Device 3"):
        found += stream
    assert sorted(found) == [(0, 0), (1, 1), (2, 2)]


def test_items_may_come_from_a_generator_and_may_be_none_at_all(dedicated_pool: Pool) -> None:
    assert dedicated_pool.map(square, (number for number in (3, 4)), label="square") == [9, 16]
    assert dedicated_pool.map(square, [], label="square") == []
    assert list(dedicated_pool.stream(square, [], label="square")) == []
    assert dedicated_pool.gather([]) == []


def test_items_are_what_they_are_and_not_parts_of_a_graph(dedicated_pool: Pool) -> None:
    items = [("sum", [1, 2]), {"a": (sum, [1, 2])}, None, [b"x"], "square-0"]
    assert dedicated_pool.map(lambda item: item, items, label="same") == items


def test_calls_that_are_sent_together_take_each_others_results(dedicated_pool: Pool, tmp_path: Path) -> None:
    def touch(name: str) -> str:
        (tmp_path / name).touch()
        return name

    given = dedicated_pool.submit(square, 2, label="square")
    one = Call(square, (given,), "square")
    other = Call(lambda left, right: (left, right), (one, one), "pair")
    unasked = Call(touch, ("unasked",), "touch")
    futures = dedicated_pool.submit_all([one, unasked, other], [other, one])
    assert dedicated_pool.gather(futures) == [(16, 16), 16]
    assert not (tmp_path / "unasked").exists()
    assert dedicated_pool.submit_all([], []) == []


def test_a_call_whose_call_fails_fails_as_it_does(dedicated_pool: Pool) -> None:
    first = Call(fail_at_three, (3,), "devices")
    futures = dedicated_pool.submit_all([first, second := Call(square, (first,), "square")], [second])
    with pytest.raises(DeviceError):
        dedicated_pool.gather(futures)


def test_stream_gives_each_result_when_it_is_there(dedicated_pool: Pool, tmp_path: Path) -> None:
    paths = [str(tmp_path / name) for name in ("first", "second")]
    results = dedicated_pool.stream(wait_for, paths, label="wait")
    (tmp_path / "second").touch()
    assert next(results) == (1, "second")
    (tmp_path / "first").touch()
    assert list(results) == [(0, "first")]


def test_an_error_arrives_as_it_was_raised(dedicated_pool: Pool) -> None:
    with pytest.raises(DeviceError, match=r"Device 3 is on fire\. Hint: Use water\.") as error:
        dedicated_pool.map(fail_at_three, range(5), label="devices")
    assert error.value.data == {"device": 3}
    with pytest.raises(ZeroDivisionError):
        dedicated_pool.gather([dedicated_pool.submit(lambda: 1 // 0, label="divide")])


def test_stream_gives_what_was_done_before_an_error(dedicated_pool: Pool) -> None:
    seen: list[tuple[int, int]] = []
    with pytest.raises(DeviceError):
        seen.extend(dedicated_pool.stream(fail_at_three, [0, 3], label="devices"))
    assert seen in ([], [(0, 0)])


def test_a_call_that_raises_is_repeated_as_often_as_asked(dedicated_pool: Pool, tmp_path: Path) -> None:
    def third_time(name: str) -> int:
        tries = len(list(tmp_path.glob(f"{name}.*")))
        (tmp_path / f"{name}.{tries}").touch()
        if tries < 2:
            raise OSError("not yet")
        return tries

    with pytest.raises(OSError, match="not yet"):
        dedicated_pool.map(third_time, ["none"], label="tries")
    assert dedicated_pool.map(third_time, ["map"], label="tries", retries=2) == [2]
    assert dedicated_pool.submit(third_time, "submit", label="tries", retries=2).result() == 2


def test_leaving_a_stream_drops_what_has_not_begun(dedicated_pool: Pool, tmp_path: Path) -> None:
    def begin(number: int) -> int:
        (tmp_path / str(number)).touch()
        if number:
            wait_for(str(tmp_path / "go"))
        return number

    results = dedicated_pool.stream(begin, range(100), label="begin")
    assert next(results) == (0, 0)
    results.close()
    (tmp_path / "go").touch()
    eventually(lambda: not tasks_named(dedicated_pool, "begin"))
    assert len(list(tmp_path.iterdir())) < 20


def test_an_error_drops_what_has_not_begun(dedicated_pool: Pool) -> None:
    def fall(number: int) -> None:
        raise ValueError(number)

    with pytest.raises(ValueError, match=r"\d"):
        dedicated_pool.map(fall, range(500), label="fall")
    eventually(lambda: not tasks_named(dedicated_pool, "fall"))


def tasks_named(pool: Pool, label: str) -> int:
    def named(dask_scheduler: Any) -> int:
        return sum(task.prefix.name == label for task in dask_scheduler.tasks.values())

    return int(pool.client.run_on_scheduler(named))


def test_the_label_is_the_name_in_the_dashboard(dedicated_pool: Pool) -> None:
    dedicated_pool.map(square, [1], label="score-trips")
    dedicated_pool.submit(square, 1).result()
    dedicated_pool.submit(square, 1, label="q01").result()
    prefixes = dedicated_pool.client.run_on_scheduler(
        lambda dask_scheduler: set(dask_scheduler.task_prefixes)
    )
    assert {"score-trips", "square", "q01"} <= prefixes


@pytest.mark.parametrize("label", ["", "fold-3", "a-", 7, "x-deadbeef"])
def test_a_label_that_the_dashboard_would_cut_is_refused(dedicated_pool: Pool, label: Any) -> None:
    with pytest.raises(PoolSpecError, match="cannot be a label"):
        dedicated_pool.map(square, [1], label=label)


def test_what_cannot_be_pickled_is_refused(dedicated_pool: Pool) -> None:
    lock = threading.Lock()
    with pytest.raises(PoolSpecError, match=r"Work 'locked' cannot be sent to .* pool 'dedicated_pool'"):
        dedicated_pool.map(lambda _: lock, [1], label="locked")
    with pytest.raises(PoolSpecError, match="Work 'locked' cannot be sent"):
        dedicated_pool.map(square, [lock], label="locked")
    with pytest.raises(PoolSpecError, match="Work 'locked' cannot be sent"):
        dedicated_pool.map(lambda _, common: common, [1], label="locked", common=lock)


@pytest.mark.parametrize("size", [100, 12_000_000])
def test_a_common_value_reaches_every_worker_once(dedicated_pool: Pool, tmp_path: Path, size: int) -> None:
    common = Loads(tmp_path, size)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # distributed warns of graphs of 10 MB and more
        lengths = dedicated_pool.map(
            lambda item, common: item + len(common.content), range(40), label="common", common=common
        )
    assert lengths == [size + item for item in range(40)]
    if size > 1_000_000:
        processes = [path.stem for path in tmp_path.iterdir() if path.stem != str(os.getpid())]
        assert len(processes) == len(set(processes)) <= 2


def test_a_large_function_travels_like_a_common_value(dedicated_pool: Pool) -> None:
    ballast = os.urandom(12_000_000)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert dedicated_pool.map(lambda item: item + len(ballast), range(9), label="ballast") == [
            item + 12_000_000 for item in range(9)
        ]
        assert dedicated_pool.submit(lambda: len(ballast), label="ballast").result() == 12_000_000


def test_a_common_value_survives_the_death_of_its_workers(tmp_path: Path) -> None:
    def fall_once(number: int, common: bytes) -> int:
        mark = tmp_path / f"fallen-{number}"
        if number < 3 and not mark.exists():
            mark.touch()
            os.kill(os.getpid(), 9)
        return number + len(common)

    with Pool(PoolSpec.dedicated("dw", nodes=2)) as pool:
        assert pool.map(fall_once, range(20), label="fall", common=bytes(6_000_000)) == [
            number + 6_000_000 for number in range(20)
        ]


def test_nothing_of_a_common_value_stays_behind(dedicated_pool: Pool) -> None:
    dedicated_pool.map(lambda _, common: len(common), range(4), label="common", common=bytes(6_000_000))

    def left(dask_scheduler: Any) -> int:
        return sum("common" in str(key) for key in dask_scheduler.tasks)

    eventually(lambda: dedicated_pool.client.run_on_scheduler(left) == 0)


def test_futures_among_the_arguments_arrive_as_their_results(dedicated_pool: Pool) -> None:
    three = dedicated_pool.submit(square, 3)
    assert dedicated_pool.submit(square, three).result() == 81


def test_a_future_of_another_pool_is_refused(dedicated_pool: Pool) -> None:
    with Pool(PoolSpec.serverless("other", max_workers=1)) as other:
        future = other.submit(square, 3)
        with pytest.raises(PoolSpecError, match="is not of pool 'dedicated_pool'"):
            dedicated_pool.gather([future])
        assert other.gather([future]) == [9]


def test_an_error_of_the_items_themselves_is_theirs(dedicated_pool: Pool) -> None:
    def items() -> Iterator[int]:
        yield 1
        raise ValueError("no more")

    with pytest.raises(ValueError, match="no more"):
        dedicated_pool.map(square, items(), label="square")


def test_several_threads_may_use_a_pool_at_once(dedicated_pool: Pool) -> None:
    results: dict[int, list[int]] = {}

    def use(base: int) -> None:
        results[base] = dedicated_pool.map(square, range(base, base + 50), label="square")

    threads = [threading.Thread(target=use, args=(base,)) for base in range(0, 200, 50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == {base: [n * n for n in range(base, base + 50)] for base in range(0, 200, 50)}


def test_a_serverless_pool_maps_from_zero_workers() -> None:
    with Pool(PoolSpec.serverless("s", max_workers=2, idle_seconds=0.0)) as pool:
        assert pool.map(square, range(20), label="square") == [number * number for number in range(20)]
        eventually(lambda: pool.worker_count == 0)
        assert dict(pool.stream(square, [3], label="square", common=None)) == {0: 9}
        assert pool.map(lambda item, common: item + len(common), [1], label="c", common=bytes(10**6)) == [
            10**6 + 1
        ]


def test_work_of_a_pool_that_does_not_run_is_refused() -> None:
    pool = Pool(PoolSpec.serverless("s", max_workers=1))
    calls: list[Any] = [
        lambda: pool.map(square, [1], label="square"),
        lambda: pool.stream(square, [1], label="square"),
        lambda: pool.submit(square, 1),
        lambda: pool.gather([]),
    ]
    for call in calls:
        with pytest.raises(PoolStateError, match="'s' is new"):
            call()


@given(st.lists(st.binary(max_size=100), max_size=50), st.integers(1, 7), st.integers(1, 300))
def test_batches_keep_the_items_and_their_bounds(items: list[bytes], most: int, size: int) -> None:
    cut = list(batches(items, most=most, size=size))
    assert [item for batch in cut for item in batch] == items
    assert all(0 < len(batch) <= most for batch in cut)
    assert all(len(batch) == 1 or sum(map(len, batch[:-1])) < size for batch in cut)
