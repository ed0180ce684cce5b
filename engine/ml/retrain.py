"""A registered model made again from its pinned data; or what has changed since."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from engine.errors import ModelError, UnsupportedError
from engine.ml.boost import sliced
from engine.ml.one_fit import OneFit, fit_once
from engine.ml.provenance import Made, differences, lineage_of
from engine.ml.trained import TrainedModel
from engine.ml.training import judged_on, pool_size
from engine.ml.tuning.fit import FitTrial, Job, unpacked

if TYPE_CHECKING:
    from engine.ml.model import Model
    from engine.ml.training_set import TrainingSet
    from pools import Pool


@dataclass(frozen=True)
class Retrained:
    """A model that was made again.

    Attributes:
        model: What came of it.
        identical: Its trees and its preparation are those of the registered version, bit for bit.
        changes: What has changed since, one sentence each; none is known where this is empty.
    """

    model: TrainedModel
    identical: bool
    changes: tuple[str, ...]

    def __repr__(self) -> str:
        verdict = "identical" if self.identical else "not identical"
        return f"Retrained({verdict}; {'; '.join(self.changes) or 'nothing has changed'})"


def recipe_of(model: Model, lineage: Mapping[str, Any]) -> Made:
    """How a version's booster was grown.

    Raises:
        ModelError: The version does not tell.
        UnsupportedError: It cannot be grown again.
    """
    made = lineage.get("training", {}).get("made")
    if made is None or lineage.get("split") is None:
        raise ModelError(
            f"Model '{model.name}' version {model.version} does not tell how it was made.",
            "Versions tell it that come from pool.train or a study on this workspace.",
            name=model.name,
        )
    if made["goes_on"]:
        raise UnsupportedError(
            f"Model '{model.name}' version {model.version} went on from another model, which is not stored.",
            "Retrain that one first, then go on with pool.train(model=...).",
        )
    if lineage["label"]["metric"] is None:
        raise UnsupportedError(
            f"Model '{model.name}' version {model.version} has a metric of its own, which is not stored.",
            "Train it again with pool.train.",
        )
    return Made(**made)


def retrain(pool: Pool, data: TrainingSet, lineage: Mapping[str, Any], made: Made) -> Retrained:
    """Grow the booster again on a training set that was made as its lineage says.

    Args:
        pool: Where.
        data: On what.
        lineage: Of the registered version.
        made: How it was grown.

    Raises:
        TaskLostError: Workers died in every attempt.
    """
    params, rounds = dict(lineage["training"]["params"]), int(lineage["training"]["rounds"])
    booster = _trial(pool, data, params, rounds) if made.by == "trial" else _fit(pool, data, params, made)
    size, threads = pool_size(pool)
    model = TrainedModel(
        booster=booster,
        features=data.features,
        label=data.label,
        params=params,
        rounds=rounds,
        evaluation=data.evaluate(pool, booster, fold=judged_on(data)),
        lineage=data.lineage,
        sample=data.sample,
        where=str(lineage["training"]["where"]),
        data=data,
        made=replace(made, size=size, threads=threads),
    )
    now = lineage_of(model)
    same = now["features"]["graph"] == lineage["features"]["graph"]
    same &= hashlib.sha256(booster).hexdigest() == lineage["training"]["booster"]
    return Retrained(model, same, tuple(differences(lineage, now)))


def _fit(pool: Pool, data: TrainingSet, params: Mapping[str, Any], made: Made) -> bytes:
    return fit_once(pool, data, OneFit(params, made.rounds, made.patience), workers=made.workers).booster


def _trial(pool: Pool, data: TrainingSet, params: Mapping[str, Any], rounds: int) -> bytes:
    """One thread, on the training rows: the same job gives the same bits in any process."""
    job = Job("retrain", 0, params, 0, rounds, math.nan, 0)
    work = FitTrial(data.blocks, data.label.maximise, None, data.label.custom)
    [fitted] = pool.map(work, [job], label="retrain")
    return sliced(unpacked(fitted.models)[0], rounds)
