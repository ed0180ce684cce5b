"""A summary of what is left when one value stands for missing; and how many values were missing before."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.prep.missing import missing
from engine.prep.summaries import Statistic
from engine.prep.views import columns_of

if TYPE_CHECKING:
    from engine.prep.views import Block

Summary = tuple[np.ndarray, Any]


def without(statistic: Statistic, value: Any) -> Statistic:
    """Ask `statistic` of the columns with `value` taken out of them.

    The answer is a pair: how many NaN each column had before, int64 `[d]`, and the summary.
    """
    return Statistic(
        texts=statistic.texts,
        summarise=partial(_summarise, statistic.summarise, value),
        merge=partial(_merge, statistic.merge),
    )


def _summarise(
    summarise: Callable[[Block, Sequence[str]], Any], value: Any, block: Block, labels: Sequence[str]
) -> Summary:
    import pandas as pd

    columns = columns_of(block)
    nulls = np.array([int(missing(column).sum()) for column in columns], dtype=np.int64)
    holed = [_holed(column, value) for column in columns]
    frame = pd.concat([pd.Series(column, dtype=column.dtype) for column in holed], axis=1)
    return nulls, summarise(frame.set_axis(list(labels), axis=1), labels)


def _holed(column: np.ndarray, value: Any) -> np.ndarray:
    if column.dtype != object and isinstance(value, str):
        return column
    return np.where(np.asarray(column == value, dtype=bool), np.array(np.nan, dtype=column.dtype), column)


def _merge(merge: Callable[[Any, Any], Any], left: Summary, right: Summary) -> Summary:
    return left[0] + right[0], merge(left[1], right[1])
