"""What the label is on average in every category, fold by fold: all that a TargetEncoder needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.errors import DataError
from engine.prep.missing import missing
from engine.prep.summaries import Statistic
from engine.prep.summaries.distinct import LIMIT
from engine.prep.summaries.finite import finite_columns
from engine.prep.summaries.relation import MOST_CLASSES

if TYPE_CHECKING:
    from engine.prep.target import Given
    from engine.prep.views import Block


@dataclass(frozen=True, slots=True, eq=False)
class Tally:
    """Rows, mean and squared deviations of a label of `k` numbers, in any number of cells.

    Attributes:
        rows: float64 `[..., 1]`.
        mean: float64 `[..., k]`, 0 where there are no rows.
        squares: Sum of squared deviations from the mean, float64 `[..., k]`.
    """

    rows: np.ndarray
    mean: np.ndarray
    squares: np.ndarray

    def plus(self, other: Tally) -> Tally:
        """Merge cell by cell, by Chan's formula."""
        rows = self.rows + other.rows
        share = other.rows / np.maximum(rows, 1)
        apart = other.mean - self.mean
        squares = self.squares + other.squares + apart**2 * self.rows * share
        return Tally(rows, self.mean + apart * share, squares)

    def over(self, cells: Sequence[int], axis: int) -> Tally:
        """Merge some cells of one axis, which then is gone."""
        parts = [
            Tally(*(np.take(a, cell, axis) for a in (self.rows, self.mean, self.squares))) for cell in cells
        ]
        whole = parts[0]
        for part in parts[1:]:
            whole = whole.plus(part)
        return whole

    def pooled(self) -> Tally:
        """Merge all cells of the first axis at once."""
        rows = self.rows.sum(axis=0)
        mean = (self.rows * self.mean).sum(axis=0) / np.maximum(rows, 1)
        squares = (self.squares + self.rows * (self.mean - mean) ** 2).sum(axis=0)
        return Tally(rows, mean, squares)


@dataclass(frozen=True, slots=True, eq=False)
class Encoded:
    """One column: its categories `[c]`, NaN for missing, and the label in them by fold, `[c, folds, k]`."""

    categories: np.ndarray
    tally: Tally


def encoding(folds: int, classes: tuple[Any, ...] | None) -> Statistic:
    """Tally the label by category and fold.

    Args:
        folds: How many.
        classes: The label's classes, each a number of its own that is 1 or 0; None for an amount.
    """
    return Statistic(texts=True, summarise=partial(_summarise, folds, classes), merge=_merge, labelled=True)


def _summarise(
    folds: int, classes: tuple[Any, ...] | None, block: Block, labels: Sequence[str], given: Given
) -> tuple[Encoded, ...]:
    numbers = _numbers(given.values, classes)
    columns = zip(labels, finite_columns(block, labels), strict=True)
    return tuple(_encoded(label, column, numbers, given.folds, folds) for label, column in columns)


def _numbers(values: np.ndarray, classes: tuple[Any, ...] | None) -> np.ndarray:
    """The label as float64 `[n, k]`: an amount, 0 or 1 for two classes, or one such column per class."""
    if classes is None:
        if values.dtype == object:
            raise DataError("the label holds texts, not amounts", "Use target_type='auto'.")
        return values.astype(np.float64)[:, None]
    wanted = classes[1:] if len(classes) == 2 else classes
    return np.stack([values == name for name in wanted], axis=1).astype(np.float64)


def _encoded(label: str, column: np.ndarray, numbers: np.ndarray, fold: np.ndarray, folds: int) -> Encoded:
    import pandas as pd

    absent = missing(column)
    codes, categories = pd.factorize(column)
    if absent.any():
        codes = np.where(absent, len(categories), codes)
        categories = np.append(categories, np.array([np.nan], dtype=column.dtype))
    _check(label, len(categories))
    cells = codes * folds + fold
    size = len(categories) * folds
    rows = np.bincount(cells, minlength=size)
    tally = _tally(cells, numbers, rows.astype(np.float64)[:, None])
    shape = (len(categories), folds, -1)
    return Encoded(categories, Tally(*(a.reshape(shape) for a in (tally.rows, tally.mean, tally.squares))))


def _tally(cells: np.ndarray, numbers: np.ndarray, rows: np.ndarray) -> Tally:
    # Deviations from one of the values are exact for a constant label and small at an offset of 1e9.
    origin = numbers[0]
    sums = np.stack([np.bincount(cells, column, len(rows)) for column in (numbers - origin).T], axis=1)
    mean = np.where(rows > 0, origin + sums / np.maximum(rows, 1), 0.0)
    apart = (numbers - mean[cells]) ** 2
    return Tally(rows, mean, np.stack([np.bincount(cells, column, len(rows)) for column in apart.T], axis=1))


def _merge(left: tuple[Encoded, ...], right: tuple[Encoded, ...]) -> tuple[Encoded, ...]:
    return tuple(_union(a, b) for a, b in zip(left, right, strict=True))


def _union(left: Encoded, right: Encoded) -> Encoded:
    import pandas as pd

    both = np.concatenate([left.categories, right.categories])
    codes, categories = pd.factorize(both, use_na_sentinel=False)
    _check("a categorical column", len(categories))
    categories = np.asarray(categories, dtype=left.categories.dtype)
    ours, theirs = codes[: len(left.categories)], codes[len(left.categories) :]
    tally = _spread(left.tally, ours, len(categories)).plus(_spread(right.tally, theirs, len(categories)))
    return Encoded(categories, tally)


def _spread(tally: Tally, places: np.ndarray, count: int) -> Tally:
    spread = []
    for values in (tally.rows, tally.mean, tally.squares):
        wide = np.zeros((count, *values.shape[1:]))
        wide[places] = values
        spread.append(wide)
    return Tally(*spread)


def _check(label: str, count: int) -> None:
    if count > LIMIT:
        raise DataError(
            f"column {label!r} has more than {LIMIT:,} distinct values",
            "Drop it or derive something coarser from it (a prefix, a rounded number).",
            column=label,
        )


@dataclass(frozen=True, slots=True)
class LabelKinds:
    """What the label of a classification could be: its values while they are few, else None."""

    values: frozenset[Any] | None
    whole: bool


def _look(block: Block, labels: Sequence[str], given: Given) -> LabelKinds:
    import pandas as pd

    del block, labels
    values = pd.unique(given.values)
    whole = values.dtype == object or bool(np.all(np.floor(values) == values))
    return LabelKinds(_few(frozenset(values.tolist())), whole)


def _merge_kinds(left: LabelKinds, right: LabelKinds) -> LabelKinds:
    both = None if left.values is None or right.values is None else _few(left.values | right.values)
    return LabelKinds(both, left.whole and right.whole)


def _few(values: frozenset[Any]) -> frozenset[Any] | None:
    return values if len(values) <= MOST_CLASSES else None


LABEL_KINDS = Statistic(texts=True, summarise=_look, merge=_merge_kinds, labelled=True)
