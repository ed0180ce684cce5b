"""What counts as missing: NaN, in a column of numbers and in one of texts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from engine.errors import DataError


def is_missing(value: Any) -> bool:
    """Say whether a number or a text is missing."""
    return bool(value != value)  # noqa: PLR0124 - NaN is the one value that differs from itself


def means_null(value: Any) -> bool:
    """Say whether a word for missing values means what is null in a source: nulls and empty texts are one."""
    import pandas as pd

    if value is None or value is pd.NA:
        return True
    return value == "" if isinstance(value, str) else isinstance(value, float) and is_missing(value)


def missing(column: np.ndarray) -> np.ndarray:
    """Return a mask of the missing values of a float64 or object column."""
    return np.asarray(column != column, dtype=bool)  # noqa: PLR0124


def refuse_missing(labels: Sequence[str], absent: Iterable[Any], step: str) -> None:
    """Raise DataError where scikit-learn takes no missing value.

    Args:
        labels: The columns' names.
        absent: Whether each has missing values (or how many), `[d]`.
        step: The transformer that meets them.
    """
    columns = [label for label, there in zip(labels, absent, strict=True) if there]
    if columns:
        message = f"{step} meets missing values in {', '.join(map(repr, columns))}"
        raise DataError(message, "Put a SimpleImputer before it.", columns=columns)
