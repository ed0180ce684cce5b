"""A source as training sees it: one block per partition, kept on the workers that made it.

Two passes over the source: one for the label's values (and whatever the preparation needs), one that
reads the used columns, runs the exported preparation graph and keeps its output beside label and fold.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from engine.errors import DataError, UnsupportedError
from engine.ml.boost import Block
from engine.ml.evaluate import Evaluation, SumsOf, evaluation_of
from engine.ml.label import Label, LabelSummary, check_column, encode, merge, resolve, summarise
from engine.ml.split import FIRST_PART, FOLD_NAMES, TEST, TRAIN, VALID, Assignment, Split, plan_split
from engine.ml.trained import Lineage
from engine.prep import FittedFeatures, Preparation, blocks_of, default_features, fit

if TYPE_CHECKING:
    from distributed import Future

    from engine.lake import Partition, Readable, Reader, Source
    from pools import Pool

# Raw rows that the parity gate gets from all partitions together: enough that a wrong branch of a
# common path is met, small enough to travel with a model.
GATE_ROWS = 10_000


@dataclass(frozen=True)
class TrainingSet:
    """Blocks on the workers, with what they were made from.

    Attributes:
        blocks: One future of a `Block` per partition with labelled rows, in partition order.
        rows: int64 [blocks, folds], rows of each block by fold code: 3, and the parts of a k-fold split.
        features: The fitted transformer and its exported graph.
        label: Column, task and classes.
        split: Which rows validate and test.
        lineage: Source name and version.
        sample: Raw rows for the parity gate.
        key: Names the content: same source, features, label and split, same key.
        notes: What was left out on the way, one line each, for the user.
    """

    blocks: tuple[Future, ...] = field(repr=False)
    rows: np.ndarray[Any, np.dtype[np.int64]]
    features: FittedFeatures
    label: Label
    split: Split
    lineage: Lineage
    sample: pa.Table = field(repr=False)
    key: str
    notes: tuple[str, ...] = ()

    def count(self, *folds: int) -> int:
        """Rows in these folds."""
        return int(self.rows[:, list(folds)].sum())

    def evaluate(self, pool: Pool, booster: bytes, *, fold: int = TEST) -> Evaluation:
        """Metrics of a booster on one fold, computed where the blocks lie."""
        sums = SumsOf(booster, self.label, fold)
        return evaluation_of(pool.map(sums, self.blocks, label="evaluate"), self.label)


def build(
    pool: Pool,
    source: Readable,
    *,
    target: str,
    features: Any,
    objective: str | None,
    metric: str | None,
    split: Split,
) -> TrainingSet:
    """Summarise the label, fit and export the features, make the blocks.

    Args:
        pool: Where the work runs.
        source: A table or dataset.
        target: The label column.
        features: A scikit-learn transformer, or None for the default by column types.
        objective: XGBoost's objective, None to decide by the label's values.
        metric: XGBoost's metric, None for the objective's own.
        split: Which rows validate and test.

    Raises:
        NotFoundError: A column that the source does not have.
        DataError: A label that cannot be learned, no rows, a fold without rows or without a class.
        UnsupportedError: A transformer or objective that cannot be honoured.
    """
    check_column(target, source.columns)
    scan = source.source()
    summaries = pool.map(_SummariseLabel(scan.reader, target), scan.partitions, label="summarise-label")
    label = resolve(target, merge(summaries), objective=objective, metric=metric)
    fitted, notes = _fit_features(pool, scan, target, features)
    names = fitted.preparation.signature.names
    assignment = plan_split(split, blocks_of(scan), pool, target=target, features=names)
    make = _MakeBlock(
        scan.reader, fitted.preparation, label, assignment, -(-GATE_ROWS // max(1, len(scan.partitions)))
    )
    made = [pool.submit(make, partition, label="make-block") for partition in scan.partitions]
    facts = pool.map(partial(_facts, split.parts), made, label="count-rows")
    rows = np.array([fact.rows for fact in facts], np.int64).reshape(len(facts), -1)
    _check_folds(rows, label, split)
    filled = np.flatnonzero(rows.sum(axis=1))
    return TrainingSet(
        blocks=tuple(made[index] for index in filled),
        rows=rows[filled],
        features=fitted,
        label=label,
        split=split,
        lineage=Lineage(source.name, source.version),
        sample=pa.concat_tables([fact.sample for fact in facts]),
        key=_key(source, scan, fitted, label, split),
        notes=notes,
    )


@dataclass(frozen=True, slots=True)
class _SummariseLabel:
    reader: Reader
    column: str

    def __call__(self, partition: Partition) -> LabelSummary:
        return summarise(self.reader.read(partition, [self.column]).column(0))


def _fit_features(
    pool: Pool, scan: Source, target: str, features: Any
) -> tuple[FittedFeatures, tuple[str, ...]]:
    """Fit what the user gave, take over what is fitted already, or choose by column types."""
    if isinstance(features, FittedFeatures):
        if target in features.preparation.signature.names:
            raise UnsupportedError(
                f"The fitted features read the label column '{target}'.",
                "Fit them without it.",
                column=target,
            )
        return features, ()
    notes: tuple[str, ...] = ()
    if features is None:
        features, notes = default_features(scan, pool, target=target)
    return fit(features, scan, pool, target=target), notes


@dataclass(frozen=True, slots=True)
class _MakeBlock:
    reader: Reader
    preparation: Preparation
    label: Label
    assignment: Assignment
    sampled: int

    def __call__(self, partition: Partition) -> Block:
        names = self.preparation.signature.names
        wanted = dict.fromkeys((*names, self.label.column, *self.assignment.columns))
        table = self.reader.read(partition, list(wanted))
        truth = encode(table.column(self.label.column), self.label)
        labelled = ~np.isnan(truth)
        matrix = self.preparation.matrix(table.select(names))
        _refuse_infinite(matrix, self.preparation.feature_names)
        folds = self.assignment.folds(table)
        if not labelled.all():
            matrix, truth, folds = matrix[labelled], truth[labelled], folds[labelled]
        chosen = np.linspace(0, len(table) - 1, min(self.sampled, len(table))).astype(np.int64)
        sample = table.select(names).take(pa.array(chosen))
        return Block(matrix, truth, folds, sample)


def _refuse_infinite(matrix: np.ndarray[Any, np.dtype[np.float32]], names: tuple[str, ...]) -> None:
    infinite = np.isinf(matrix).any(axis=0)
    if infinite.any():
        name = names[int(infinite.argmax())]
        raise DataError(
            f"Feature '{name}' holds a value that is infinite or beyond float32's 3.4e38.",
            "Replace it with a missing value or a smaller number.",
            feature=name,
        )


@dataclass(frozen=True, slots=True)
class _Facts:
    rows: tuple[int, ...]
    sample: pa.Table


def _facts(parts: int, block: Block) -> _Facts:
    counts = np.bincount(block.folds, minlength=FIRST_PART + parts)
    return _Facts(tuple(int(count) for count in counts), block.sample)


def _check_folds(rows: np.ndarray[Any, np.dtype[np.int64]], label: Label, split: Split) -> None:
    total = rows.sum(axis=0)
    if not total.sum():
        raise DataError(
            "The source has no labelled row.", "Check the filters before it.", column=label.column
        )
    parts = {FIRST_PART + part: f"part {part}" for part in range(split.parts)}
    for fold, name in (parts or {fold: FOLD_NAMES[fold] for fold in (TRAIN, VALID)}).items():
        if not total[fold]:
            raise DataError(
                f"No row falls into the {name} fold of {int(total.sum())} rows.",
                "Use more rows or other shares.",
                column=label.column,
            )


def _key(source: Readable, scan: Source, fitted: FittedFeatures, label: Label, split: Split) -> str:
    """Names the content by everything that decides it: files with their stamps, graph, label, split."""
    parts = (source.name, source.version, scan.partitions, fitted.preparation.digest, label, split)
    return hashlib.sha256(repr(parts).encode()).hexdigest()
