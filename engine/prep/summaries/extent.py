"""Least and greatest value of every column, and how many rows and values there are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from engine.prep.summaries import Statistic
from engine.prep.summaries.numbers import numbers

if TYPE_CHECKING:
    from engine.prep.views import Block


@dataclass(frozen=True, slots=True, eq=False)
class Extent:
    """What is known of `d` columns; missing values are left out.

    Attributes:
        rows: All rows, missing or not.
        count: Values that are there, int64 `[d]`.
        low: Least value, float64 `[d]`, NaN where there is none.
        high: Greatest value, likewise.
    """

    rows: int
    count: np.ndarray
    low: np.ndarray
    high: np.ndarray


def _summarise(block: Block, labels: Sequence[str]) -> Extent:
    values = numbers(block, labels)
    low, high = np.fmin.reduce(values, axis=0), np.fmax.reduce(values, axis=0)
    return Extent(len(values), (~np.isnan(values)).sum(axis=0), low, high)


def _merge(left: Extent, right: Extent) -> Extent:
    return Extent(
        left.rows + right.rows,
        left.count + right.count,
        np.fmin(left.low, right.low),
        np.fmax(left.high, right.high),
    )


EXTENT = Statistic(texts=False, summarise=_summarise, merge=_merge)
