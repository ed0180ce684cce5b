"""The machine: single steps by hand, and whole lives at random against a model of a driver."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pools.errors import PoolCapacityError, PoolStateError
from pools.policy import Dedicated, Load, Policy, Serverless, WorkerLoad
from pools.state import (
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
    Phase,
    Release,
    Resume,
    Retire,
    Retired,
    Scale,
    Spare,
    Spared,
    Start,
    State,
    Unscale,
    advance,
)


def run(state: State, *events: Event) -> tuple[State, list[Action]]:
    actions: list[Action] = []
    for event in events:
        state, done = advance(state, event)
        actions += done
    return state, actions


def load(*names: str, waiting: int = 0, tasks: int = 0) -> Load:
    return Load(tuple(WorkerLoad(name, tasks=tasks) for name in names), waiting)


NEW = State("dw", Dedicated(2))
RUNNING, _ = run(NEW, Start(), Observed(load("a", "b"), 0.0))


def test_a_dedicated_pool_runs_when_its_nodes_are_there() -> None:
    state, actions = run(NEW, Start(), Observed(load(), 0.0))
    assert (state.phase, actions) == (Phase.STARTING, [Grow(2)])
    state, actions = run(state, Observed(load(), 0.1), Grown(2, 0.2), Observed(load("a", "b"), 0.3))
    assert (state.phase, actions) == (Phase.RUNNING, [])


def test_a_serverless_pool_runs_at_once_and_grows_with_work() -> None:
    state, actions = run(State("s", Serverless(3)), Start(), Observed(load(), 0.0))
    assert (state.phase, actions) == (Phase.RUNNING, [])
    state, actions = run(state, Observed(load(waiting=2), 0.1), Observed(load(waiting=9), 0.2))
    assert actions == [Grow(2), Grow(1)]


def test_a_pool_of_others_workers_runs_when_enough_are_there_and_asks_for_none() -> None:
    state, actions = run(replace(NEW, elastic=False), Start(), Observed(load("a"), 0.0))
    assert (state.phase, actions) == (Phase.STARTING, [])
    assert run(state, Observed(load("a", "b", "c"), 0.1))[0].phase is Phase.RUNNING
    with pytest.raises(PoolCapacityError, match="belong to others"):
        run(state, Observed(load("a", "b"), 0.1), Scale(1))


def test_a_dead_worker_is_replaced() -> None:
    assert run(RUNNING, Observed(load("a"), 1.0))[1] == [Grow(1)]


def test_failure_to_grow_is_remembered_and_tried_again_later() -> None:
    state, actions = run(
        RUNNING, Observed(load("a"), 1.0), Grown(1, 1.1, "no memory"), Observed(load("a"), 1.2)
    )
    assert (state.trouble, actions) == ("no memory", [Grow(1)])
    state, actions = run(state, Observed(load("a"), 9.0), Grown(1, 9.1))
    assert (state.trouble, state.failures, actions) == (None, 0, [Grow(1)])


def test_waiting_work_is_given_up_when_no_worker_comes_three_times() -> None:
    state = run(State("s", Serverless(1)), Start(), Observed(load(), 0.0))[0]
    actions: list[Action] = []
    for turn in range(3):
        state, done = run(
            state, Observed(load(waiting=1), 100.0 * turn), Grown(1, 100.0 * turn + 1, "no port")
        )
        actions += done
    assert actions == [Grow(1), Grow(1), Grow(1), GiveUp("no port")]


def test_scaling_up_spares_who_is_leaving_before_it_asks_for_more() -> None:
    state, actions = run(RUNNING, Scale(1), Observed(load("a", "b"), 1.0))
    assert actions == [Retire("a")]
    state, actions = run(state, Scale(4), Observed(load("a", "b"), 1.1))
    assert actions == [Spare("a"), Grow(2)]
    assert run(state, Spared("a"))[0].retiring == frozenset()


def test_who_could_not_leave_is_asked_again_after_a_second() -> None:
    state, _ = run(RUNNING, Scale(1), Observed(load("a", "b"), 1.0), Retired("a", 1.1, gone=False))
    assert run(state, Observed(load("a", "b"), 1.2))[1] == []
    assert run(state, Observed(load("a", "b"), 2.2))[1] == [Retire("a")]


def test_a_hold_keeps_all_workers() -> None:
    state, _ = run(RUNNING, Scale(1), Observed(load("a", "b"), 1.0))
    state, actions = run(state, Hold(), Spared("a"), Observed(load("a", "b"), 1.1))
    assert actions == [Spare("a")]
    with pytest.raises(PoolStateError, match="held"):
        run(RUNNING, Hold(), Scale(1))
    assert run(state, Release(), Observed(load("a", "b"), 1.2))[1] == [Retire("a")]


def test_what_cannot_be_had_is_not_kept_wanting() -> None:
    state, _ = run(RUNNING, Scale(5), Unscale(Dedicated(2)))
    assert run(state, Observed(load("a", "b"), 1.0))[1] == []


def test_a_failed_start_is_new_again_and_a_failed_resume_paused_again() -> None:
    assert run(NEW, Start(), Failed())[0].phase is Phase.NEW
    assert run(RUNNING, Pause(), Resume(), Failed())[0].phase is Phase.PAUSED


def test_nothing_happens_to_a_pool_that_is_paused_or_closed() -> None:
    for state in (run(RUNNING, Pause())[0], run(RUNNING, Close())[0]):
        assert run(state, Observed(load(waiting=5), 1.0), Grown(1, 1.0), Retired("a", 1.0, gone=True)) == (
            state,
            [],
        )


@pytest.mark.parametrize(
    ("phase", "refused"),
    [
        (Phase.NEW, [Pause(), Resume(), Scale(3), Hold()]),
        (Phase.STARTING, [Start(), Pause(), Resume(), Scale(3), Hold()]),
        (Phase.PAUSED, [Start(), Scale(3), Hold()]),
        (Phase.RESUMING, [Start(), Pause(), Resume(), Scale(3), Hold()]),
        (Phase.CLOSED, [Start(), Pause(), Resume(), Scale(3), Hold()]),
    ],
)
def test_a_command_at_the_wrong_time_is_refused_with_the_way_out(phase: Phase, refused: list[Event]) -> None:
    for event in refused:
        with pytest.raises(PoolStateError, match=f"'dw' is {phase}") as error:
            advance(replace(NEW, phase=phase), event)
        assert error.value.hint


@dataclass
class World:
    """A driver that does what it is told, when the test says so."""

    state: State
    now: float = 0.0
    workers: dict[str, int] = field(default_factory=dict)
    waiting: int = 0
    arrivals: int = 0
    asked: list[int] = field(default_factory=list)
    leaving: list[str] = field(default_factory=list)
    born: int = 0

    def tell(self, event: Event) -> None:
        held = self.state.holds
        self.state, actions = advance(self.state, event)
        for action in actions:
            match action:
                case Grow():
                    self.asked.append(action.count)
                case Retire():
                    assert not held, "a held worker was let go"
                    assert action.worker not in self.leaving
                    self.leaving.append(action.worker)
                case Spare():
                    self.leaving.remove(action.worker)
                    self.tell(Spared(action.worker))

    def look(self, seconds: float) -> None:
        self.now += seconds
        for name in self.workers.keys() - set(self.leaving):
            if self.waiting and not self.workers[name]:
                self.workers[name], self.waiting = 1, self.waiting - 1
        those = tuple(WorkerLoad(name, tasks=tasks) for name, tasks in self.workers.items())
        self.tell(Observed(Load(those, self.waiting, self.arrivals), self.now))

    def work(self, tasks: int) -> None:
        self.waiting, self.arrivals = self.waiting + tasks, self.arrivals + 1

    def finish(self) -> None:
        self.workers = dict.fromkeys(self.workers, 0)

    def die(self) -> None:
        if self.workers:
            self.workers.pop(next(iter(self.workers)))

    def grown(self, trouble: str | None) -> None:
        if self.asked:
            count = self.asked.pop(0)
            if trouble is None:
                self.workers |= {f"w{self.born + number}": 0 for number in range(count)}
                self.born += count
            self.tell(Grown(count, self.now, trouble))

    def retired(self, gone: bool) -> None:
        if self.leaving and not (gone and self.workers.get(self.leaving[0])):
            worker = self.leaving.pop(0)
            if gone:
                self.workers.pop(worker, None)
            self.tell(Retired(worker, self.now, gone))

    def hold(self) -> None:
        if self.state.phase is Phase.RUNNING:
            self.tell(Hold())

    def release(self) -> None:
        if self.state.holds:
            self.tell(Release())

    def scale(self, nodes: int) -> None:
        dedicated = isinstance(self.state.policy, Dedicated) and self.state.phase is Phase.RUNNING
        if dedicated and not (self.state.holds and nodes < self.state.policy.widest):
            self.tell(Scale(nodes))

    def check(self) -> None:
        state = self.state
        assert state.growing == sum(self.asked)
        assert state.retiring == set(self.leaving)
        if isinstance(state.policy, Serverless):
            assert len(self.workers) + state.growing <= state.policy.max_workers


moves = st.lists(
    st.one_of(
        st.tuples(st.just("look"), st.floats(0.05, 5.0)),
        st.tuples(st.just("work"), st.integers(1, 4)),
        st.tuples(st.just("grown"), st.sampled_from([None, None, "no memory"])),
        st.tuples(st.just("retired"), st.booleans()),
        st.tuples(st.just("scale"), st.integers(1, 4)),
        st.tuples(st.sampled_from(["finish", "die", "hold", "release"])),
    ),
    max_size=40,
)


def settle(world: World) -> None:
    """Let everything under way come to its end, and then enough time pass."""
    while world.state.holds:
        world.tell(Release())
    for _ in range(60):
        world.look(40.0)
        world.workers, world.waiting = dict.fromkeys(world.workers, 0), max(0, world.waiting - 5)
        while world.asked:
            world.grown(None)
        while world.leaving:
            world.retired(True)
        world.check()


@settings(deadline=None)
@given(st.sampled_from([Dedicated(2), Serverless(3, idle_seconds=1.0)]), moves)
def test_any_life_keeps_its_promises(policy: Policy, life: list[tuple[Any, ...]]) -> None:
    world = World(run(State("p", policy), Start())[0])
    for kind, *values in life:
        getattr(world, kind)(*values)
        world.check()
    settle(world)
    assert world.state.phase is Phase.RUNNING
    wanted = world.state.policy.widest if isinstance(world.state.policy, Dedicated) else 0
    assert len(world.workers) == wanted
