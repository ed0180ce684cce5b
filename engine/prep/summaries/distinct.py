"""The distinct values of every column, with their counts: exact, and therefore bounded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.errors import DataError
from engine.prep.inputs import counted_texts, kind_of, numbers_of
from engine.prep.missing import missing
from engine.prep.summaries import Statistic
from engine.prep.summaries.finite import finite_columns, refuse_infinite

if TYPE_CHECKING:
    import pyarrow as pa

    from engine.prep.views import Block

# A million texts of 20 letters are about 80 MB; a column with more is an identifier, not a category.
LIMIT = 1_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Distinct:
    """The values of one column.

    Attributes:
        label: The column's name.
        values: Each once, in no order, without the missing one; float64 or object.
        counts: How often each stands there, int64.
        missing: How many rows have no value.
    """

    label: str
    values: np.ndarray
    counts: np.ndarray
    missing: int

    @property
    def categories(self) -> np.ndarray:
        """The values as scikit-learn lists them: sorted, and NaN, where it stands there, as the last."""
        nan = np.array([np.nan] if self.missing else [], dtype=self.values.dtype)
        return np.concatenate([np.sort(self.values), nan])

    @property
    def mode(self) -> Any:
        """The most frequent value, of several the least; NaN where there is none."""
        if not len(self.values):
            return np.nan
        return min(self.values[self.counts == self.counts.max()])


Columns = tuple[Distinct, ...]


def _summarise(block: Block, labels: Sequence[str]) -> Columns:
    return tuple(
        _distinct(label, column) for label, column in zip(labels, finite_columns(block, labels), strict=True)
    )


def _of_columns(columns: Sequence[pa.ChunkedArray], labels: Sequence[str]) -> Columns:
    return tuple(_of_column(label, column) for label, column in zip(labels, columns, strict=True))


def _of_column(label: str, column: pa.ChunkedArray) -> Distinct:
    """measured: 1 M texts of 200 words are counted in 30 ms, as Python objects in 120."""
    if kind_of(column.type) == "text":
        return _bounded(Distinct(label, *counted_texts(column)))
    values = numbers_of(column)
    refuse_infinite([label], [values])
    return _distinct(label, values)


def _distinct(label: str, column: np.ndarray) -> Distinct:
    there = column[~missing(column)]
    values, counts = _counted(there, np.ones(len(there), dtype=np.int64))
    return _bounded(Distinct(label, values, counts, len(column) - len(there)))


def _merge(left: Columns, right: Columns) -> Columns:
    return tuple(_union(a, b) for a, b in zip(left, right, strict=True))


def _union(left: Distinct, right: Distinct) -> Distinct:
    both = np.concatenate([left.values, right.values])
    values, counts = _counted(both, np.concatenate([left.counts, right.counts]))
    return _bounded(Distinct(left.label, values, counts, left.missing + right.missing))


def _counted(values: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Add weights up by value; by hashing: measured 4 to 10 times faster on texts than sorting."""
    import pandas as pd

    codes, distinct = pd.factorize(values)
    counts = np.zeros(len(distinct), dtype=np.int64)
    np.add.at(counts, codes, weights)
    return np.asarray(distinct, dtype=values.dtype), counts


def _bounded(column: Distinct) -> Distinct:
    if len(column.values) > LIMIT:
        raise DataError(
            f"column {column.label!r} has more than {LIMIT:,} distinct values",
            "Drop it or derive something coarser from it (a prefix, a rounded number).",
            column=column.label,
        )
    return column


DISTINCT = Statistic(texts=True, summarise=_summarise, merge=_merge, columnar=_of_columns)
