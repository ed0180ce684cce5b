"""The registered graph against XGBoost itself, on every row of a source, where the rows lie."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from engine.inference import load_runner
from engine.ml.boost import predict

if TYPE_CHECKING:
    from engine.lake import Partition, Reader, Source
    from engine.ml.model import Model
    from engine.ml.trained import TrainedModel
    from engine.prep import Preparation
    from pools import Pool


@dataclass(frozen=True, slots=True)
class Comparison:
    """How far two predictors are apart.

    Attributes:
        rows: Rows compared.
        max_abs_diff: Largest difference of a probability, or of an amount.
        max_rel_diff: The same relative to max(1, |amount|); for probabilities it equals `max_abs_diff`.
        labels_flipped: Rows on which the two name different classes; 0 for amounts.
    """

    rows: int = 0
    max_abs_diff: float = 0.0
    max_rel_diff: float = 0.0
    labels_flipped: int = 0

    def __or__(self, other: Comparison) -> Comparison:
        return Comparison(
            self.rows + other.rows,
            max(self.max_abs_diff, other.max_abs_diff),
            max(self.max_rel_diff, other.max_rel_diff),
            self.labels_flipped + other.labels_flipped,
        )


def compare(
    pool: Pool, model: Model, trained: TrainedModel, scan: Source, *, on_part: Callable[[], None]
) -> Comparison:
    """Run both on every partition and take the worst."""
    task = _ComparePartition(
        scan.reader, model.onnx, trained.booster, trained.features.preparation, trained.label.classes
    )
    worst = Comparison()
    for _, part in pool.stream(task, scan.partitions, label="verify"):
        worst |= part
        on_part()
    return worst


@dataclass(frozen=True, slots=True)
class _ComparePartition:
    reader: Reader
    graph: bytes
    booster: bytes
    preparation: Preparation
    classes: tuple[object, ...] | None

    def __call__(self, partition: Partition) -> Comparison:
        table = self.reader.read(partition, self.preparation.signature.names)
        if not table.num_rows:
            return Comparison()
        native = predict(self.booster, self.preparation.matrix(table))
        rows = self.preparation.signature.feed(table)
        if self.classes is None:
            [scores] = load_runner(self.graph, ["score"]).run(rows)
            return _compare_amounts(native, scores)
        probabilities, labels = load_runner(self.graph, ["probabilities", "label"]).run(rows)
        return _compare_classes(native, probabilities, labels, self.classes)


def _compare_amounts(native: np.ndarray, scores: np.ndarray) -> Comparison:
    off = np.abs(native.reshape(len(native), -1).astype(np.float64) - scores.reshape(len(scores), -1))
    scale = np.maximum(1.0, np.abs(native.reshape(off.shape)))
    return Comparison(len(native), float(off.max()), float((off / scale).max()), 0)


def _compare_classes(
    native: np.ndarray, probabilities: np.ndarray, labels: np.ndarray, classes: tuple[object, ...]
) -> Comparison:
    if native.ndim == 1:
        off = np.abs(native.astype(np.float64) - probabilities[:, 1])
        codes = (native > 0.5).astype(np.int64)
    else:
        off = np.abs(native.astype(np.float64) - probabilities)
        codes = native.argmax(axis=1)
    values = np.array([int(c) if isinstance(c, bool) else c for c in classes], dtype=object)
    flipped = int((values[codes] != labels.astype(object)).sum())
    worst = float(off.max())
    return Comparison(len(native), worst, worst, flipped)
