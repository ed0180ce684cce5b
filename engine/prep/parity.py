"""Does a graph say what scikit-learn says? Asked of the first rows, right after every fit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from engine.errors import ParityError
from engine.prep.views import dense

if TYPE_CHECKING:
    import pandas as pd

    from engine.prep.views import Estimator

# A wrong graph is off by far more; a right one by the rounding of float32, which a product of columns
# multiplies.
TOLERANCE = 1e-3


def check_parity(fitted: Estimator, head: pd.DataFrame, features: np.ndarray, names: tuple[str, ...]) -> None:
    """Compare a graph's output with scikit-learn's on the same rows.

    A graph sees float32. So a value counts as right if it is what scikit-learn makes of the raw number
    (categories are found by all their digits) or of the number as float32 (a column near 1e9 has lost some).

    Raises:
        ParityError: They differ; names the feature and the two values.
    """
    wanted = dense(fitted.transform(head))
    wrong = _off(features, wanted)
    if wrong.any():
        wrong &= _off_rounded(fitted, head, features)
    for row, column in np.argwhere(wrong)[:1]:
        found, right = features[row, column], wanted[row, column]
        raise ParityError(
            f"the graph says {found:g} where scikit-learn says {right:g} for feature {names[column]!r}",
            "Nothing was fitted. Leave this step out, and report it: a library writes it wrongly.",
            feature=names[column],
        )


def _off_rounded(fitted: Estimator, head: pd.DataFrame, features: np.ndarray) -> np.ndarray:
    numbers = {name: np.float32 for name in head.columns if head[name].dtype == np.float64}
    try:
        return _off(features, dense(fitted.transform(head.astype(numbers).astype(head.dtypes))))
    except ValueError:  # a strict encoder does not know a category by its float32
        return np.ones_like(features, dtype=bool)


def _off(features: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    with np.errstate(over="ignore"):
        rounded = wanted.astype(np.float32)
    return np.asarray(~np.isclose(features, rounded, rtol=TOLERANCE, atol=TOLERANCE, equal_nan=True))
