"""Steps of a study as records of the event log."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.events import (
    RoundMetrics,
    RungReached,
    TrialFailed,
    TrialFinished,
    TrialPromoted,
    TrialStarted,
    TrialStopped,
)
from engine.ml.tuning.state import Action, Event, Proposed, Reported, Run, StudyState, TrialState

if TYPE_CHECKING:
    from engine.events import Emit
    from engine.events import Event as Record


@dataclass(frozen=True, slots=True)
class Recorder:
    """Writes every step of a study into the event log.

    Attributes:
        study: Identifies the study.
        emit: Takes the records.
        maximise: Whether more of the metric is better.
    """

    study: str
    emit: Emit
    maximise: bool

    def __call__(
        self, before: StudyState, event: Event, after: StudyState, actions: Sequence[Action]
    ) -> None:
        """See `engine.ml.tuning.runner.Watch`."""
        for record in self._records(before, event, after, actions):
            self.emit(record)

    def failed(self, number: int, error: Exception) -> None:
        """A fit of a trial raised, which ends the session; a study that is resumed runs the trial again."""
        message = str(getattr(error, "message", "") or error)
        self.emit(TrialFailed(self.study, number, type(error).__name__, message))

    def _records(
        self, before: StudyState, event: Event, after: StudyState, actions: Sequence[Action]
    ) -> Iterator[Record]:
        if isinstance(event, Proposed):
            trial = after.trials[-1]
            yield TrialStarted(self.study, trial.number, trial.params)
        if isinstance(event, Reported):
            yield from self._reported(event, before.trials[event.number], after.trials[event.number])
        for action in actions:
            if isinstance(action, Run) and (trial := after.trials[action.number]).rung:
                yield TrialPromoted(self.study, trial.number, trial.rung - 1, action.rounds)

    def _reported(self, event: Reported, old: TrialState, new: TrialState) -> Iterator[Record]:
        yield RoundMetrics(self.study, new.number, old.rounds + 1, event.curve)
        for rung in range(old.rung, new.rung):
            score = new.scores[rung]
            yield RungReached(self.study, new.number, rung, new.rounds, score, new.core_seconds)
        score, rounds = new.best(self.maximise)
        if new.status == "complete" and not new.converged:
            yield TrialFinished(self.study, new.number, score, rounds, new.core_seconds)
        elif new.converged or new.status in ("stopped", "cut"):
            reason = "patience" if new.converged else "pruned" if new.status == "stopped" else "time"
            yield TrialStopped(
                self.study, new.number, reason, new.rounds, score, new.rung - 1, new.core_seconds
            )
