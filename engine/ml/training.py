"""Searches and fits as MLflow runs: what was asked, what came out, where the rows came from."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from engine.errors import OptionError
from engine.events import ModelTrained, tracked
from engine.ml.constraints import placed
from engine.ml.one_fit import OneFit, fit_once
from engine.ml.params import check_booster, check_numbers, check_params
from engine.ml.provenance import Made
from engine.ml.split import TEST, VALID
from engine.ml.study_runs import data_params, tags_of
from engine.ml.trained import TrainedModel

if TYPE_CHECKING:
    from engine.events import Emit
    from engine.ml.study import Trial
    from engine.ml.tracking import Tracking
    from engine.ml.training_set import TrainingSet
    from engine.ml.tuning.archive import Asked
    from pools import Pool


@dataclass(frozen=True)
class TrainPlan:
    """What to train.

    Attributes:
        params: XGBoost parameters.
        rounds: Boosting rounds, those of `model` among them.
        patience: Rounds without improvement on the validation rows after which it stops, keeping the best;
            None trains on every row that does not test, to the last round.
        seed: Seeds the booster.
        workers: `one`, `all`, or None to choose by the size of the matrix.
        model: A model to go on from.

    Raises:
        OptionError: A parameter that XGBoost does not know, a number below 1.
        UnsupportedError: A booster other than trees.
    """

    params: Mapping[str, Any] = field(default_factory=dict)
    rounds: int = 100
    patience: int | None = None
    seed: int = 0
    workers: str | None = None
    model: TrainedModel | None = None

    def __post_init__(self) -> None:
        check_params(self.params)
        check_booster(self.params)
        check_numbers(self.params)
        for name in ("rounds", "patience"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise OptionError(f"{name}={value} makes no sense.", f"{name} must be at least 1.")
        if self.model is not None and self.rounds <= self.model.rounds:
            raise OptionError(
                f"rounds={self.rounds} leaves nothing to do: the model has {self.model.rounds}.",
                "rounds= counts those of the model too; give more.",
            )


def run_training(
    pool: Pool,
    data: TrainingSet,
    plan: TrainPlan,
    *,
    tracking: Tracking,
    emit: Emit,
    name: str,
) -> TrainedModel:
    """One fit, as an MLflow run.

    Raises:
        OptionError: XGBoost refuses the parameters, or the model to go on from learned something else.
        TaskLostError: Workers died in every attempt.
    """
    given = plan.params if plan.model is None else {**plan.model.params, **plan.params}
    params = placed({**given, **data.label.params, "seed": plan.seed}, data.names, data.blocks.categorical)
    if plan.model is not None:
        _check_goes_on(plan.model, data)
    began = time.perf_counter()
    with tracking.run(name, tags=tags_of(data, "train")) as run_id:
        tracked(tracking.link(run_id))
        tracking.log(run_id, params={**params, "rounds": plan.rounds, **data_params(data)})
        start = 0 if plan.model is None else plan.model.rounds
        booster = None if plan.model is None else plan.model.booster
        fit = OneFit(params, plan.rounds, plan.patience, booster, start)
        grown = fit_once(pool, data, fit, workers=plan.workers)
        model = TrainedModel(
            booster=grown.booster,
            features=data.features,
            label=data.label,
            params=params,
            rounds=grown.rounds,
            evaluation=data.evaluate(pool, grown.booster, fold=judged_on(data)),
            lineage=data.lineage,
            sample=data.sample,
            run_id=run_id,
            where=grown.where,
            data=data,
            made=_made(pool, grown.where, plan.rounds, plan.patience, goes_on=plan.model is not None),
        )
        curve = (data.label.metric, grown.curve)
        tracking.log(run_id, params={"workers": grown.where}, metrics=model.evaluation.metrics, curve=curve)
    emit(
        ModelTrained(
            model=run_id,
            rounds=model.rounds,
            seconds=time.perf_counter() - began,
            metrics=dict(model.evaluation.metrics),
            importance={str(name): float(share) for name, share in model.importance().items()},
            curve=grown.curve,
        )
    )
    return model


def best_model(
    pool: Pool, asked: Asked, winner: Trial, params: Mapping[str, Any], models: Sequence[bytes], run_id: str
) -> TrainedModel:
    """The model of a study's best trial, judged on rows that the search has not seen.

    With one held-out share it is the trial's own booster up to its best round. With a k-fold split there is a
    booster per part, so the model is trained anew on all rows that do not test.
    """
    from engine.ml.boost import sliced

    data = asked.data
    if data.split.rounds == 1:
        booster, where = sliced(models[0], winner.rounds), "in the search, one thread"
        made = Made("trial", winner.rounds)
    else:
        grown = fit_once(pool, data, OneFit(params, winner.rounds))
        booster, where = grown.booster, grown.where
        made = _made(pool, where, winner.rounds)
    return TrainedModel(
        booster=booster,
        features=data.features,
        label=data.label,
        params=params,
        rounds=winner.rounds,
        evaluation=data.evaluate(pool, booster, fold=judged_on(data)),
        lineage=data.lineage,
        sample=data.sample,
        run_id=run_id,
        where=where,
        data=data,
        made=made,
    )


def _made(pool: Pool, where: str, rounds: int, patience: int | None = None, *, goes_on: bool = False) -> Made:
    size, threads = pool_size(pool)
    workers = "one" if where.startswith("on one worker") else "all"
    return Made("train", rounds, patience, workers, size, threads, goes_on)


def pool_size(pool: Pool) -> tuple[int, int]:
    """Workers of a pool, and threads of all of them."""
    threads = pool.client.nthreads()
    return len(threads), sum(threads.values())


def _check_goes_on(model: TrainedModel, data: TrainingSet) -> None:
    """Trees know columns by their place and classes by their code: both must be the model's own."""
    if model.features.preparation.digest != data.features.preparation.digest:
        raise OptionError(
            "The model was trained on features of another preparation.",
            "Make the training set with features=model.features.",
        )
    if (model.label.kind, model.label.classes) != (data.label.kind, data.label.classes):
        raise OptionError(
            f"The model learned {model.label.classes or model.label.kind}, these rows hold "
            f"{data.label.classes or data.label.kind}.",
            "Go on with rows of the same label.",
        )
    if model.label.objective != data.label.objective:
        raise OptionError(
            f"The model's objective is '{model.label.objective}', not '{data.label.objective}'.",
            f"Give objective='{model.label.objective}'.",
        )


def judged_on(data: TrainingSet) -> int:
    """The test fold, or the validation fold where the user asked for no test rows."""
    if data.count(TEST):
        return TEST
    return VALID if not data.split.folds else data.rows.shape[1] - 1
