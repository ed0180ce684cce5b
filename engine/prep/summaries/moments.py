"""Count, mean and sum of squared deviations of every column, merged by Chan's formula."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from engine.prep.summaries import Statistic
from engine.prep.summaries.finite import numbers

if TYPE_CHECKING:
    from engine.prep.views import Block


@dataclass(frozen=True, slots=True, eq=False)
class Moments:
    """What is known of `d` columns; missing values are left out.

    Attributes:
        rows: All rows, missing or not.
        count: Values that are there, int64 `[d]`.
        mean: Their mean, float64 `[d]`, NaN where there is none.
        squares: Sum of squared deviations from the mean, float64 `[d]`.
    """

    rows: int
    count: np.ndarray
    mean: np.ndarray
    squares: np.ndarray

    @property
    def variance(self) -> np.ndarray:
        """Variance with divisor n, NaN where there is no value."""
        with np.errstate(invalid="ignore"):
            return np.where(self.count > 0, self.squares / self.count, np.nan)


def _summarise(block: Block, labels: Sequence[str]) -> Moments:
    return moments_of(numbers(block, labels))


def moments_of(values: np.ndarray) -> Moments:
    """Summarise rows, float64 `[n, d]` with n > 0, NaN where missing."""
    there = ~np.isnan(values)
    count = there.sum(axis=0)
    # Deviations from one of its values are exact for a constant column and small at an offset of 1e9.
    origin = values[there.argmax(axis=0), np.arange(values.shape[1])]
    shifted = np.where(there, values - origin, 0.0)
    divisor = np.maximum(count, 1)
    centre = shifted.sum(axis=0) / divisor
    deviations = np.where(there, shifted - centre, 0.0)
    rest = deviations.sum(axis=0)  # what rounding left over: the correction term of the two-pass algorithm
    squares = (deviations**2).sum(axis=0) - rest**2 / divisor
    return Moments(len(values), count, origin + centre + rest / divisor, np.maximum(squares, 0.0))


def merge_moments(left: Moments, right: Moments) -> Moments:
    """Return the moments of both."""
    count = left.count + right.count
    share = right.count / np.maximum(count, 1)
    apart = right.mean - left.mean
    mean = left.mean + apart * share
    squares = left.squares + right.squares + apart**2 * left.count * share
    only_left, only_right = right.count == 0, left.count == 0
    return Moments(
        left.rows + right.rows,
        count,
        np.where(only_left, left.mean, np.where(only_right, right.mean, mean)),
        np.where(only_left, left.squares, np.where(only_right, right.squares, squares)),
    )


MOMENTS = Statistic(texts=False, summarise=_summarise, merge=merge_moments)
