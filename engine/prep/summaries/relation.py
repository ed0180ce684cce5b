"""How every column goes with the label: its moments in each class, or its covariance with an amount."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.errors import DataError
from engine.prep.summaries import Statistic
from engine.prep.summaries.finite import numbers
from engine.prep.summaries.moments import Moments, merge_moments, moments_of

if TYPE_CHECKING:
    from engine.prep.target import Given
    from engine.prep.views import Block

# A label of more values than this is an amount.
MOST_CLASSES = 1_000

ClassMoments = dict[Any, Moments]


def _by_class(block: Block, labels: Sequence[str], given: Given) -> ClassMoments:
    import pandas as pd

    codes, classes = pd.factorize(given.values)
    _check_classes(len(classes))
    rows = numbers(block, labels)
    return {name: moments_of(rows[codes == code]) for code, name in enumerate(classes.tolist())}


def _merge_classes(left: ClassMoments, right: ClassMoments) -> ClassMoments:
    merged = dict(left)
    for name, moments in right.items():
        merged[name] = merge_moments(merged[name], moments) if name in merged else moments
    _check_classes(len(merged))
    return merged


def _check_classes(count: int) -> None:
    if count > MOST_CLASSES:
        raise DataError(
            f"the label has more than {MOST_CLASSES:,} values, which are no classes",
            "Use a score for amounts, such as f_regression, or target_type='continuous'.",
        )


@dataclass(frozen=True, slots=True, eq=False)
class Joint:
    """Moments of `d` columns and an amount y together.

    Attributes:
        columns: Of the columns.
        label: Of y, `[1]`.
        products: Sum of the products of the deviations of each column and of y, float64 `[d]`; NaN for a
            column with missing values.
        raw: Sum of squares of each column, and of y as the last, and of their products: float64 `[2, d + 1]`.
    """

    columns: Moments
    label: Moments
    products: np.ndarray
    raw: np.ndarray


def _jointly(block: Block, labels: Sequence[str], given: Given) -> Joint:
    rows = numbers(block, labels)
    if given.values.dtype == object:
        raise DataError("the label holds texts, the score needs amounts", "Use f_classif or chi2.")
    amounts = given.values.astype(np.float64)
    columns, label = moments_of(rows), moments_of(amounts[:, None])
    apart = amounts - label.mean[0]
    raw = np.stack(
        [
            np.append((rows**2).sum(axis=0), (amounts**2).sum()),
            np.append((rows * amounts[:, None]).sum(axis=0), 0.0),
        ]
    )
    return Joint(columns, label, ((rows - columns.mean) * apart[:, None]).sum(axis=0), raw)


def _merge_joint(left: Joint, right: Joint) -> Joint:
    ours, theirs = left.columns.rows, right.columns.rows
    apart = (right.columns.mean - left.columns.mean) * (right.label.mean - left.label.mean)
    return Joint(
        merge_moments(left.columns, right.columns),
        merge_moments(left.label, right.label),
        left.products + right.products + apart * ours * theirs / (ours + theirs),
        left.raw + right.raw,
    )


BY_CLASS = Statistic(texts=False, summarise=_by_class, merge=_merge_classes, labelled=True)
JOINT = Statistic(texts=False, summarise=_jointly, merge=_merge_joint, labelled=True)
