"""Which columns each branch of a ColumnTransformer takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.errors import SignatureError, UnsupportedError

if TYPE_CHECKING:
    from engine.prep.views import Block, Estimator


@dataclass(frozen=True, slots=True)
class Branch:
    """One branch of a ColumnTransformer.

    Attributes:
        name: Its name, `remainder` for the rest.
        step: A transformer, `passthrough` or `drop`.
        columns: The selection as scikit-learn takes it, callables resolved.
        positions: The same as positions in the input.
    """

    name: str
    step: Estimator
    columns: Any
    positions: tuple[int, ...]

    @property
    def fits(self) -> bool:
        """Whether there is something to fit: scikit-learn skips a branch without columns."""
        return bool(self.positions) and not isinstance(self.step, str)


def branches_of(transformer: Estimator, layout: Block) -> list[Branch]:
    """Resolve the branches of a ColumnTransformer, the remainder last.

    Args:
        transformer: The ColumnTransformer, not fitted.
        layout: Its input, with or without rows; dtypes and names are looked at.

    Raises:
        SignatureError: A selected column is not there.
    """
    branches = []
    for name, step, columns in transformer.transformers:
        resolved = columns(layout) if callable(columns) else columns
        branches.append(Branch(name, step, resolved, positions_of(resolved, layout, name)))
    taken = {position for branch in branches for position in branch.positions}
    rest = tuple(i for i in range(layout.shape[1]) if i not in taken)
    return [*branches, Branch("remainder", transformer.remainder, list(rest), rest)]


def positions_of(columns: Any, layout: Block, branch: str) -> tuple[int, ...]:
    """Turn names, positions, slices or masks into positions, as scikit-learn reads them."""
    if isinstance(columns, str):
        columns = [columns]
    if isinstance(columns, slice):
        return tuple(range(layout.shape[1])[_by_position(columns, layout, branch)])
    keys = (
        list(columns)
        if isinstance(columns, Sequence | np.ndarray) or hasattr(columns, "__iter__")
        else [columns]
    )
    if keys and all(isinstance(key, bool | np.bool_) for key in keys):
        return _masked(keys, layout, branch)
    return tuple(_position(key, layout, branch) for key in keys)


def _masked(mask: list[Any], layout: Block, branch: str) -> tuple[int, ...]:
    if len(mask) != layout.shape[1]:
        message = f"branch {branch!r} has a mask of {len(mask)} columns, but there are {layout.shape[1]}"
        raise SignatureError(message, "The target column is not one of them.", branch=branch)
    return tuple(i for i, chosen in enumerate(mask) if chosen)


def _by_position(columns: slice, layout: Block, branch: str) -> slice:
    """Turn a slice of names, whose end is included, into one of positions."""
    start, stop = columns.start, columns.stop
    if isinstance(start, str):
        start = _position(start, layout, branch)
    if isinstance(stop, str):
        stop = _position(stop, layout, branch) + 1
    return slice(start, stop, columns.step)


def _position(key: Any, layout: Block, branch: str) -> int:
    if isinstance(key, str):
        return _named(key, layout, branch)
    if not isinstance(key, int | np.integer):
        message = f"branch {branch!r} selects a column by {key!r}"
        raise UnsupportedError(
            message, "Select by name, position, slice, mask or make_column_selector.", branch=branch
        )
    width = layout.shape[1]
    if not -width <= key < width:
        message = f"branch {branch!r} selects column {key}, but there are only {width}"
        raise SignatureError(
            message, "Positions count the columns without the target, from 0.", branch=branch
        )
    return int(key % width)


def _named(name: str, layout: Block, branch: str) -> int:
    names = [str(column) for column in getattr(layout, "columns", ())]
    if name in names:
        return names.index(name)
    hint = (
        f"The columns are {', '.join(map(repr, names))}."
        if names
        else "Its input is an array without names: select by position, or use set_output(transform='pandas')."
    )
    raise SignatureError(f"branch {branch!r} selects column {name!r}, which is not there", hint, column=name)
