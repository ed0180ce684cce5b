"""What a step of a preparation sees: raw columns, sent through the steps before it."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from engine.errors import DataError, UnsupportedError
from engine.prep.crossing import Crossing, copies, in_order, inside
from engine.prep.naming import names_out

if TYPE_CHECKING:
    import pandas as pd

    from engine.prep.target import Target

# A DataFrame, an array or a sparse array of rows: what scikit-learn hands from step to step.
Block = Any
Estimator = Any


@dataclass(frozen=True, slots=True)
class Select:
    """Keep the columns at these positions."""

    positions: tuple[int, ...]

    def __call__(self, block: Block) -> Block:
        positions = list(self.positions)
        return block.iloc[:, positions] if hasattr(block, "iloc") else block[:, positions]


@dataclass(frozen=True, slots=True)
class Apply:
    """Send the rows through a fitted transformer."""

    transformer: Estimator

    def __call__(self, block: Block) -> Block:
        try:
            with on_one_core():
                # A copy, because a step with copy=False works in place, on rows that other views share.
                return self.transformer.transform(block.copy())
        except (ValueError, TypeError) as problem:
            name = type(self.transformer).__name__
            message = f"{name} cannot transform its input: {first_line(problem)}"
            raise DataError(
                message, "Impute or clean the column in a step before it.", step=name
            ) from problem


@dataclass(frozen=True, slots=True)
class CrossApply:
    """Send every row through the copy of a fitted step that has not seen the labels of the row's fold."""

    without: tuple[Estimator, ...]

    def __call__(self, block: Block, folds: np.ndarray) -> Block:
        rows = [np.flatnonzero(folds == fold) for fold in range(len(self.without))]
        filled = [
            (fitted, of_fold) for fitted, of_fold in zip(self.without, rows, strict=True) if len(of_fold)
        ]
        pieces = [Apply(fitted)(_take(block, of_fold)) for fitted, of_fold in filled]
        return in_order(pieces, [of_fold for _, of_fold in filled])


def _take(block: Block, rows: np.ndarray) -> Block:
    return block.iloc[rows].reset_index(drop=True) if hasattr(block, "iloc") else block[rows]


@dataclass(frozen=True, slots=True)
class View:
    """Raw columns and the steps that they go through; a picklable recipe, not data."""

    names: tuple[str, ...]
    steps: tuple[Select | Apply | CrossApply, ...] = ()

    @property
    def crossed(self) -> bool:
        """Whether a step of it differs from fold to fold, so that only rows with a label can be seen."""
        return any(isinstance(step, CrossApply) for step in self.steps)

    def then(self, step: Select | Apply | CrossApply) -> Self:
        if isinstance(step, Select) and not self.steps:
            return replace(self, names=tuple(self.names[i] for i in step.positions))
        return replace(self, steps=(*self.steps, step))

    def of(self, frame: pd.DataFrame, folds: np.ndarray | None = None) -> Block:
        """Return the view's rows; raw columns that no step looks at need not be in the frame.

        Args:
            frame: Raw rows.
            folds: Their folds, needed where the view is crossed.
        """
        block: Block = frame.reindex(columns=list(self.names))
        for step in self.steps:
            if isinstance(step, CrossApply):
                if folds is None:
                    raise TypeError("a crossed view needs the folds of its rows")
                block = step(block, folds)
            else:
                block = step(block)
        return block


@dataclass(frozen=True, slots=True)
class Inflow:
    """What flows into one step.

    Attributes:
        view: How its rows come from raw columns.
        head: Its first rows, as scikit-learn will see them.
        layout: The same columns, maybe without rows, with the dtypes by which column selectors choose.
        labels: One name per column, for messages.
        target: The label, where there is one.
        crossings: The cross-fitted encoders so far, one list for all of a preparation.
    """

    view: View
    head: Block
    layout: Block
    labels: tuple[str, ...]
    target: Target | None = None
    crossings: list[Crossing] = field(default_factory=list)

    def select(self, positions: Sequence[int]) -> Self:
        step = Select(tuple(positions))
        labels = tuple(self.labels[i] for i in positions)
        view, head, layout = self.view.then(step), step(self.head), step(self.layout)
        return replace(self, view=view, head=head, layout=layout, labels=labels)

    def through(self, fitted: Estimator) -> Self:
        """Return what flows out of a fitted step."""
        step = Apply(fitted)
        head = step(self.head)
        if not (hasattr(head, "iloc") or hasattr(head, "toarray") or isinstance(head, np.ndarray)):
            raise UnsupportedError(
                f"{type(fitted).__name__} puts out a {type(head).__name__}",
                "Use set_output(transform='default') or 'pandas'.",
            )
        names = head.columns if hasattr(head, "columns") else names_out(fitted, self.labels, head.shape[1])
        crossings = inside(fitted, self.crossings)
        view = self.view.then(CrossApply(copies(fitted, crossings)) if crossings else step)
        return replace(self, view=view, head=head, layout=head, labels=tuple(map(str, names)))

    def texts(self) -> list[str]:
        """Return the labels of the columns whose first rows hold a text."""
        pairs = zip(self.labels, columns_of(self.head), strict=True)
        return [label for label, column in pairs if any(isinstance(value, str) for value in column)]

    def like(self, columns: Sequence[np.ndarray]) -> Block:
        """Build rows of the head's container and dtypes from one array per column, all of one length."""
        import pandas as pd

        kinds = [column.dtype for column in columns_of(self.head)]
        cast = [np.asarray(column).astype(kind) for column, kind in zip(columns, kinds, strict=True)]
        if hasattr(self.head, "iloc"):
            series = [pd.Series(values, dtype=values.dtype) for values in cast]
            return pd.concat(series, axis=1).set_axis(self.head.columns, axis=1)
        return np.column_stack(cast)


def columns_of(block: Block) -> list[np.ndarray]:
    """Return one array per column: float64, or object for texts."""
    if hasattr(block, "iloc"):
        columns = [block.iloc[:, i].to_numpy() for i in range(block.shape[1])]
    else:
        columns = list(dense(block).T)
    return [c if c.dtype == object else c.astype(np.float64, copy=False) for c in map(_plain, columns)]


def dense(block: Block) -> np.ndarray:
    """Return the rows as one array, sparse ones filled with zeros."""
    return np.asarray(block.toarray() if hasattr(block, "toarray") else block)


@contextmanager
def on_one_core() -> Iterator[None]:
    """Let scikit-learn work here and in silence.

    Cores are the pool's to share out, so `n_jobs` starts no processes; and what scikit-learn warns of, it
    would warn of once per partition.
    """
    from joblib import parallel_config

    with parallel_config(backend="sequential"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def first_line(problem: BaseException) -> str:
    return next(iter(str(problem).splitlines()), type(problem).__name__)


def _plain(column: np.ndarray) -> np.ndarray:
    return column if column.dtype.kind in "biufO" else column.astype(object)
