"""The numbers of a block, refused where scikit-learn would refuse them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.errors import DataError
from engine.prep.views import Block, columns_of


def numbers(block: Block, labels: Sequence[str]) -> np.ndarray:
    """Return the rows as float64 `[n, d]`, NaN where missing.

    Raises:
        DataError: A column holds texts, or an infinite value (scikit-learn takes neither).
    """
    columns = columns_of(block)
    for label, column in zip(labels, columns, strict=True):
        if column.dtype == object and not _all_numbers(column):
            raise DataError(
                f"column {label!r} holds texts where numbers are needed", "Encode it first.", column=label
            )
    values = np.column_stack([column.astype(np.float64) for column in columns])
    infinite = np.atleast_1d(np.isinf(values).any(axis=0))
    if infinite.any():
        names = [label for label, bad in zip(labels, infinite, strict=True) if bad]
        message = f"columns with infinite values: {', '.join(map(repr, names))}"
        raise DataError(
            message, "Replace them by null or a bound first; no scaler is defined on them.", columns=names
        )
    return values


def _all_numbers(column: np.ndarray) -> bool:
    return not any(isinstance(value, str) for value in column)
