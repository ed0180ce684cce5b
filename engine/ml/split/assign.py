"""A split made ready for a source: what a worker needs to give each row its fold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from engine.errors import DataError, NotFoundError
from engine.ml.split.spec import FOLD_NAMES, Split
from engine.ml.split.strata import class_edges, texts_of
from engine.ml.split.times import ordered, time_edges
from engine.prep.rowhash import key_of, row_hashes

if TYPE_CHECKING:
    import numpy.typing as npt

    from engine.lake import Runner
    from engine.prep import Blocks


class Assignment(Protocol):
    """Gives rows their folds; small, picklable, and the same answer for the same row anywhere."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The raw columns that it reads."""
        ...

    def folds(self, table: pa.Table) -> npt.NDArray[np.uint8]:
        """The fold code of each row, uint8 `[N]`, from a table with at least `columns`."""
        ...


def plan_split(split: Split, blocks: Blocks, runner: Runner, *, target: str) -> Assignment:
    """Make a split ready, with as many passes over the data as it needs: none if at random or by group.

    Args:
        split: What is asked for.
        blocks: All rows.
        runner: Who does the work.
        target: The label's column, by which rows are not told apart.

    Raises:
        NotFoundError: A column of the split is not there.
        DataError: A column that cannot tell rows apart, a time or a word that is missing or unknown.
    """
    for name in _named(split):
        if name not in blocks.schema.names:
            raise NotFoundError(
                f"There is no column '{name}' to split by.",
                f"The source has: {', '.join(blocks.schema.names)}.",
                column=name,
            )
    codes, shares = zip(*split.slots(), strict=True)
    if split.column:
        return ByWord(split.column)
    if split.time:
        return ByTime(split.time, time_edges(split.time, shares, blocks, runner), codes)
    keys = (split.group,) if split.group else tuple(split.key or ()) or key_of(blocks.schema, target)
    hashed = ByHash(keys, split.seed, tuple(np.cumsum(shares[:-1])), codes)
    if not split.stratify:
        return hashed
    column = target if split.stratify is True else str(split.stratify)
    return ByClass(hashed, column, class_edges(column, keys, split.seed, shares, blocks, runner))


def _named(split: Split) -> list[str]:
    stratify = [split.stratify] if isinstance(split.stratify, str) else []
    ways = [name for name in (split.group, split.time, split.column) if name]
    return [*(split.key or ()), *stratify, *ways]


@dataclass(frozen=True, slots=True)
class ByHash:
    """At random, by a hash of the key columns; rows of one group share its key."""

    keys: tuple[str, ...]
    seed: int
    edges: tuple[float, ...]
    codes: tuple[int, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        return self.keys

    def folds(self, table: pa.Table) -> npt.NDArray[np.uint8]:
        hashes = row_hashes(table, self.keys, self.seed)
        shares = (hashes >> np.uint64(11)).astype(np.float64) / 2.0**53
        return _dealt(np.searchsorted(self.edges, shares, side="right"), self.codes)


@dataclass(frozen=True, slots=True, eq=False)
class ByClass:
    """At random within every class: each has edges of its own among the first 16 bits of the hash."""

    hashed: ByHash
    column: str
    edges: dict[Any, npt.NDArray[np.int64]]

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self.hashed.keys, self.column)))

    def folds(self, table: pa.Table) -> npt.NDArray[np.uint8]:
        bins = (row_hashes(table, self.hashed.keys, self.hashed.seed) >> np.uint64(48)).astype(np.int64)
        classes, codes = texts_of(table.column(self.column))
        slots = np.zeros(len(bins), dtype=np.int64)
        for code, name in enumerate(classes):
            rows = codes == code
            if name not in self.edges:
                raise DataError(
                    f"Column '{self.column}' holds {name!r}, which was not there when the split was made.",
                    "The source changed while it was read; use a table version or a fixed set of files.",
                    column=self.column,
                )
            slots[rows] = np.searchsorted(self.edges[name], bins[rows], side="right")
        return _dealt(slots, self.hashed.codes)


@dataclass(frozen=True, slots=True, eq=False)
class ByTime:
    """The past trains, the future tests."""

    column: str
    edges: npt.NDArray[np.int64]
    codes: tuple[int, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        return (self.column,)

    def folds(self, table: pa.Table) -> npt.NDArray[np.uint8]:
        times = ordered(table.column(self.column), self.column)
        return _dealt(np.searchsorted(self.edges, times, side="right"), self.codes)


@dataclass(frozen=True, slots=True)
class ByWord:
    """As a column says."""

    column: str

    @property
    def columns(self) -> tuple[str, ...]:
        return (self.column,)

    def folds(self, table: pa.Table) -> npt.NDArray[np.uint8]:
        column = table.column(self.column)
        words = column.cast(pa.large_string())
        codes = pc.index_in(words, value_set=pa.array(FOLD_NAMES, pa.large_string()))
        if codes.null_count:
            word = words.filter(codes.is_null())[0].as_py()
            raise DataError(
                f"Column '{self.column}' says {word!r} of a row, which is no fold.",
                f"Its values must be {', '.join(map(repr, FOLD_NAMES))}.",
                column=self.column,
            )
        return np.asarray(codes.to_numpy(), dtype=np.uint8)


def _dealt(slots: npt.NDArray[np.int64], codes: Sequence[int]) -> npt.NDArray[np.uint8]:
    return np.asarray(np.array(codes, dtype=np.uint8)[slots])
