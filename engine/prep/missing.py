"""What counts as missing: NaN, in a column of numbers and in one of texts."""

from __future__ import annotations

from typing import Any

import numpy as np


def is_missing(value: Any) -> bool:
    """Say whether a number or a text is missing."""
    return bool(value != value)  # noqa: PLR0124 - NaN is the one value that differs from itself


def missing(column: np.ndarray) -> np.ndarray:
    """Return a mask of the missing values of a float64 or object column."""
    return np.asarray(column != column, dtype=bool)  # noqa: PLR0124
