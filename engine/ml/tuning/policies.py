"""Early-termination policies, as Azure ML defines them: bandit, median, truncation.

A report is the metric of one boosting round. A policy is asked at every multiple of `evaluation_interval`
reports that is at least `delay_evaluation`.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from engine.errors import OptionError

Curve = Sequence[float]


@dataclass(frozen=True, slots=True)
class Seen:
    """What a policy is told of a trial.

    Attributes:
        curve: Its metric after every round.
        finished: It has had all of its rounds, or has stopped getting better.
    """

    curve: Curve
    finished: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """When it is asked. The kinds of policy say what it answers.

    Attributes:
        evaluation_interval: Reports from one question to the next.
        delay_evaluation: Reports before the first question.
    """

    evaluation_interval: int = 1
    delay_evaluation: int = 0

    def __post_init__(self) -> None:
        if self.evaluation_interval < 1 or self.delay_evaluation < 0:
            raise OptionError(
                f"evaluation_interval={self.evaluation_interval}, delay_evaluation={self.delay_evaluation} "
                "make no sense.",
                "The interval is at least 1 report, the delay at least 0.",
            )

    def rungs(self, max_rounds: int) -> tuple[int, ...]:
        """The rounds below `max_rounds` at which it is asked."""
        step = self.evaluation_interval
        first = max(step, -(-self.delay_evaluation // step) * step)
        return tuple(range(first, max_rounds, step))

    def ends(self, mine: Curve, others: Sequence[Seen], reports: int, *, maximise: bool) -> bool:
        """Whether a trial ends after so many reports.

        Args:
            mine: Its metric, round by round.
            others: The other trials that have reported as often, or have finished before.
            reports: How many reports count.
            maximise: Whether more is better.
        """
        raise NotImplementedError


@dataclass(frozen=True, slots=True, kw_only=True)
class Bandit(Policy):
    """Ends what is behind the best at the same number of reports by more than a slack.

    Attributes:
        slack_factor: As a ratio: when maximising, a trial ends below `best / (1 + slack_factor)`.
        slack_amount: As a difference.
    """

    slack_factor: float | None = None
    slack_amount: float | None = None

    def __post_init__(self) -> None:
        Policy.__post_init__(self)
        given = [slack for slack in (self.slack_factor, self.slack_amount) if slack is not None]
        if len(given) != 1 or given[0] < 0:
            raise OptionError(
                "A bandit policy needs one slack of at least 0.", "Give slack_factor= or slack_amount=."
            )

    def ends(self, mine: Curve, others: Sequence[Seen], reports: int, *, maximise: bool) -> bool:
        """See `Policy`."""
        best = _best([_best(seen.curve[:reports], maximise) for seen in others], maximise)
        own = _best(mine[:reports], maximise)
        if best is None:
            return False
        if own is None:
            return True
        if self.slack_amount is not None:
            slack = self.slack_amount
        elif maximise and best > 0:
            slack = best - best / (1 + (self.slack_factor or 0))
        else:
            slack = abs(best) * (self.slack_factor or 0)
        return own < best - slack if maximise else own > best + slack


@dataclass(frozen=True, slots=True, kw_only=True)
class Median(Policy):
    """Ends what is worse, at its best, than the median of the others' averages so far."""

    def ends(self, mine: Curve, others: Sequence[Seen], reports: int, *, maximise: bool) -> bool:
        """See `Policy`."""
        averages = [statistics.fmean(known) for seen in others if (known := _known(seen.curve[:reports]))]
        own = _best(mine[:reports], maximise)
        if not averages:
            return False
        if own is None:
            return True
        middle = statistics.median(averages)
        return own < middle if maximise else own > middle


@dataclass(frozen=True, slots=True, kw_only=True)
class Truncation(Policy):
    """Ends the worst share of the trials at every question.

    Attributes:
        truncation_percentage: Of the trials that have reported as often, 1 to 99.
        exclude_finished_jobs: Leave trials that have finished out of the comparison.
    """

    truncation_percentage: int = 10
    exclude_finished_jobs: bool = False

    def __post_init__(self) -> None:
        Policy.__post_init__(self)
        if not 1 <= self.truncation_percentage <= 99:
            raise OptionError(
                f"truncation_percentage={self.truncation_percentage} makes no sense.", "Use 1 to 99."
            )

    def ends(self, mine: Curve, others: Sequence[Seen], reports: int, *, maximise: bool) -> bool:
        """See `Policy`."""
        peers = [seen for seen in others if not (self.exclude_finished_jobs and seen.finished)]
        scores = [_best(seen.curve[:reports], maximise) for seen in peers]
        own = _best(mine[:reports], maximise)
        if own is None:
            return True
        worse = sum(score is None or (score < own if maximise else score > own) for score in scores)
        return worse < math.floor((len(scores) + 1) * self.truncation_percentage / 100)


def _known(values: Sequence[float | None]) -> list[float]:
    return [value for value in values if value is not None and not math.isnan(value)]


def _best(values: Sequence[float | None], maximise: bool) -> float | None:
    known = _known(values)
    if not known:
        return None
    return max(known) if maximise else min(known)
