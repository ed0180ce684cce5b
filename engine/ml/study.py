"""What a search found: its trials and the best of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

from engine.errors import DataError, OptionError

if TYPE_CHECKING:
    import pandas as pd

    from engine.dashboard.plots import Picture
    from engine.ml.trained import TrainedModel
    from engine.ml.training_set import TrainingSet


@dataclass(frozen=True, slots=True)
class Trial:
    """One set of parameters that was tried.

    Attributes:
        number: In the order in which the sampler proposed them, from 0.
        params: The sampled parameters (the fixed ones are the study's).
        score: The study's metric on the validation rows at the best round.
        rounds: That round, counted from 1.
        seconds: CPU time of its fits.
        curve: The metric on the validation rows after every round that was trained.
        status: `complete` (all rounds, or no longer getting better), `paused` at a rung from which others
            were promoted, `stopped` by a policy, or `cut` by a limit.
        rungs: Rungs that it reached.

    `model()` makes a model of it, and so does `workspace.models.register(name, trial)`.
    """

    number: int
    params: dict[str, Any]
    score: float
    rounds: int
    seconds: float
    curve: tuple[float, ...] = field(repr=False)
    status: str = "complete"
    rungs: int = 1
    _model: Callable[[], TrainedModel] | None = field(default=None, repr=False, compare=False)

    def model(self) -> TrainedModel:
        """Its booster up to its best round, judged on rows that the search has not seen, as `study.best` is.

        Raises:
            OptionError: It has no booster, or has gone on since, in a study that was resumed.
            PoolStateError: The study's pool is closed.
        """
        if self._model is None:
            raise OptionError(
                f"Trial {self.number} is not of a study at hand.",
                "Take it from the trials of pool.resume_study(...).",
            )
        return self._model()

    def __reduce__(self) -> tuple[Any, ...]:
        # `_model` stays behind: it holds the pool
        return type(self), tuple(getattr(self, each.name) for each in fields(self)[:-1])


@dataclass(frozen=True)
class Study:
    """A search that is over, or has come to a limit.

    Attributes:
        name: What its journal is found by: `pool.resume_study(name)`.
        trials: In the order of their numbers.
        best: The best trial's model, trained on the training rows (with a k-fold split on all rows that do
            not test, for the best trial's rounds).
        data: The training set: `pool.train(study.data, ...)` fits no features again.
        metric: Name of the metric.
        seconds: Wall time of the search.
        core_seconds: CPU time of all fits, the building of matrices included.
        finished: Why it ended: `trials`, `seconds` or `core_seconds`.
        overrun: By how much limits were exceeded, by name.
        notes: What was done otherwise than the words say.
        run_id: The MLflow run whose children the trials are.
    """

    name: str
    trials: tuple[Trial, ...]
    best: TrainedModel
    data: TrainingSet
    metric: str
    seconds: float
    core_seconds: float
    finished: str
    overrun: Mapping[str, float]
    notes: tuple[str, ...]
    run_id: str
    _resume: Callable[..., Study] = field(repr=False)

    @property
    def best_trial(self) -> Trial:
        return best_of(self.trials, maximise=self.data.label.maximise)

    def resume(self, **limits: float | None) -> Study:
        """Go on, with limits that allow more: `study.resume(trials=100)`, `study.resume(seconds=600)`.

        What is finished is not run again. Limits that are not named stay as they were.

        Raises:
            OptionError: Another process is at it.
            PoolStateError: The study's pool is closed; `pool.resume_study(study.name)` takes another.
        """
        return self._resume(**limits)

    def leaderboard(self) -> pd.DataFrame:
        """Trials, best first: number, score, rounds, status, seconds and a column per parameter."""
        import pandas as pd

        rows = [
            {
                "trial": t.number,
                self.metric: t.score,
                "rounds": t.rounds,
                "trained": len(t.curve),
                "status": t.status,
                "seconds": t.seconds,
                **t.params,
            }
            for t in self.trials
        ]
        frame = pd.DataFrame(rows)
        return frame.sort_values(
            [self.metric, "trial"], ascending=[not self.data.label.maximise, True], ignore_index=True
        )

    def plot(self) -> Picture:
        """Trials, curves, parallel coordinates and what mattered; `.save("study.html")` or `.png`."""
        from engine.dashboard.plots import study_picture

        maximise = self.data.label.maximise
        return study_picture(
            self.name, self.metric, maximise=maximise, trials=self.trials, seconds=self.seconds
        )

    def __repr__(self) -> str:
        best = self.best_trial
        over = "".join(f", {amount:.1f} over {name}" for name, amount in self.overrun.items())
        return (
            f"Study({self.name!r}, {len(self.trials)} trials, best {self.metric}={best.score:.5f} of trial "
            f"{best.number} after {best.rounds} rounds, {self.seconds:.1f} s, "
            f"{self.core_seconds:.1f} core-seconds{over})"
        )

    def _repr_html_(self) -> str:
        return f"<p>{self!r}</p>{self.leaderboard().head(10).to_html(index=False)}"


def best_of(trials: tuple[Trial, ...], *, maximise: bool) -> Trial:
    """The best trial; the earlier one where two are equal.

    Raises:
        DataError: No trial scored a number (the validation rows hold one class only, say).
    """
    scored = [trial for trial in trials if not math.isnan(trial.score)]
    if not scored:
        raise DataError(
            "No trial has a score: the metric is undefined on the validation rows.",
            "More rows, a larger valid= share, or another metric= will give it a value.",
        )
    sign = -1.0 if maximise else 1.0
    return min(scored, key=lambda trial: (sign * trial.score, trial.number))
