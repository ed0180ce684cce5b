"""Parameters tried on a handful of rows, so that XGBoost refuses them before any worker is asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.errors import OptionError, UnsupportedError
from engine.ml.boost import Stretch, boost_round, open_booster, refused_params
from engine.ml.matrix import types_of

if TYPE_CHECKING:
    from engine.ml.training_set import TrainingSet

_ROWS = 24


def try_params(params: Mapping[str, Any], data: TrainingSet) -> None:
    """One round and its metric on made-up rows of the training set's shape.

    Raises:
        OptionError: XGBoost refuses the parameters or the metric, or the metric of the user's own fails.
        UnsupportedError: Several quantiles at once.
    """
    import xgboost as xgb

    _check_quantile(params, data)
    classes = data.label.classes
    rows = max(_ROWS, 2 * len(classes or ()))
    label = np.arange(rows) % len(classes) if classes else np.arange(rows) % 2 + float(_positive(data))
    few = xgb.QuantileDMatrix(
        np.zeros((rows, data.blocks.width), np.float32),
        label,
        qid=np.arange(rows) // 4 if data.label.kind == "ranking" else None,
        max_bin=int(params.get("max_bin", 256)),
        feature_types=types_of(data.blocks),
        enable_categorical=True,
        nthread=1,
    )
    stretch = Stretch(params, 0, 1)
    booster = open_booster(stretch, (few,), None)
    boost_round(booster, stretch, few, 0)
    try:
        if data.label.custom is None:
            booster.eval_set([(few, "few")], 0)
            return
        predicted = booster.predict(few)
    except xgb.core.XGBoostError as refused:
        raise refused_params(params, refused) from None
    try:
        data.label.custom(predicted, few.get_label())
    except OptionError:
        raise
    except Exception as failed:
        raise OptionError(
            f"Metric '{data.label.metric}' fails on {rows} rows: {type(failed).__name__}: {failed}",
            "It is called with predictions and truth, both arrays of numpy.",
        ) from failed


def _positive(data: TrainingSet) -> bool:
    return data.label.kind != "ranking"


def _check_quantile(params: Mapping[str, Any], data: TrainingSet) -> None:
    alpha = params.get("quantile_alpha")
    if data.label.objective == "reg:quantileerror":
        if alpha is None:
            raise OptionError(
                "Objective 'reg:quantileerror' needs a quantile.", "Give params={'quantile_alpha': 0.9}."
            )
        if not isinstance(alpha, int | float):
            raise UnsupportedError(
                f"quantile_alpha={alpha!r} asks for several quantiles in one model.",
                "Train one model for each quantile.",
            )
    elif alpha is not None:
        raise OptionError(
            f"quantile_alpha has no use for objective '{data.label.objective}'.",
            "Give objective='reg:quantileerror', or leave it out.",
        )
