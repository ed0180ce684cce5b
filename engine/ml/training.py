"""Searches and fits as MLflow runs: what was asked, what came out, where the rows came from."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from engine.errors import OptionError
from engine.ml.one_fit import OneFit, fit_on_all_workers
from engine.ml.params import check_booster, check_params
from engine.ml.search import SearchPlan, search
from engine.ml.split import FOLD_NAMES, TEST, TRAIN, VALID
from engine.ml.study import Study, Trial, best_of
from engine.ml.trained import TrainedModel

if TYPE_CHECKING:
    from engine.ml.tracking import Tracking
    from engine.ml.training_set import TrainingSet
    from pools import Pool


@dataclass(frozen=True)
class TrainPlan:
    """What to train.

    Attributes:
        params: XGBoost parameters.
        rounds: Boosting rounds, all of which are kept.
        seed: Seeds the booster.

    Raises:
        OptionError: A parameter that XGBoost does not know, rounds below 1.
        UnsupportedError: A booster other than trees.
    """

    params: Mapping[str, Any] = field(default_factory=dict)
    rounds: int = 100
    seed: int = 0

    def __post_init__(self) -> None:
        check_params(self.params)
        check_booster(self.params)
        if self.rounds < 1:
            raise OptionError(f"rounds={self.rounds} makes no sense.", "rounds must be at least 1.")


def run_search(
    pool: Pool,
    data: TrainingSet,
    plan: SearchPlan,
    *,
    tracking: Tracking,
    name: str,
    on_trial: Callable[[Trial], None],
) -> Study:
    """Search, with the study as an MLflow run and every trial as a child run of it.

    The best model's figures are those of the test fold, which the search has not seen.
    """
    started = time.perf_counter()
    with tracking.run(name, tags=_tags(data, "study")) as run_id:
        tracking.log(run_id, params=_study_params(data, plan))

        def record(trial: Trial) -> None:
            _log_trial(tracking, run_id, trial, data.label.metric)
            on_trial(trial)

        trials, fitted = search(pool, data, plan, on_trial=record)
        winner = best_of(trials, maximise=data.label.maximise)
        best = TrainedModel(
            booster=fitted.booster,
            features=data.features,
            label=data.label,
            params={**plan.params, **winner.params, "seed": plan.seed + winner.number},
            rounds=winner.rounds,
            evaluation=data.evaluate(pool, fitted.booster, fold=_judged_on(data)),
            lineage=data.lineage,
            sample=data.sample,
            run_id=run_id,
        )
        seconds = time.perf_counter() - started
        tracking.log(
            run_id,
            params={f"best.{key}": value for key, value in winner.params.items()},
            metrics={
                f"best_{data.label.metric}": winner.score,
                **best.evaluation.metrics,
                "seconds": seconds,
            },
        )
    return Study(trials, best, data, data.label.metric, seconds, run_id)


def run_training(
    pool: Pool, data: TrainingSet, plan: TrainPlan, *, tracking: Tracking, name: str
) -> TrainedModel:
    """One fit over all workers on every row outside the test fold, as an MLflow run."""
    params = {**data.label.params, **plan.params, "seed": plan.seed}
    with tracking.run(name, tags=_tags(data, "train")) as run_id:
        tracking.log(run_id, params={**params, "rounds": plan.rounds, **_data_params(data)})
        booster = fit_on_all_workers(pool, data, OneFit(params, plan.rounds, (TRAIN, VALID)))
        model = TrainedModel(
            booster=booster,
            features=data.features,
            label=data.label,
            params=params,
            rounds=plan.rounds,
            evaluation=data.evaluate(pool, booster, fold=_judged_on(data)),
            lineage=data.lineage,
            sample=data.sample,
            run_id=run_id,
        )
        tracking.log(run_id, metrics=model.evaluation.metrics)
    return model


def _judged_on(data: TrainingSet) -> int:
    """The test fold, or the validation fold where the user asked for no test rows."""
    return TEST if data.split.test else VALID


def _log_trial(tracking: Tracking, parent: str, trial: Trial, metric: str) -> None:
    with tracking.run(f"trial {trial.number}", tags={"tarn.kind": "trial"}, parent=parent) as run_id:
        tracking.log(run_id, params=trial.params, metrics={"rounds": trial.rounds, "seconds": trial.seconds})
        tracking.log_curve(run_id, metric, trial.curve)


def _tags(data: TrainingSet, kind: str) -> dict[str, str]:
    return {
        "tarn.kind": kind,
        "tarn.source": data.lineage.source,
        "tarn.source_version": str(data.lineage.version),
    }


def _data_params(data: TrainingSet) -> dict[str, Any]:
    return {
        "target": data.label.column,
        "features": len(data.features.preparation.feature_names),
        **{f"rows.{name}": data.count(fold) for fold, name in enumerate(FOLD_NAMES)},
    }


def _study_params(data: TrainingSet, plan: SearchPlan) -> dict[str, Any]:
    return {
        "objective": data.label.objective,
        "metric": data.label.metric,
        "trials": plan.trials,
        "max_rounds": plan.max_rounds,
        "patience": plan.patience,
        "search_seed": plan.seed,
        **{f"space.{name}": str(distribution) for name, distribution in plan.space.items()},
        **{f"fixed.{name}": value for name, value in plan.params.items()},
        **_data_params(data),
    }
