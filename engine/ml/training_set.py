"""A source as training sees it: rows that any worker can make from the source, and what they are.

Two passes over the source: one for the label's values (and whatever the preparation needs), one that
reads the used columns, runs the exported preparation graph and leaves its output on the workers' disks.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from engine.errors import DataError, NotFoundError, OptionError, UnsupportedError
from engine.ml import spool
from engine.ml.block import Blocks, Recipe
from engine.ml.categories import chosen_features
from engine.ml.evaluate import Evaluation, RankingOf, SumsOf, evaluation_of
from engine.ml.label import Label, LabelSummary, merge, resolve, summarise
from engine.ml.label_column import check_column, check_type
from engine.ml.matrix import check_codes
from engine.ml.split import FIRST_PART, FOLD_NAMES, TEST, TRAIN, VALID, Assignment, Split, plan_split
from engine.ml.trained import Lineage
from engine.prep import FittedFeatures, blocks_of, fit, learns_from_label, signature_of

if TYPE_CHECKING:
    from engine.lake import Partition, Readable, Reader, Source
    from engine.ml.metric import CustomMetric
    from pools import Pool

# Raw rows that the parity gate gets from all partitions together: enough that a wrong branch of a
# common path is met, small enough to travel with a model.
GATE_ROWS = 10_000


@dataclass(frozen=True, slots=True)
class Columns:
    """What columns of a source are to training.

    Attributes:
        target: The label.
        weight: How much each row counts; None for all the same.
        group: What rows are ranked within, for objectives that rank.
        categorical: Names of features (columns of the prepared matrix) that hold category codes, of which
            XGBoost makes sets instead of thresholds.
    """

    target: str
    weight: str | None = None
    group: str | None = None
    categorical: tuple[str, ...] = ()

    @property
    def named(self) -> tuple[str, ...]:
        """Columns that are no features."""
        return tuple(filter(None, (self.target, self.weight, self.group)))


@dataclass(frozen=True)
class TrainingSet:
    """What is trained on: a value that pickles, while the rows stay where they are.

    Attributes:
        blocks: The rows, for whoever stands on a worker.
        rows: int64 [partitions, folds], rows of each by fold code: 3, and the parts of a k-fold split.
        features: The fitted transformer and its exported graph.
        label: Column, task and classes.
        split: Which rows validate and test.
        lineage: Source name and version.
        sample: Raw rows for the parity gate.
        key: Names the content: same source, features, label and split, same key.
        notes: What was left out on the way, one line each, for the user.
    """

    blocks: Blocks = field(repr=False)
    rows: np.ndarray[Any, np.dtype[np.int64]]
    features: FittedFeatures
    label: Label
    split: Split
    lineage: Lineage
    sample: pa.Table = field(repr=False)
    key: str
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        folds = " + ".join(f"{rows:,}" for rows in self.rows.sum(axis=0))
        what = f"{self.label.kind} of {self.label.column!r} from {self.lineage.source}"
        return f"TrainingSet({what}: {len(self.names)} features, {folds} rows by fold)"

    @property
    def names(self) -> tuple[str, ...]:
        """Columns of the matrix."""
        return self.features.preparation.feature_names

    def count(self, *folds: int) -> int:
        """Rows in these folds."""
        return int(self.rows[:, list(folds)].sum())

    def evaluate(self, pool: Pool, booster: bytes, *, fold: int = TEST) -> Evaluation:
        """Metrics of a booster on one fold, computed on the workers."""
        if self.label.kind == "ranking":
            # mean average precision is defined for relevances of 0 and 1 alone
            more = ("map",) if self.label.objective == "rank:map" else ()
            ranking = RankingOf(booster, fold, ("ndcg", "ndcg@10", *more))
            [found] = pool.map(ranking, [self.blocks], label="evaluate")
            return found  # type: ignore[no-any-return]
        sums = SumsOf(booster, self.label, fold)
        indices = range(len(self.blocks.partitions))
        return evaluation_of(pool.map(sums, indices, label="evaluate", common=self.blocks), self.label)


def build(
    pool: Pool,
    source: Readable,
    columns: Columns,
    *,
    features: Any,
    objective: str | None,
    metric: str | CustomMetric | None,
    split: Split,
) -> TrainingSet:
    """Summarise the label, fit and export the features, make the blocks.

    Args:
        pool: Where the work runs.
        source: A table or dataset.
        columns: What its columns are.
        features: A scikit-learn transformer, or None for the default by column types.
        objective: XGBoost's objective, None to decide by the label's values.
        metric: XGBoost's metric or one of the user's own, None for the objective's own.
        split: Which rows validate and test.

    Raises:
        NotFoundError: A column that the source does not have.
        DataError: A label that cannot be learned, no rows, a fold without rows or without a class.
        UnsupportedError: A transformer or objective that cannot be honoured.
    """
    for name in (columns.target, *columns.named):
        check_column(name, source.columns)
    scan = source.source()
    check_type(columns.target, scan.schema.field(columns.target).type)
    summaries = pool.map(
        _SummariseLabel(scan.reader, columns.target), scan.partitions, label="summarise-label"
    )
    label = resolve(columns.target, merge(summaries), objective=objective, metric=metric)
    split = _check_ranking(label, columns, split)
    given, notes = _given_features(pool, scan, columns, features)
    if not isinstance(given, FittedFeatures):
        signature_of(given, scan.schema, columns.target)  # what cannot be honoured is refused before a pass
    assignment = plan_split(split, blocks_of(scan), pool, target=columns.target)
    fitted = _fitted(pool, scan, columns.target, given, assignment, split.key)
    preparation = fitted.preparation
    recipe = Recipe(
        scan.reader, preparation, label, assignment, columns.weight, columns.group, fitted.crossed
    )
    key = _key(source, scan, fitted, columns, label, split)
    codes = tuple(_place(name, preparation.feature_names) for name in columns.categorical)
    blocks = Blocks(key, recipe, scan.partitions, split, len(preparation.feature_names), codes)
    make = _MakeBlock(-(-GATE_ROWS // max(1, len(scan.partitions))), split.parts)
    facts = pool.map(make, range(len(scan.partitions)), label="make-block", common=blocks)
    rows = np.array([fact.rows for fact in facts], np.int64).reshape(len(facts), -1)
    _check_folds(rows, label, split)
    _check_weights(np.array([fact.weighing for fact in facts], np.int64), columns.weight, split)
    return TrainingSet(
        blocks=blocks,
        rows=rows,
        features=fitted,
        label=label,
        split=split,
        lineage=Lineage(source.name, source.version, type(source).__name__.lower()),
        sample=pa.concat_tables([fact.sample for fact in facts]),
        key=key,
        notes=notes,
    )


def _check_ranking(label: Label, columns: Columns, split: Split) -> Split:
    """Ranking needs its groups, whole on one side of the split; nothing else has a use for them."""
    if label.kind != "ranking":
        if columns.group:
            raise OptionError(
                f"group='{columns.group}' has no use for objective '{label.objective}'.",
                "Give objective='rank:ndcg', or leave group= out (Split(group=...) keeps rows together).",
            )
        return split
    if columns.group is None:
        raise OptionError(f"Objective '{label.objective}' ranks rows within groups.", "Give group='COLUMN'.")
    if columns.weight:
        raise UnsupportedError(
            "Weights of rows cannot be honoured in ranking, where XGBoost weighs whole groups.",
            "Leave weight= out.",
        )
    if split.group == columns.group or split.column:
        return split
    if split.stratify or split.time or split.key:
        raise OptionError(
            "A split of ranked rows must not tear their groups apart.",
            f"Use Split(group='{columns.group}') or Split(column=...).",
        )
    return replace(split, group=columns.group)


def _place(name: str, names: tuple[str, ...]) -> int:
    if name not in names:
        raise NotFoundError(
            f"There is no feature '{name}' to be categorical.",
            f"The prepared matrix has: {', '.join(names)}.",
            feature=name,
        )
    return names.index(name)


@dataclass(frozen=True, slots=True)
class _SummariseLabel:
    reader: Reader
    column: str

    def __call__(self, partition: Partition) -> LabelSummary:
        return summarise(self.reader.read(partition, [self.column]).column(0))


def _given_features(pool: Pool, scan: Source, columns: Columns, features: Any) -> tuple[Any, tuple[str, ...]]:
    """What the user gave, fitted or not, or what column types suggest."""
    if isinstance(features, FittedFeatures):
        for name in columns.named:
            if name in features.preparation.signature.names and name != columns.group:
                raise UnsupportedError(
                    f"The fitted features read the column '{name}', which is no feature.",
                    "Fit them without it.",
                    column=name,
                )
        return features, ()
    notes: tuple[str, ...] = ()
    if features is None:
        features, notes = chosen_features(scan, pool, columns)
    return features, notes


def _fitted(
    pool: Pool,
    scan: Source,
    target: str,
    features: Any,
    assignment: Assignment,
    key: Sequence[str] | None,
) -> FittedFeatures:
    """Fit features on all rows; those that learn from the label must not see that of rows that test."""
    if isinstance(features, FittedFeatures):
        return features
    rows = blocks_of(scan)
    if learns_from_label(features):
        rows = replace(rows, read=_OutsideTest(rows.read, assignment))
    return fit(features, rows, pool, target=target, key=key)


@dataclass(frozen=True, slots=True)
class _OutsideTest:
    """Reads the rows of a partition that do not test."""

    read: Callable[[Any, Sequence[str]], pa.Table]
    assignment: Assignment

    def __call__(self, part: Any, columns: Sequence[str]) -> pa.Table:
        table = self.read(part, list(dict.fromkeys((*columns, *self.assignment.columns))))
        return table.filter(pa.array(self.assignment.folds(table) != TEST)).select(list(columns))


@dataclass(frozen=True, slots=True)
class _Facts:
    """Rows by fold, how many of them have a weight above 0, and some raw ones."""

    rows: tuple[int, ...]
    weighing: tuple[int, ...]
    sample: pa.Table


@dataclass(frozen=True, slots=True)
class _MakeBlock:
    """Makes a block, leaves it on the worker's disk, and tells what is in it."""

    sampled: int
    parts: int

    def __call__(self, index: int, blocks: Blocks) -> _Facts:
        block, raw = blocks.recipe.make(blocks.partitions[index])
        check_codes(block, blocks, blocks.recipe.preparation.feature_names)
        spool.save(blocks.key, index, block.arrays())
        weighing = block.folds if block.weight is None else block.folds[block.weight > 0]
        chosen = np.linspace(0, len(raw) - 1, min(self.sampled, len(raw))).astype(np.int64)
        return _Facts(self._counts(block.folds), self._counts(weighing), raw.take(pa.array(chosen)))

    def _counts(self, folds: np.ndarray[Any, np.dtype[np.uint8]]) -> tuple[int, ...]:
        return tuple(np.bincount(folds, minlength=FIRST_PART + self.parts).tolist())


