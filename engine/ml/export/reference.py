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

    `inplace_predict` is asked, for a DMatrix refuses infinities. For dart it adds the trees up in another
    order than `predict` (measured: 2e-6 apart at margins of 7).

    Raises:
        SignatureError: The matrix has another width than the booster.
    """
    if matrix.ndim != 2 or matrix.shape[1] != ensemble.features:
        raise SignatureError(
            f"The preparation makes {list(matrix.shape)}, the booster splits on {ensemble.features} columns.",
            "Train the booster on the output of this very preparation.",
        )
    objective = ensemble.objective

    def predict(kind: str) -> NDArray[np.float32]:
        answer: NDArray[np.float32] = booster.inplace_predict(
            matrix, iteration_range=(0, ensemble.rounds), predict_type=kind, strict_shape=True
        )
        one = kind == "value" and objective.name == "multi:softmax"  # the code of the class
        return answer.reshape(len(matrix), 1 if one else ensemble.targets)

    if objective.name == "multi:softmax":  # answers with codes
        return _multiclass(_softmax(predict("margin")), predict("value")[:, 0].astype(np.int64))
    if objective.task is Task.MULTICLASS:
        probabilities = predict("value")
        return _multiclass(probabilities, probabilities.argmax(axis=1))
    if objective.task is not Task.BINARY:
        return Answers(predict("value"), None, np.full(len(matrix), np.inf))
    is_raw = objective.name == "binary:logitraw"  # answers with margins
    chance: NDArray[Any] = _sigmoid(predict("margin")) if is_raw else predict("value")
    gaps = np.abs(predict("margin") if objective.link is Link.STEP else chance - 0.5)
    return Answers(chance, (chance[:, 0] > 0.5).astype(np.int64), gaps[:, 0].astype(np.float64))


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
