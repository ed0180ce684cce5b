"""Class values as the labels of a graph: int64 or strings, in the order of XGBoost's codes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import OptionError, UnsupportedError
from engine.ml.export.objectives import Task

if TYPE_CHECKING:
    from engine.ml.export.trees import TreeEnsemble

ClassValue = int | str | bool | float
_INT64 = np.iinfo(np.int64)


def label_values(ensemble: TreeEnsemble, classes: Sequence[ClassValue] | None) -> NDArray[Any] | None:
    """The labels that the graph answers with, one per class code; None for a model without classes.

    Strings stay strings. Integers, booleans (False is 0, True is 1) and whole floats become int64, for ONNX
    labels are int64 or strings. No classes given means that the codes themselves are the classes.

    Returns:
        int64 [classes], or object [classes] of str, or None for regression and ranking.

    Raises:
        OptionError: Classes for a model that has none, too many or too few, or the same twice.
        UnsupportedError: Values of several kinds, fractions, or beyond int64.
    """
    task = ensemble.objective.task
    if task not in (Task.BINARY, Task.MULTICLASS):
        if classes is not None:
            raise OptionError(
                f"Objective {ensemble.objective.name} answers with numbers, not with classes.",
                "Leave the classes out, or train with 'binary:logistic' or 'multi:softprob'.",
            )
        return None
    expected = 2 if task is Task.BINARY else ensemble.classes
    if classes is None:
        return np.arange(expected, dtype=np.int64)
    if len(classes) != expected:
        raise OptionError(
            f"{len(classes)} classes were given, the booster has {expected}.",
            "Give one class per code, in the order of the codes it was trained on.",
            given=len(classes),
            expected=expected,
        )
    labels = _as_labels([value.item() if isinstance(value, np.generic) else value for value in classes])
    if len(set(labels.tolist())) < expected:
        raise OptionError(f"Classes {list(classes)} name the same label twice.", "Give distinct classes.")
    return labels


def _as_labels(values: Sequence[Any]) -> NDArray[Any]:
    if all(isinstance(value, str) for value in values):
        return np.array(values, dtype=object)
    if all(isinstance(value, (int, float)) and _is_whole(value) for value in values):
        return np.array([int(value) for value in values], dtype=np.int64)
    raise UnsupportedError(
        f"Classes {list(values)} cannot be labels of an ONNX model, which are all strings or all int64.",
        "Map the label column to strings or to whole numbers before training.",
    )


def _is_whole(value: float) -> bool:
    return math.isfinite(value) and value == int(value) and _INT64.min <= value <= _INT64.max
