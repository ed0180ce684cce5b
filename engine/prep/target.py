"""The label, as far as a preparation looks at it: its values, and the folds of a cross-fit."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

import numpy as np
import pyarrow as pa

from engine.errors import SignatureError
from engine.prep.inputs import Signature, frame, kind_of
from engine.prep.missing import missing
from engine.prep.rowhash import row_hashes

if TYPE_CHECKING:
    import pandas as pd

DEFAULT_FOLDS = 5


@dataclass(frozen=True, slots=True)
class Target:
    """A label column.

    Attributes:
        column: Its name.
        keys: The columns by which rows are dealt out to the folds of a cross-fit; never the label, or the
            folds would tell it.
        folds: How many folds.
        seed: Another seed, other folds.
        dtype: `text`, `bool`, `int` or `float`: the type of the classes that are made of it.
    """

    column: str
    keys: tuple[str, ...]
    dtype: str = "float"
    folds: int = DEFAULT_FOLDS
    seed: int = 0

    @classmethod
    def of(cls, schema: pa.Schema, column: str, keys: Iterable[str]) -> Self:
        """The label of a schema."""
        kind = schema.field(column).type
        if pa.types.is_dictionary(kind):
            kind = kind.value_type
        tests = {"bool": pa.types.is_boolean, "int": pa.types.is_integer}
        numeric = next((name for name, test in tests.items() if test(kind)), "float")
        return cls(column, tuple(keys), "text" if kind_of(kind) == "text" else numeric)

    @property
    def columns(self) -> tuple[str, ...]:
        """Everything that is read for it."""
        return tuple(dict.fromkeys((*self.keys, self.column)))

    def dealt(self, folds: int, seed: int) -> Self:
        return replace(self, folds=folds, seed=seed)

    def fold_of(self, table: pa.Table) -> np.ndarray:
        """The fold of each row, int64 `[rows]`: by its values, wherever it stands."""
        hashes = row_hashes(table, self.keys, self.seed)
        return np.asarray((hashes >> np.uint64(11)) % np.uint64(self.folds), dtype=np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class Given:
    """The label of the rows of one partition that have one.

    Attributes:
        there: Which rows of the partition have a label, bool `[rows]`.
        values: The label of those, float64 or object `[n]`.
        folds: Their folds, int64 `[n]`.
    """

    there: np.ndarray
    values: np.ndarray
    folds: np.ndarray


def given(table: pa.Table, target: Target) -> Given:
    """Read the label of a partition's rows.

    Raises:
        SignatureError: The column is neither a number nor a text.
    """
    kind = kind_of(table.schema.field(target.column).type)
    if kind not in ("number", "text"):
        message = f"the label {target.column!r} is {table.schema.field(target.column).type}"
        raise SignatureError(message, "Derive a number or a text from it first.", column=target.column)
    signature = Signature.of(table.schema, [target.column])
    values: np.ndarray = frame(table.select([target.column]), signature)[target.column].to_numpy()
    there = ~missing(values)
    return Given(there, values[there], target.fold_of(table)[there])


def labelled(rows: pd.DataFrame, label: Given) -> pd.DataFrame:
    """The rows that have a label."""
    return rows if label.there.all() else rows[label.there].reset_index(drop=True)
