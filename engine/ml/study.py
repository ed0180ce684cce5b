"""What a search found: its trials and the best of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from engine.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

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
        seconds: Wall time on its worker.
        curve: The metric on the validation rows after every round.
    """

    number: int
    params: dict[str, Any]
    score: float
    rounds: int
    seconds: float
    curve: tuple[float, ...]


@dataclass(frozen=True)
class Study:
    """A finished search.

    Attributes:
        trials: In the order of their numbers.
        best: The best trial's model, trained on the training rows.
        data: The training set, still on the pool: `pool.train(study.data, ...)` reads nothing again.
        metric: XGBoost's name of the metric.
        seconds: Wall time of the search.
        run_id: The MLflow run whose children the trials are.
    """

    trials: tuple[Trial, ...]
    best: TrainedModel
    data: TrainingSet
    metric: str
    seconds: float
    run_id: str

    @property
    def best_trial(self) -> Trial:
        return best_of(self.trials, maximise=self.data.label.maximise)

    def leaderboard(self) -> pd.DataFrame:
        """Trials, best first: number, score, rounds, seconds and a column per parameter."""
        import pandas as pd

        rows = [
            {"trial": t.number, self.metric: t.score, "rounds": t.rounds, "seconds": t.seconds, **t.params}
            for t in self.trials
        ]
        frame = pd.DataFrame(rows)
        return frame.sort_values(self.metric, ascending=not self.data.label.maximise, ignore_index=True)

    def __repr__(self) -> str:
        best = self.best_trial
        return (
            f"Study({len(self.trials)} trials, best {self.metric}={best.score:.5f} "
            f"of trial {best.number} after {best.rounds} rounds, {self.seconds:.1f} s)"
        )

    def _repr_html_(self) -> str:
        return f"<p>{self!r}</p>{self.leaderboard().head(10).to_html(index=False)}"


def best_of(trials: tuple[Trial, ...], *, maximise: bool) -> Trial:
    """The best trial; the earlier one where two are equal.

    Raises:
        DataError: No trial scored a number (the validation rows hold one class only, say).
    """
    scored = [trial for trial in trials if trial.score == trial.score]  # NaN is no score
    if not scored:
        raise DataError(
            "No trial has a score: the metric is undefined on the validation rows.",
            "More rows, a larger valid= share, or another metric= will give it a value.",
        )
    sign = -1.0 if maximise else 1.0
    return min(scored, key=lambda trial: (sign * trial.score, trial.number))
