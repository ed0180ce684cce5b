"""Limits that mean it: what cannot finish within them is not started."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.ml.tuning.state import StudyState, TrialState


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is left of the limits for one more fit; None where there is no limit."""

    seconds: float | None
    core_seconds: float | None

    def covers(self, cost: float | None) -> bool:
        """Whether a fit of so many CPU seconds on one thread fits in; an unknown cost fits into anything."""
        left = [amount for amount in (self.seconds, self.core_seconds) if amount is not None]
        return all(amount > 0 and (cost is None or cost <= amount) for amount in left)


def allowance(state: StudyState) -> Allowance:
    """What is left when all that runs will have had what it is expected to need."""
    limits = state.limits
    seconds = None if limits.seconds is None else limits.seconds - state.elapsed
    cores = None
    if limits.core_seconds is not None:
        reserved = sum(cost_of(state, trial, trial.target) or 0.0 for trial in state.running)
        cores = limits.core_seconds - state.core_seconds - reserved
    return Allowance(seconds, cores)


def cost_of(state: StudyState, trial: TrialState | None, rounds: int) -> float | None:
    """Expected CPU seconds until a trial has so many rounds; None while no fit has been seen.

    A trial goes on at the pace of its own rounds so far. One that is new is expected to be as slow as the
    slowest seen: the limit is to be kept rather than used up.
    """
    if trial is not None and trial.rounds:
        return (rounds - trial.rounds) * trial.core_seconds / trial.rounds
    paces = [seen.core_seconds / seen.rounds for seen in state.trials if seen.rounds]
    return max(paces) * rounds if paces else None


def overrun(state: StudyState) -> dict[str, float]:
    """By how much each limit was exceeded, in its own unit; limits that were kept are left out."""
    limits = state.limits
    used = {"seconds": state.elapsed, "core_seconds": state.core_seconds}
    over = {name: used[name] - limit for name in used if (limit := getattr(limits, name)) is not None}
    return {name: amount for name, amount in over.items() if amount > 0}
