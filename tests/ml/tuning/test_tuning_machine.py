"""The study machine: what must hold for any schedule, number of slots, order of completions and crash."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from simulated import SECONDS_PER_ROUND, Simulation, replayed

from engine.ml.tuning.limits import overrun
from engine.ml.tuning.machine import Rules, ranked
from engine.ml.tuning.policies import Bandit, Median, Truncation
from engine.ml.tuning.schedules import Asha, Full, Halving, Hyperband, ladder
from engine.ml.tuning.state import Limits, Opened

HALVINGS = st.one_of(
    st.builds(Asha, st.integers(2, 4), st.integers(1, 10)),
    st.builds(Halving, st.integers(2, 4), st.integers(1, 10)),
    st.builds(Hyperband, st.integers(2, 4), st.integers(1, 10), st.booleans()),
)
SCHEDULES = st.one_of(
    HALVINGS,
    st.just(Full()),
    st.builds(Full, st.builds(Bandit, slack_factor=st.floats(0.05, 0.5))),
    st.builds(Full, st.builds(Median, delay_evaluation=st.integers(0, 30))),
    st.builds(Full, st.builds(Truncation, truncation_percentage=st.integers(1, 60))),
)
STUDIES: dict[str, Any] = {
    "schedule": SCHEDULES,
    "trials": st.integers(1, 24),
    "slots": st.integers(1, 5),
    "seed": st.integers(0, 10**6),
    "phases": st.integers(1, 3),
    "converges": st.sampled_from([0.0, 0.3]),
}


def simulation(
    schedule: Any, trials: int, slots: int, seed: int, phases: int = 1, converges: float = 0.0
) -> Simulation:
    rules = Rules(schedule, 60, True, phases)
    return Simulation(rules, slots, Limits(trials), seed, converges)


@settings(max_examples=80, deadline=None)
@given(**STUDIES)
def test_every_study_ends_with_all_trials_and_no_rung_runs_twice(**study: Any) -> None:
    made = simulation(**study)
    state = made.run()
    assert state.finished == "trials"
    assert len(state.trials) == study["trials"]
    assert len(set(made.ran)) == len(made.ran)
    assert not made.jobs
    assert all(trial.status in ("complete", "paused", "stopped") for trial in state.trials)
    assert all(len(trial.scores) <= len(trial.ladder) for trial in state.trials)
    assert any(trial.at_top or trial.converged or trial.status == "stopped" for trial in state.trials)


@settings(max_examples=60, deadline=None)
@given(schedule=HALVINGS, trials=st.integers(1, 24), slots=st.integers(1, 4), seed=st.integers(0, 10**6))
def test_only_the_best_are_promoted(schedule: Any, trials: int, slots: int, seed: int) -> None:
    made = simulation(schedule, trials, slots, seed)
    state = made.run()
    groups: dict[int, list[Any]] = {}
    for trial in state.trials:
        groups.setdefault(trial.bracket, []).append(trial)
    for group in groups.values():
        for rung in range(len(group[0].ladder) - 1):
            reached = ranked([t for t in group if t.rung > rung], rung, maximise=True)
            promoted = [t for t in reached if t.rung > rung + 1]
            if isinstance(schedule, Halving) or getattr(schedule, "synchronous", False):
                assert promoted == reached[: len(promoted)]
                assert len(promoted) == max(1, len(reached) // schedule.reduction)
            elif reached:
                # A race may have promoted what was best at the time; the best of all is always among them.
                assert reached[0].rung > rung + 1


@settings(max_examples=60, deadline=None)
@given(cut=st.floats(0, 1), **STUDIES)
def test_a_crash_at_any_event_changes_no_decision(cut: float, **study: Any) -> None:
    """With one slot the order is fixed: what resumes from a prefix of the journal ends as what never died."""
    study["slots"] = 1
    whole = simulation(**study)
    expected = whole.run()
    kept = whole.events[: 1 + int(cut * (len(whole.events) - 1))]
    again = simulation(**study)
    for state, _ in replayed(again.rules, kept):
        again.state = state
    again.events = list(kept)
    if not again.state.finished:
        again.take(Opened(1, again.limits, again.state.elapsed))
        while not again.state.finished:
            again.take(again.report(again.jobs.pop(0)))
    assert again.state.trials == expected.trials
    done = {(number, rung) for number, rung in whole.ran}
    before = {(e.number, None) for e in kept if hasattr(e, "number")}
    assert set(again.ran) <= done
    assert len(again.ran) + sum(hasattr(e, "number") for e in kept) == len(whole.ran), before


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6), slots=st.integers(2, 5), trials=st.integers(2, 24))
def test_cohorts_promote_the_same_in_any_order(seed: int, slots: int, trials: int) -> None:
    schedule = Halving(3, 5)
    one, many = simulation(schedule, trials, 1, seed), simulation(schedule, trials, slots, seed)
    assert one.run().trials == many.run().trials


@settings(max_examples=40, deadline=None)
@given(
    schedule=SCHEDULES,
    budget=st.floats(3.0, 200.0),
    slots=st.integers(1, 4),
    seed=st.integers(0, 10**6),
    name=st.sampled_from(["core_seconds", "seconds"]),
)
def test_limits_are_kept(schedule: Any, budget: float, slots: int, seed: int, name: str) -> None:
    """At an even pace the only thing that may exceed a limit is what starts before any pace is known."""
    rules = Rules(schedule, 60, True)
    limits = Limits(None, **{name: budget})
    state = Simulation(rules, 1 if name == "seconds" else slots, limits, seed).run()
    first = state.trials[0].ladder[0] * SECONDS_PER_ROUND * slots
    assert overrun(state).get(name, 0.0) <= max(0.0, first - budget) + 1e-6
    assert state.finished == name


def test_a_study_goes_on_with_more_trials() -> None:
    made = simulation(Asha(3, 5), 9, 2, 1)
    made.run()
    made.take(Opened(2, Limits(18), 0.0))
    while not made.state.finished:
        made.take(made.report(made.jobs.pop(0)))
    assert len(made.state.trials) == 18
    assert len(set(made.ran)) == len(made.ran)


def test_the_outer_loop_ends_one_value_before_it_begins_the_next() -> None:
    made = simulation(Asha(3, 5), 20, 3, 5, phases=3)
    phases = []
    made.run()
    for state, _ in replayed(made.rules, made.events):
        phases += [trial.phase for trial in state.running]
    assert phases == sorted(phases)
    assert [sum(t.phase == phase for t in made.state.trials) for phase in range(3)] == [7, 7, 6]


def test_ladders() -> None:
    assert ladder(81, 3, 1) == (1, 3, 9, 27, 81)
    assert ladder(400, 4, 20) == (25, 100, 400)
    assert ladder(3, 3, 5) == (3,)


def test_hyperband_shares_are_its_own() -> None:
    brackets = Hyperband(3, 1).brackets(81, None)
    assert [bracket.share for bracket in brackets] == [81, 34, 15, 8, 5]
    assert [bracket.ladder[0] for bracket in brackets] == [1, 3, 9, 27, 81]
    assert sum(bracket.share for bracket in Hyperband(3, 1).brackets(81, 40)) == 40


@pytest.mark.parametrize("given", ["nonsense", 3, None])
def test_unknown_schedules_are_refused(given: Any) -> None:
    from engine.errors import OptionError
    from engine.ml.tuning.schedules import schedule_of

    with pytest.raises(OptionError, match="asha"):
        schedule_of(given)
