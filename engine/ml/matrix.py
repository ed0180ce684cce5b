"""Quantised matrices of a worker process: each is built once and shared by all fits in it."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.errors import DataError
from engine.ml.block import ALL_ROWS, Block
from engine.ml.split import TRAIN, VALID
from pools.worker import native_threads

if TYPE_CHECKING:
    import numpy.typing as npt
    import xgboost as xgb

    from engine.ml.block import Blocks

DEFAULT_MAX_BIN = 256
# Rows per piece where rows are put in the order of their groups.
_PIECE = 1 << 16

_kept: OrderedDict[tuple[str, int, int], Matrices] = OrderedDict()
_building = threading.Lock()


@dataclass(frozen=True, slots=True)
class Matrices:
    """The rows of one turn of a split, quantised.

    Attributes:
        train: Rows that train.
        valid: Rows that judge, quantised by the cuts of `train`; None where every row trains.
        valid_label: float32 [N] of the rows of `valid`, in their order.
        core_seconds: What building cost.
    """

    train: xgb.QuantileDMatrix
    valid: xgb.QuantileDMatrix | None
    valid_label: npt.NDArray[np.float32]
    core_seconds: float


def matrices_for(blocks: Blocks, max_bin: int, turn: int) -> tuple[Matrices, float]:
    """The matrices of a turn, and the core seconds that this call spent on them: 0 when they were there.

    A process keeps those of one training set and one `max_bin` (all turns of its split), about two bytes per
    value; `max_bin` is an outer loop of every search, so nothing is built in turns.
    """
    key = (blocks.key, max_bin, turn)
    with _building:
        found = _kept.get(key)
        if found is not None:
            return found, 0.0
        for stale in [k for k in _kept if k[:2] != key[:2]]:
            del _kept[stale]
        found = _kept[key] = _quantised(blocks, max_bin, turn)
        return found, found.core_seconds


def forget_matrices() -> None:
    """Free all matrices of this process."""
    with _building:
        _kept.clear()


def _quantised(blocks: Blocks, max_bin: int, turn: int) -> Matrices:
    import xgboost as xgb

    started, threads = time.perf_counter(), native_threads()
    settings: dict[str, Any] = {"max_bin": max_bin, "nthread": threads, "enable_categorical": True}

    def rows_of(role: int) -> xgb.DataIter:
        return block_iterator(lambda: pieces(blocks, role, turn), types_of(blocks))

    if turn == ALL_ROWS:
        train = xgb.QuantileDMatrix(rows_of(ALL_ROWS), **settings)
        return Matrices(train, None, np.empty(0, np.float32), (time.perf_counter() - started) * threads)
    train = xgb.QuantileDMatrix(rows_of(TRAIN), **settings)
    valid = xgb.QuantileDMatrix(rows_of(VALID), ref=train, **settings)
    return Matrices(train, valid, valid.get_label(), (time.perf_counter() - started) * threads)


def types_of(blocks: Blocks) -> list[str] | None:
    """XGBoost's type of each column: `c` for category codes, `q` for numbers; None for numbers only."""
    if not blocks.categorical:
        return None
    return ["c" if column in set(blocks.categorical) else "q" for column in range(blocks.width)]


def pieces(blocks: Blocks, role: int, turn: int) -> Iterator[Block]:
    """Rows of a role piece by piece, in the order of partitions; for ranking in the order of groups."""
    if blocks.recipe.group is None:
        return blocks.roles(role, turn)
    return _by_group(blocks, role, turn)


def _by_group(blocks: Blocks, role: int, turn: int) -> Iterator[Block]:
    """Groups may lie across partitions; rows are gathered piece by piece from the blocks on the disk."""
    parts = [
        (index, np.flatnonzero(blocks.chosen(block, role, turn)), block.group)
        for index, block in enumerate(blocks)
    ]
    if not sum(len(rows) for _, rows, _ in parts):
        return
    group = np.concatenate([hashes[rows] for _, rows, hashes in parts if hashes is not None])
    where = np.concatenate([np.full(len(rows), index) for index, rows, _ in parts])
    place = np.concatenate([rows for _, rows, _ in parts])
    order = np.argsort(group, kind="stable")
    _, codes = np.unique(group[order], return_inverse=True)
    starts = np.flatnonzero(np.diff(codes, prepend=-1))
    for first, last in _cut(starts, len(order)):
        chosen = order[first:last]
        yield _gathered(blocks, where[chosen], place[chosen], codes[first:last])


def _cut(starts: npt.NDArray[np.int64], rows: int) -> Iterator[tuple[int, int]]:
    """Ranges of about `_PIECE` rows that tear no group apart."""
    first = 0
    while first < rows:
        after = int(np.searchsorted(starts, first + _PIECE))
        last = int(starts[after]) if after < len(starts) else rows
        yield first, last
        first = last


def _gathered(
    blocks: Blocks, where: npt.NDArray[np.int64], place: npt.NDArray[np.int64], codes: npt.NDArray[np.int64]
) -> Block:
    matrix = np.empty((len(where), blocks.width), np.float32)
    label = np.empty(len(where), np.float32)
    for index in np.unique(where).tolist():
        mine = where == index
        block = blocks.block(index)
        matrix[mine], label[mine] = block.matrix[place[mine]], block.label[place[mine]]
    return Block(matrix, label, np.zeros(len(where), np.uint8), None, codes.astype(np.uint64))


def block_iterator(make: Callable[[], Iterable[Block]], types: list[str] | None) -> xgb.DataIter:
    """Feed blocks one by one: there is never more than one of them in memory."""
    import xgboost as xgb

    class Feed(xgb.DataIter):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self._left: Iterator[Block] = iter(())

        def next(self, input_data: Any) -> bool:
            for block in self._left:
                more: dict[str, Any] = {}
                if block.weight is not None:
                    more["weight"] = block.weight
                if block.group is not None:
                    more["qid"] = block.group.astype(np.uint32)
                input_data(
                    data=np.ascontiguousarray(block.matrix), label=block.label, feature_types=types, **more
                )
                return True
            return False

        def reset(self) -> None:
            self._left = iter(make())

    feed = Feed()
    feed.reset()
    return feed


def check_codes(block: Block, blocks: Blocks, names: tuple[str, ...]) -> None:
    """Refuse what is no category code in a column of them.

    Raises:
        DataError: A code that is negative or no whole number.
    """
    for column in blocks.categorical:
        codes = block.matrix[:, column]
        known = codes[~np.isnan(codes)]
        if len(known) and ((known < 0) | (known != np.floor(known))).any():
            raise DataError(
                f"Feature '{names[column]}' is named categorical and holds {float(known.min()):g}.",
                "Category codes are whole numbers from 0; encode the column with an OrdinalEncoder.",
                feature=names[column],
            )
