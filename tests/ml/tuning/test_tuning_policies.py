"""Early termination as Azure ML defines it: its own examples, and what follows from its words."""

from __future__ import annotations

import pytest

from engine.errors import OptionError
from engine.ml.tuning.policies import Bandit, Median, Seen, Truncation


def seen(*scores: float) -> list[Seen]:
    return [Seen((score,) * 10) for score in scores]


@pytest.mark.parametrize(("score", "ends"), [(0.66, True), (0.667, False), (0.8, False)])
def test_bandit_by_factor_as_in_the_documentation(score: float, ends: bool) -> None:
    """The best has 0.8 at interval 10: what is below 0.8 / 1.2 = 0.666 ends."""
    policy = Bandit(slack_factor=0.2)
    assert policy.ends((score,) * 10, seen(0.8, 0.5), 10, maximise=True) is ends


@pytest.mark.parametrize(("score", "ends"), [(1.19, False), (1.21, True)])
def test_bandit_minimises_too(score: float, ends: bool) -> None:
    assert Bandit(slack_factor=0.2).ends((score,) * 10, seen(1.0), 10, maximise=False) is ends


def test_bandit_by_amount_and_below_zero() -> None:
    assert Bandit(slack_amount=0.1).ends((0.69,) * 3, seen(0.8), 3, maximise=True)
    assert not Bandit(slack_amount=0.1).ends((0.71,) * 3, seen(0.8), 3, maximise=True)
    assert not Bandit(slack_factor=0.2).ends((-0.55,) * 3, seen(-0.5), 3, maximise=True)
    assert Bandit(slack_factor=0.2).ends((-0.61,) * 3, seen(-0.5), 3, maximise=True)


def test_bandit_counts_the_best_so_far_not_the_last() -> None:
    assert not Bandit(slack_amount=0.05).ends((0.8, 0.1), seen(0.8), 2, maximise=True)


def test_median_compares_the_best_with_the_others_running_averages() -> None:
    others = [Seen((0.2, 0.4)), Seen((0.5, 0.7)), Seen((0.6, 0.8))]  # averages 0.3, 0.6, 0.7
    assert Median().ends((0.1, 0.59), others, 2, maximise=True)
    assert not Median().ends((0.1, 0.61), others, 2, maximise=True)
    assert not Median().ends((0.1,), [], 1, maximise=True)


def test_truncation_ends_the_worst_share() -> None:
    policy = Truncation(truncation_percentage=20)
    others = seen(0.5, 0.6, 0.7, 0.8)
    assert policy.ends((0.4,), others, 1, maximise=True)
    assert not policy.ends((0.55,), others, 1, maximise=True)
    assert not policy.ends((0.4,), seen(0.5, 0.6), 1, maximise=True)  # a fifth of three is nobody


def test_truncation_may_leave_finished_trials_out() -> None:
    others = [Seen((0.1,), finished=True), *seen(0.5, 0.6, 0.7, 0.8)]
    assert not Truncation(truncation_percentage=20).ends((0.4,), others, 1, maximise=True)
    assert Truncation(truncation_percentage=20, exclude_finished_jobs=True).ends(
        (0.4,), others, 1, maximise=True
    )


def test_the_interval_counts_reports_and_the_delay_comes_first() -> None:
    assert Median(evaluation_interval=5, delay_evaluation=12).rungs(31) == (15, 20, 25, 30)
    assert Median().rungs(4) == (1, 2, 3)


@pytest.mark.parametrize(
    "make",
    [
        Bandit,
        lambda: Bandit(slack_factor=0.1, slack_amount=0.1),
        lambda: Bandit(slack_factor=-1),
        lambda: Truncation(truncation_percentage=0),
        lambda: Median(evaluation_interval=0),
        lambda: Median(delay_evaluation=-1),
    ],
)
def test_what_makes_no_sense_is_refused(make: object) -> None:
    with pytest.raises(OptionError):
        make()  # type: ignore[operator]
