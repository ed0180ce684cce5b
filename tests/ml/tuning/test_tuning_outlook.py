"""What trials are ranked by, what the sampler is told, and which trials go on whatever they have come to."""

from __future__ import annotations

import math
from typing import Any

import optuna
import pytest
from hypothesis import given
from hypothesis import strategies as st
from simulated import Simulation

from engine.ml.tuning.machine import Rules
from engine.ml.tuning.outlook import outlook, projected
from engine.ml.tuning.proposer import Proposer
from engine.ml.tuning.schedules import Asha, Hyperband
from engine.ml.tuning.state import Limits, StudyState, TrialState

CURVES = st.lists(st.floats(-5, 5) | st.just(math.nan), min_size=1, max_size=40)


def trial(number: int, curve: list[float], rungs: tuple[int, ...], done: int, **more: Any) -> TrialState:
    """A trial with so many rungs done, each judged by what its curve was then."""
    outlooks = tuple(
        outlook(curve[:rounds], rungs[-1], converged=False, maximise=True) for rounds in rungs[:done]
    )
    scores = tuple(max(curve[:rounds]) for rounds in rungs[:done])
    return TrialState(
        number, {"eta": 0.1}, 0, 0, rungs, curve=tuple(curve), scores=scores, outlooks=outlooks, **more
    )


@given(CURVES, st.integers(1, 100), st.booleans(), st.booleans())
def test_an_outlook_is_never_worse_than_what_is_there(
    curve: list[float], top: int, converged: bool, maximise: bool
) -> None:
    found = outlook(curve, top, converged=converged, maximise=maximise)
    known = [value for value in curve if not math.isnan(value)]
    if not known:
        assert math.isnan(found)
        return
    best = max(known) if maximise else min(known)
    assert found >= best if maximise else found <= best
    if converged or len(curve) >= top:
        assert found == best
    mirrored = outlook([-value for value in curve], top, converged=converged, maximise=not maximise)
    assert mirrored == -found


def test_who_still_gets_better_is_ahead_of_who_is_done_learning() -> None:
    rising = [0.70 + 0.004 * i for i in range(20)]  # 0.776 at the end
    flat = [0.78] * 20
    assert outlook(rising, 400, converged=False, maximise=True) > outlook(
        flat, 400, converged=False, maximise=True
    )
    assert outlook(rising, 20, converged=False, maximise=True) == rising[-1]


def test_a_trial_that_waits_is_projected_to_gain_what_the_others_gained() -> None:
    rungs = (4, 8, 16)
    whole = [
        trial(0, [0.5] * 4 + [0.6] * 4 + [0.7] * 8, rungs, 3),
        trial(1, [0.5] * 4 + [0.8] * 4 + [0.8] * 8, rungs, 3),
    ]
    waits, new = trial(2, [0.55] * 4, rungs, 1), trial(3, [], rungs, 0)
    found = projected([*whole, waits, new])
    assert found[0] == 0.7
    assert found[1] == 0.8
    assert 3 not in found
    steps = [
        [after - before for before, after in zip(t.outlooks, t.outlooks[1:], strict=False)] for t in whole
    ]
    expected = 0.55 + sum((one + other) / 2 for one, other in zip(*steps, strict=True))
    assert found[2] == pytest.approx(expected)


class Listening(optuna.samplers.RandomSampler):
    """A user's own sampler, which keeps what it was told."""

    def before_trial(self, study: optuna.Study, trial: optuna.trial.FrozenTrial) -> None:
        self.told = study.get_trials(deepcopy=False)


def test_the_sampler_is_told_projections() -> None:
    rungs = (4, 8, 16)
    trials = (
        trial(0, [0.5] * 4 + [0.6] * 4 + [0.7] * 8, rungs, 3, status="complete"),
        trial(1, [0.55] * 4, rungs, 1, status="paused"),
        trial(2, [], rungs, 0),
    )
    sampler = Listening(seed=1)
    space = {"eta": optuna.distributions.FloatDistribution(0.01, 0.3)}
    Proposer(space, sampler, 0, True).propose(StudyState(trials=trials))
    told = sampler.told[:3]
    assert [t.state.name for t in told] == ["COMPLETE", "COMPLETE", "RUNNING"]
    assert [t.value for t in told[:2]] == [projected(trials)[0], projected(trials)[1]]
    assert told[1].value > 0.7


@pytest.mark.parametrize("schedule", [Asha(3, 5), Hyperband(3, 5)])
@pytest.mark.parametrize("slots", [1, 3])
def test_starts_pass_their_first_rung_and_the_first_two_are_whole(schedule: Any, slots: int) -> None:
    for seed in range(8):
        made = Simulation(Rules(schedule, 60, True, starts=4), slots, Limits(12), seed)
        starts = made.run().trials[:4]
        assert starts[0].at_top
        assert starts[1].at_top
        assert starts[2].at_top
        assert all(start.rung >= min(2, len(start.ladder)) for start in starts)
        alone = Simulation(Rules(schedule, 60, True), slots, Limits(12), seed).run().trials[:4]
        if not alone[0].at_top:
            return
    pytest.fail("no seed whose first trial is not at the top by itself")
