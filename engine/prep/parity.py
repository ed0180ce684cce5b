"""Does a graph say what scikit-learn says? Asked of the first rows, right after every fit."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

import numpy as np

from engine.errors import DataError, ParityError
from engine.prep.views import Apply, dense

if TYPE_CHECKING:
    import pandas as pd

    from engine.prep.views import Estimator

# A wrong graph is off by far more, a right one by roundings of float32, which products of columns add up.
TOLERANCE = 1e-3


def check_parity(fitted: Estimator, head: pd.DataFrame, features: np.ndarray, names: tuple[str, ...]) -> None:
    """Compare a graph's output with scikit-learn's on the same rows.

    A graph sees float32. So a value counts as right if it is what scikit-learn makes of the raw number
    (categories are found by all their digits), or lies among what it makes of that number as float32 and of
    its neighbours (a column near 1e9 has lost digits, and so have the edges of its bins).

    Raises:
        ParityError: They differ; names the feature and the two values.
    """
    wanted = dense(Apply(fitted)(head))
    wrong = _outside(features, wanted, wanted)
    if wrong.any():
        near = np.stack([wanted, *_nearby(fitted, head)])
        wrong &= _outside(features, near.min(axis=0), near.max(axis=0))
    for row, column in np.argwhere(wrong)[:1]:
        found, right = features[row, column], wanted[row, column]
        raise ParityError(
            f"the graph says {found:g} where scikit-learn says {right:g} for feature {names[column]!r}",
            "Nothing was fitted. Leave this step out, and report it: a library writes it wrongly.",
            feature=names[column],
        )


def _nearby(fitted: Estimator, head: pd.DataFrame) -> Iterator[np.ndarray]:
    """Yield what scikit-learn makes of the numbers as float32, as the one below and as the one above."""
    numbers = [name for name in head.columns if head[name].dtype == np.float64]
    with np.errstate(over="ignore"):
        nearest = head[numbers].to_numpy().astype(np.float32)
    for values in (nearest, *(np.nextafter(nearest, np.float32(end)) for end in (-np.inf, np.inf))):
        rows = head.copy()
        rows[numbers] = values.astype(np.float64)
        with suppress(DataError):  # a strict encoder does not know a category by its float32
            yield dense(Apply(fitted)(rows))


def _outside(features: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Say which values are not between these two, both missing or both infinite being alike."""
    with np.errstate(over="ignore", invalid="ignore"):
        least, most = low.astype(np.float32), high.astype(np.float32)
        room = TOLERANCE * (1 + np.maximum(np.abs(least), np.abs(most)))
        inside = (features >= least - room) & (features <= most + room)
    return np.asarray(~(inside | (features == least) | (np.isnan(features) & np.isnan(least))))
