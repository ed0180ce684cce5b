"""Where the rungs of a trial lie, whatever its parameters."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from engine.ml.tuning.schedules import Asha

(RACE,) = Asha().brackets(400, 40)
RATES, DEPTHS = st.floats(1e-4, 1.0), st.integers(1, 30)


@given(RATES, DEPTHS)
def test_rungs_rise_to_the_top(rate: float, depth: int) -> None:
    rungs = RACE.ladder_of({"eta": rate, "max_depth": depth})
    assert len(rungs) == len(RACE.ladder)
    assert list(rungs) == sorted({*rungs, 400} - {0})


@given(RATES, DEPTHS)
def test_slow_learners_and_shallow_trees_are_judged_later(rate: float, depth: int) -> None:
    rungs = RACE.ladder_of({"eta": rate, "max_depth": depth})
    slower = RACE.ladder_of({"eta": rate / 2, "max_depth": depth})
    deeper = RACE.ladder_of({"eta": rate, "max_depth": 2 * depth})
    assert all(later >= rung for later, rung in zip(slower, rungs, strict=True))
    assert all(sooner <= rung for sooner, rung in zip(deeper, rungs, strict=True))


def test_a_usual_trial_is_judged_where_the_ladder_says() -> None:
    assert RACE.ladder_of({"learning_rate": 0.1, "max_depth": 6}) == RACE.ladder
    assert RACE.ladder_of({"eta": 0.1, "max_depth": 0}) == RACE.ladder, "depth 0 has no limit"
    assert RACE.ladder_of({}) == RACE.ladder


def test_rungs_that_the_user_sets_stay_where_they_are() -> None:
    (race,) = Asha(min_rounds=10).brackets(400, 40)
    assert race.ladder_of({"eta": 0.01, "max_depth": 3}) == race.ladder
