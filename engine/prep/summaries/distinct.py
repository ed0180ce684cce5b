"""The distinct values of every column, with their counts: exact, and therefore bounded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.errors import DataError
from engine.prep.missing import missing
from engine.prep.summaries import Statistic
from engine.prep.summaries.tally import tally
from engine.prep.views import Block, columns_of

# A million texts of 20 letters are about 80 MB; a column with more is an identifier, not a category.
LIMIT = 1_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Distinct:
    """The values of one column.

    Attributes:
        label: The column's name.
        values: Sorted, without the missing one; float64 or object of `str`.
        counts: How often each stands there, int64.
        missing: How many rows have no value.
    """

    label: str
    values: np.ndarray
    counts: np.ndarray
    missing: int

    @property
    def with_missing(self) -> np.ndarray:
        """The values as scikit-learn lists categories: NaN is one, the last."""
        nan = np.array([np.nan] if self.missing else [], dtype=self.values.dtype)
        return np.concatenate([self.values, nan])


Columns = tuple[Distinct, ...]


def _summarise(block: Block, labels: Sequence[str]) -> Columns:
    return tuple(_distinct(label, column) for label, column in zip(labels, columns_of(block), strict=True))


def _distinct(label: str, column: np.ndarray) -> Distinct:
    import pandas as pd

    absent = missing(column)
    # Hashing before sorting: a block repeats its few categories many times.
    codes, values = pd.factorize(column[~absent])
    values = np.asarray(values, dtype=column.dtype)
    order = np.argsort(values, kind="stable")
    counts = np.bincount(codes, minlength=len(values))[order]
    return _bounded(Distinct(label, values[order], counts, int(absent.sum())))


def _merge(left: Columns, right: Columns) -> Columns:
    return tuple(_union(a, b) for a, b in zip(left, right, strict=True))


def _union(left: Distinct, right: Distinct) -> Distinct:
    both = np.concatenate([left.values, right.values])
    values, counts = tally(both, np.concatenate([left.counts, right.counts]))
    return _bounded(Distinct(left.label, values, counts, left.missing + right.missing))


def _bounded(column: Distinct) -> Distinct:
    if len(column.values) > LIMIT:
        raise DataError(
            f"column {column.label!r} has more than {LIMIT:,} distinct values",
            "Drop it or derive something coarser from it (a prefix, a rounded number).",
            column=column.label,
        )
    return column


DISTINCT = Statistic(_summarise, _merge)
