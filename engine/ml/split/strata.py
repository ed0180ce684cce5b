"""Where the folds of each class begin: one pass that counts rows by class and first bits of their hash."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial, reduce
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from engine.errors import DataError
from engine.prep.rowhash import row_hashes

if TYPE_CHECKING:
    import numpy.typing as npt

    from engine.lake import Runner
    from engine.prep import Blocks

# A class of fewer rows than this is cut between two rows; a larger one to one row in as many.
BINS = 1 << 16
# Every class needs counts of its own; what has more values than this is no class.
_MOST_CLASSES = 1_000


def class_edges(
    column: str, keys: Sequence[str], seed: int, shares: Sequence[float], blocks: Blocks, runner: Runner
) -> dict[Any, npt.NDArray[np.int64]]:
    """Find, for every class, the bins at which its folds begin.

    Args:
        column: Whose values are the classes.
        keys: Columns that name a row.
        seed: Of the hash.
        shares: Of the folds, in the order in which rows are dealt out.
        blocks: All rows.
        runner: Who does the work.

    Returns:
        Class -> int64 `[len(shares) - 1]`, rising: a row in fold i has a bin from `edges[i - 1]` up to below
        `edges[i]`.

    Raises:
        DataError: The column has too many values to be classes.
    """
    count = _Count(blocks, column, tuple(keys), seed)
    counted: dict[Any, npt.NDArray[np.int64]] = reduce(
        partial(_merge, column),
        (found for _, found in runner.stream(count, blocks.parts, label="count-classes")),
        {},
    )
    wanted = np.cumsum(shares[:-1])
    return {name: _edges(bins, wanted) for name, bins in counted.items()}


def texts_of(column: pa.ChunkedArray) -> tuple[list[Any], npt.NDArray[np.int64]]:
    """Return the distinct values of a column, None for missing, and each row's place among them."""
    values = column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column
    if pa.types.is_floating(values.type):
        values = pc.if_else(pc.is_nan(values), pa.scalar(None, values.type), values)
    coded = values.combine_chunks().dictionary_encode(null_encoding="encode")
    return coded.dictionary.to_pylist(), coded.indices.to_numpy().astype(np.int64)


@dataclass(frozen=True, slots=True)
class _Count:
    blocks: Blocks
    column: str
    keys: tuple[str, ...]
    seed: int

    def __call__(self, part: Any) -> dict[Any, npt.NDArray[np.int64]]:
        """Class -> how many rows per bin, as pairs of bin and rows, int64 `[2, n]`."""
        table = self.blocks.read(part, list(dict.fromkeys((*self.keys, self.column))))
        bins = (row_hashes(table, self.keys, self.seed) >> np.uint64(48)).astype(np.int64)
        classes, codes = texts_of(table.column(self.column))
        _check_classes(len(classes), self.column)
        return {
            name: np.stack(np.unique(bins[codes == code], return_counts=True))
            for code, name in enumerate(classes)
        }


def _merge(column: str, left: dict[Any, Any], right: dict[Any, Any]) -> dict[Any, Any]:
    for name, counted in right.items():
        left[name] = _added(left[name], counted) if name in left else counted
    _check_classes(len(left), column)
    return left


def _added(left: npt.NDArray[np.int64], right: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    total = np.bincount(left[0], left[1], BINS) + np.bincount(right[0], right[1], BINS)
    bins = np.flatnonzero(total)
    return np.stack([bins, total[bins].astype(np.int64)])


def _check_classes(count: int, column: str) -> None:
    if count > _MOST_CLASSES:
        raise DataError(
            f"Column '{column}' has more than {_MOST_CLASSES:,} values, too many to stratify by.",
            "Stratify by a column of classes, or split at random.",
            column=column,
        )


def _edges(bins: npt.NDArray[np.int64], shares: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """The edge after the bin up to which the rows come nearest to each share."""
    upto = np.concatenate([[0], np.cumsum(bins[1])])
    edges = np.append(bins[0], BINS)  # before bin i there are upto[i] rows
    wanted = shares * upto[-1]
    nearest = np.abs(upto[None, :] - wanted[:, None]).argmin(axis=1)
    return np.asarray(np.maximum.accumulate(edges[nearest]))
