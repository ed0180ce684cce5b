"""The columns of a block, refused where scikit-learn would refuse them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from engine.errors import DataError
from engine.prep.views import columns_of

if TYPE_CHECKING:
    from engine.prep.views import Block


def finite_columns(block: Block, labels: Sequence[str]) -> list[np.ndarray]:
    """Return one array per column: float64, NaN where missing, or object for texts.

    Raises:
        DataError: A value is infinite: scikit-learn's imputers, scalers and encoders take none.
    """
    columns = columns_of(block)
    refuse_infinite(labels, columns)
    return columns


def refuse_infinite(labels: Sequence[str], columns: Sequence[np.ndarray]) -> None:
    """Raise DataError where a column holds an infinite number."""
    pairs = zip(labels, columns, strict=True)
    infinite = [label for label, column in pairs if column.dtype != object and np.isinf(column).any()]
    if infinite:
        message = f"columns with infinite values: {', '.join(map(repr, infinite))}"
        raise DataError(message, "Replace them by null or by a bound first.", columns=infinite)


def numbers(block: Block, labels: Sequence[str]) -> np.ndarray:
    """Return the rows as float64 `[n, d]`, NaN where missing.

    Raises:
        DataError: A column holds texts, or an infinite value.
    """
    columns = finite_columns(block, labels)
    for label, column in zip(labels, columns, strict=True):
        if column.dtype == object and any(isinstance(value, str) for value in column):
            message = f"column {label!r} holds texts where numbers are needed"
            raise DataError(message, "Encode it first.", column=label)
    return np.column_stack([column.astype(np.float64) for column in columns])
