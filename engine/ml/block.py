"""One partition as training sees it, and the recipe by which any worker makes it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from engine.errors import DataError
from engine.ml import spool
from engine.ml.label import encode
from engine.ml.split import TEST
from engine.prep.rowhash import row_hashes

if TYPE_CHECKING:
    import numpy.typing as npt

    from engine.lake import Partition, Reader
    from engine.ml.label import Label
    from engine.ml.split import Assignment, Split
    from engine.prep import Crossed, Preparation

# In place of a role and of a turn of the split: every row that does not test.
ALL_ROWS = -1


@dataclass(frozen=True, slots=True)
class Block:
    """The labelled rows of one partition.

    Attributes:
        matrix: float32 [N, d], the output of the exported preparation graph.
        label: float32 [N], class codes or amounts.
        folds: uint8 [N], see `engine.ml.split`.
        weight: float32 [N], None where every row counts the same.
        group: uint64 [N], a hash of what the row is ranked within, None outside of ranking.
    """

    matrix: npt.NDArray[np.float32]
    label: npt.NDArray[np.float32]
    folds: npt.NDArray[np.uint8]
    weight: npt.NDArray[np.float32] | None = None
    group: npt.NDArray[np.uint64] | None = None

    def rows(self, chosen: npt.NDArray[np.bool_]) -> Block:
        """The chosen rows."""
        return Block(
            self.matrix[chosen],
            self.label[chosen],
            self.folds[chosen],
            None if self.weight is None else self.weight[chosen],
            None if self.group is None else self.group[chosen],
        )

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """What it is made of, by name."""
        named = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: values for name, values in named.items() if values is not None}

    def of(self, *folds: int) -> Block:
        """The rows in these folds."""
        return self.rows(np.isin(self.folds, folds))


@dataclass(frozen=True, slots=True)
class Recipe:
    """From a partition of the source to a block.

    Attributes:
        reader: Reads partitions.
        preparation: The exported graph.
        label: Column, task and classes.
        assignment: Gives rows their folds.
        weight: Column of the rows' weights.
        group: Column of what rows are ranked within.
        crossed: How rows that do not test are prepared, where encodings by the label are cross-fitted.
    """

    reader: Reader
    preparation: Preparation
    label: Label
    assignment: Assignment
    weight: str | None = None
    group: str | None = None
    crossed: Crossed | None = None

    def make(self, partition: Partition) -> tuple[Block, pa.Table]:
        """The block of a partition, and the raw rows of the features.

        Raises:
            DataError: A feature or a weight that cannot be trained on.
        """
        names = self.preparation.signature.names
        more = (self.label.column, *self.assignment.columns, *filter(None, (self.weight, self.group)))
        table = self.reader.read(partition, list(dict.fromkeys((*names, *more))))
        truth = encode(table.column(self.label.column), self.label)
        raw = table.select(names)
        folds = self.assignment.folds(table)
        matrix = self.preparation.matrix(raw)
        if self.crossed is not None:
            learning = folds != TEST
            matrix[learning] = self.crossed.matrix(table.filter(pa.array(learning)))
        _refuse_infinite(matrix, self.preparation.feature_names)
        labelled = ~np.isnan(truth)
        whole = Block(
            matrix,
            truth,
            folds,
            None if self.weight is None else _weights(table.column(self.weight), self.weight, labelled),
            None if self.group is None else row_hashes(table, [self.group], seed=0),
        )
        return (whole if labelled.all() else whole.rows(labelled)), raw


@dataclass(frozen=True, slots=True)
class Blocks:
    """All blocks of a training set, for whoever stands on a worker.

    Attributes:
        key: Names the content.
        recipe: How one is made.
        partitions: What they are made from, in order.
        split: What fold codes mean.
        width: Columns of the matrix.
        categorical: Which of them are category codes.
    """

    key: str
    recipe: Recipe
    partitions: tuple[Partition, ...]
    split: Split
    width: int
    categorical: tuple[int, ...] = ()

    def block(self, index: int) -> Block:
        """One block: from this machine's disk where some process here has made it before."""
        found = spool.load(self.key, index)
        if found is not None:
            return Block(**found)
        made, _ = self.recipe.make(self.partitions[index])
        spool.save(self.key, index, made.arrays())
        return made

    def __iter__(self) -> Iterator[Block]:
        return (self.block(index) for index in range(len(self.partitions)))

    def chosen(self, block: Block, role: int, turn: int) -> npt.NDArray[np.bool_]:
        """Which rows of a block have a role in one turn of the split; `ALL_ROWS` for all that do not test."""
        if role == ALL_ROWS:
            return np.asarray(block.folds != TEST)
        return np.asarray(self.split.roles(block.folds, turn) == role)

    def roles(self, role: int, turn: int) -> Iterator[Block]:
        """The rows of a role, block by block; blocks without any are left out."""
        for block in self:
            chosen = self.chosen(block, role, turn)
            if chosen.all():  # as it lies mapped on the disk: no second copy of a partition in memory
                yield block
            elif chosen.any():
                yield block.rows(chosen)


def _refuse_infinite(matrix: npt.NDArray[np.float32], names: tuple[str, ...]) -> None:
    infinite = np.isinf(matrix).any(axis=0)
    if infinite.any():
        name = names[int(infinite.argmax())]
        raise DataError(
            f"Feature '{name}' holds a value that is infinite or beyond float32's 3.4e38.",
            "Replace it with a missing value or a smaller number.",
            feature=name,
        )


def _weights(column: pa.ChunkedArray, name: str, labelled: npt.NDArray[np.bool_]) -> npt.NDArray[np.float32]:
    if not (pa.types.is_integer(column.type) or pa.types.is_floating(column.type)):
        raise DataError(
            f"Weights '{name}' are of type {column.type}.", "Weights are numbers of at least 0.", column=name
        )
    with np.errstate(over="ignore"):
        weights = np.asarray(column.cast(pa.float64(), safe=False).to_numpy(), dtype=np.float32)
    if not (np.isfinite(weights) & (weights >= 0))[labelled].all():
        raise DataError(
            f"Weights '{name}' hold a value that is missing, negative or infinite.",
            "Weights are numbers of at least 0; filter or fill the others.",
            column=name,
        )
    return weights