def _check_folds(rows: np.ndarray[Any, np.dtype[np.int64]], label: Label, split: Split) -> None:
    total = rows.sum(axis=0)
    if not total.sum():
        raise DataError(
            "The source has no labelled row.", "Check the filters before it.", column=label.column
        )
    for fold, name in _needed(split):
        if not total[fold]:
            raise DataError(
                f"No row falls into the {name} fold of {int(total.sum())} rows.",
                "Use more rows or other shares; rows with the same values always fall together.",
                column=label.column,
            )


def _check_weights(weighing: np.ndarray[Any, np.dtype[np.int64]], weight: str | None, split: Split) -> None:
    for fold, name in _needed(split) if weight else ():
        if not weighing[:, fold].sum():
            raise DataError(
                f"Weights '{weight}' are 0 in every row of the {name} fold.",
                "Give more rows a weight above 0, or leave weight= out.",
                column=weight,
            )


def _needed(split: Split) -> list[tuple[int, str]]:
    """Folds that must not be empty, and their names."""
    parts = [(FIRST_PART + part, f"part {part}") for part in range(split.parts)]
    return parts or [(fold, FOLD_NAMES[fold]) for fold in (TRAIN, VALID)]


def _key(
    source: Readable, scan: Source, fitted: FittedFeatures, columns: Columns, label: Label, split: Split
) -> str:
    """Names the content by everything that decides it: files with their stamps, graph, label, split."""
    task = (label.column, label.kind, label.classes)
    graphs = [fitted.preparation, *(fitted.crossed.without if fitted.crossed else ())]
    digests = tuple(graph.digest for graph in graphs)
    parts = (source.name, source.version, scan.partitions, digests, columns, task, split)
    return hashlib.sha256(repr(parts).encode()).hexdigest()
