"""XGBoost's own answers, in the terms of a model's outputs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import xgboost as xgb
from numpy.typing import NDArray

from engine.errors import SignatureError
from engine.ml.export.objectives import Link, Task

if TYPE_CHECKING:
    from engine.ml.export.trees import TreeEnsemble

_LARGEST = np.finfo(np.float32).max


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """Answers for N rows.

    Attributes:
        values: [N, k]: the score, or the probabilities of a multiclass model.
        codes: int64 [N], the class answered with; None without classes.
        gaps: float64 [N], how far a row is from a tie between classes; infinite without classes.
    """

    values: NDArray[Any]
    codes: NDArray[np.int64] | None
    gaps: NDArray[np.float64]


def native_answers(booster: xgb.Booster, ensemble: TreeEnsemble, matrix: NDArray[np.float32]) -> Answers:
    """What XGBoost answers for rows of the matrix, with the rounds that were exported.

    Raises:
        SignatureError: The matrix has another width than the booster.
    """
    objective = ensemble.objective
    margins = native_margins(booster, ensemble, matrix)
    values = _predict(booster, ensemble, matrix, margins=False)
    if objective.name == "multi:softmax":  # answers with codes
        return _multiclass(_softmax(margins), values[:, 0].astype(np.int64))
    if objective.task is Task.MULTICLASS:
        return _multiclass(values, values.argmax(axis=1))
    if objective.task is not Task.BINARY:
        return Answers(values, None, np.full(len(matrix), np.inf))
    # binary:logitraw answers with margins
    chance: NDArray[Any] = _sigmoid(margins) if objective.name == "binary:logitraw" else values
    gaps = np.abs(margins if objective.link is Link.STEP else chance - 0.5)
    return Answers(chance, (chance[:, 0] > 0.5).astype(np.int64), gaps[:, 0].astype(np.float64))


def native_margins(
    booster: xgb.Booster, ensemble: TreeEnsemble, matrix: NDArray[np.float32]
) -> NDArray[np.float32]:
    """XGBoost's sums of leaves, float32 [N, targets].

    Raises:
        SignatureError: The matrix has another width than the booster.
    """
    if matrix.ndim != 2 or matrix.shape[1] != ensemble.features:
        raise SignatureError(
            f"The preparation makes {list(matrix.shape)}, the booster splits on {ensemble.features} columns.",
            "Train the booster on the output of this very preparation.",
        )
    return _predict(booster, ensemble, matrix, margins=True)


def _predict(
    booster: xgb.Booster, ensemble: TreeEnsemble, matrix: NDArray[np.float32], *, margins: bool
) -> NDArray[np.float32]:
    rounds = (0, ensemble.rounds)
    width = 1 if ensemble.objective.name == "multi:softmax" and not margins else ensemble.targets
    if ensemble.booster == "dart":
        # inplace_predict adds dart's trees up in another order (measured: 2e-6 apart at margins of 7). A
        # DMatrix refuses infinities, which no finite threshold tells from the largest number.
        data = xgb.DMatrix(np.clip(matrix, -_LARGEST, _LARGEST))
        answers = booster.predict(
            data, iteration_range=rounds, output_margin=margins, validate_features=False
        )
    else:
        kind = "margin" if margins else "value"
        answers = booster.inplace_predict(matrix, iteration_range=rounds, predict_type=kind)
    return np.asarray(answers, np.float32).reshape(len(matrix), width)


def _multiclass(probabilities: NDArray[Any], codes: NDArray[np.int64]) -> Answers:
    return Answers(probabilities, codes, top_two_gaps(probabilities))


def top_two_gaps(probabilities: NDArray[Any]) -> NDArray[np.float64]:
    """How much more probable the first choice is than the second, [N]; infinite with one class."""
    if probabilities.shape[1] < 2:
        return np.full(len(probabilities), np.inf)
    top = np.partition(probabilities.astype(np.float64), -2, axis=1)[:, -2:]
    return np.asarray(top[:, 1] - top[:, 0], np.float64)


def _sigmoid(margin: NDArray[np.float32]) -> NDArray[np.float64]:
    with np.errstate(over="ignore"):
        return np.asarray(1 / (1 + np.exp(-margin.astype(np.float64))))


def _softmax(margin: NDArray[np.float32]) -> NDArray[np.float64]:
    wide = margin.astype(np.float64)
    powers = np.exp(wide - wide.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))
