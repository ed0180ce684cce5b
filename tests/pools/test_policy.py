"""How many workers there shall be, and which may go: pure functions, so properties over all inputs."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pools.policy import Dedicated, Load, Serverless, WorkerLoad, aged

NOW = 1000.0
workers = st.lists(
    st.builds(
        WorkerLoad,
        name=st.text("abcdefgh", min_size=1, max_size=3),
        tasks=st.integers(0, 3),
        held=st.integers(0, 2),
        ready=st.booleans(),
        pinned=st.booleans(),
    ),
    max_size=6,
    unique_by=lambda worker: worker.name,
).map(tuple)
loads = st.builds(Load, workers=workers, waiting=st.integers(0, 20), arrivals=st.integers(0, 3))
policies = st.builds(
    Serverless, max_workers=st.integers(1, 5), idle_seconds=st.integers(0, 100), threads=st.integers(1, 3)
)


@given(loads, st.integers(1, 9))
def test_a_dedicated_pool_wants_its_nodes_whatever_the_load(load: Load, nodes: int) -> None:
    assert Dedicated(nodes).target(load, NOW) == nodes
    assert Dedicated(nodes).metered(load) == nodes


@given(loads, policies)
def test_a_serverless_pool_has_a_thread_for_each_task_up_to_its_most(load: Load, policy: Serverless) -> None:
    target = policy.target(aged(load, Load(), NOW), NOW)
    assert 0 <= target <= policy.max_workers
    assert target == policy.max_workers or target * policy.threads >= load.tasks


@given(loads, policies)
def test_without_work_it_comes_to_zero_when_idle_time_is_over(load: Load, policy: Serverless) -> None:
    idle = Load(tuple(WorkerLoad(worker.name) for worker in load.workers), arrivals=load.arrivals)
    seen = aged(idle, Load(arrivals=load.arrivals), NOW)
    assert policy.target(seen, NOW + policy.idle_seconds) == 0


@given(loads, policies, st.integers(1, 6))
def test_only_workers_that_were_idle_long_enough_and_are_free_leave(
    load: Load, policy: Serverless, count: int
) -> None:
    seen = aged(load, Load(arrivals=load.arrivals), NOW)
    leaving = policy.leaving(seen.workers, count, NOW + policy.idle_seconds)
    by_name = {worker.name: worker for worker in seen.workers}
    assert len(leaving) <= count
    assert all(
        not by_name[name].tasks and by_name[name].ready and not by_name[name].pinned for name in leaving
    )


@given(workers.filter(lambda all_of_them: sum(worker.held for worker in all_of_them) > 0), policies)
def test_data_never_loses_its_last_worker(held: tuple[WorkerLoad, ...], policy: Serverless) -> None:
    seen = aged(Load(held), Load(), NOW)
    leaving = policy.leaving(seen.workers, len(held), NOW + policy.idle_seconds)
    assert len(leaving) < len(held)


@given(workers, st.integers(1, 6))
def test_a_dedicated_pool_lets_the_least_busy_go_first(those: tuple[WorkerLoad, ...], count: int) -> None:
    leaving = Dedicated(1).leaving(those, count, NOW)
    free = [worker for worker in those if not worker.pinned]
    staying = [worker.tasks for worker in free if worker.name not in leaving]
    assert len(leaving) == min(count, len(free))
    assert all(worker.tasks <= min(staying, default=9) for worker in free if worker.name in leaving)


def test_idle_time_runs_on_while_nothing_happens() -> None:
    first = aged(Load((WorkerLoad("a"),)), Load(), 10.0)
    assert aged(Load((WorkerLoad("a"),)), first, 20.0).workers[0].idle_since == 10.0


def test_idle_time_ends_with_a_task_and_with_work_that_came_and_went_unseen() -> None:
    first = aged(Load((WorkerLoad("a"),)), Load(), 10.0)
    assert aged(Load((WorkerLoad("a", tasks=1),)), first, 20.0).workers[0].idle_since is None
    assert aged(Load((WorkerLoad("a"),), arrivals=1), first, 20.0).workers[0].idle_since == 20.0
