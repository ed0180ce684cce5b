"""Metrics over all workers, from small sums and histograms; of predictions the client sees a sample at most.

The ROC curve and its area come from a histogram of the margin. Its bins are 32 / 65,536 = 0.0005 wide
in log-odds, so only pairs of rows closer than that count as ties: measured on 200,000 rows against
scikit-learn, the area is 1e-5 off at most where scores spread over 0.1 or more in log-odds, 4e-5 where
they spread over 0.01.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from engine.errors import DataError
from engine.ml.boost import load_booster, predict
from engine.ml.calibration import calibration_of
from engine.ml.matrix import pieces, types_of

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from engine.ml.block import Blocks
    from engine.ml.calibration import Curve
    from engine.ml.label import Label

_BINS = 65_536
_LARGEST_MARGIN = 16.0
_SMALLEST_PROBABILITY = 1e-7
# What a figure of predicted against observed amounts shows; of a block and of all.
_SAMPLED, _SHOWN = 1_000, 2_000
_MORE_ROWS = "Use more rows or a larger test= share."


@dataclass(frozen=True)
class Evaluation:
    """How a model does on a fold.

    Attributes:
        rows: Rows of the fold.
        metrics: Name to value: `auc logloss accuracy`, `mlogloss accuracy`, `rmse mae r2` or
            `ndcg ndcg@10` (and `map` for `rank:map`).
        roc: For a binary task false-positive rates and true-positive rates, both float64 [K], else None.
        calibration: For a binary task mean probability, observed share and weight of each bin, else None.
        confusion: For a multiclass task the weight of rows by class and by the class that was predicted,
            float64 [C, C], else None.
        sample: For a regression predicted and observed amounts of some rows, float64 [K, 2], else None.
    """

    rows: int
    metrics: Mapping[str, float]
    roc: tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]] | None = field(default=None, repr=False)
    calibration: Curve | None = field(default=None, repr=False)
    confusion: npt.NDArray[np.float64] | None = field(default=None, repr=False)
    sample: npt.NDArray[np.float64] | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Sums:
    """What one block adds.

    Attributes:
        values: Sums by name.
        histogram: For a binary task weights of the margins by class, [2, bins]; for a multiclass one by class
            and predicted class, [C, C].
        sample: For a regression predicted and observed amounts of some rows, [K, 2].
    """

    values: Mapping[str, float]
    histogram: npt.NDArray[np.float64] | None = None
    sample: npt.NDArray[np.float64] | None = None


@dataclass(frozen=True, slots=True)
class SumsOf:
    """Makes the sums of a block (on a worker): what `booster` says of the rows of `fold`."""

    booster: bytes
    label: Label
    fold: int

    def __call__(self, index: int, blocks: Blocks) -> Sums:
        """Sums over the rows of one block; rows count by their weights."""
        import numpy as np

        block = blocks.block(index).of(self.fold)
        if not len(block.label):
            return Sums({})
        predicted = predict(self.booster, block.matrix).astype(np.float64)
        _check_finite(predicted, self.label.column)
        weight = np.ones(len(block.label)) if block.weight is None else block.weight.astype(np.float64)
        if self.label.kind == "binary":
            return _binary_sums(predicted, block.label, weight)
        if self.label.kind == "multiclass":
            return _multiclass_sums(predicted, block.label, weight)
        return _regression_sums(predicted, block.label, weight)


def _check_finite(predicted: npt.NDArray[np.float64], column: str) -> None:
    import numpy as np

    strange = len(predicted) - int(np.isfinite(predicted.reshape(len(predicted), -1)).all(axis=1).sum())
    if strange:
        raise DataError(
            f"The trees answer no finite number for {strange} of {len(predicted)} rows of one part: "
            f"the fit to '{column}' has diverged.",
            "Use a smaller eta, or a label of smaller numbers.",
            column=column,
        )


def _regression_sums(
    predicted: npt.NDArray[np.float64], truth: npt.NDArray[np.float32], weight: npt.NDArray[np.float64]
) -> Sums:
    import numpy as np

    error = predicted - truth
    return Sums(
        {
            "rows": len(truth),
            "weight": float(weight.sum()),
            "squared": float(weight @ np.square(error)),
            "absolute": float(weight @ np.abs(error)),
            "truth": float(weight @ truth.astype(np.float64)),
            "truth_squared": float(weight @ np.square(truth, dtype=np.float64)),
        },
        sample=_thinned(np.column_stack([predicted, truth]).astype(np.float64), _SAMPLED),
    )


def _thinned(rows: npt.NDArray[np.float64], most: int) -> npt.NDArray[np.float64]:
    """Some of the rows, evenly spread over them."""
    import numpy as np

    chosen = np.unique(np.linspace(0, len(rows) - 1, min(most, len(rows))).astype(int))
    return np.take(rows, chosen, axis=0)


def _binary_sums(
    predicted: npt.NDArray[np.float64], truth: npt.NDArray[np.float32], weight: npt.NDArray[np.float64]
) -> Sums:
    import numpy as np

    clipped = np.clip(predicted, _SMALLEST_PROBABILITY, 1 - _SMALLEST_PROBABILITY)
    margin = np.log(clipped / (1 - clipped)).clip(-_LARGEST_MARGIN, _LARGEST_MARGIN - 1e-9)
    bins = ((margin + _LARGEST_MARGIN) * (_BINS / (2 * _LARGEST_MARGIN))).astype(np.int64)
    positive = truth > 0.5
    sides = [np.bincount(bins[chosen], weight[chosen], minlength=_BINS) for chosen in (~positive, positive)]
    histogram = np.stack(sides).astype(np.float64)
    values = {
        "rows": len(truth),
        "weight": float(weight.sum()),
        "logloss": float(-(weight @ np.log(np.where(positive, clipped, 1 - clipped)))),
        "right": float(weight @ ((predicted > 0.5) == positive)),
    }
    return Sums(values, histogram)


def _multiclass_sums(
    predicted: npt.NDArray[np.float64], truth: npt.NDArray[np.float32], weight: npt.NDArray[np.float64]
) -> Sums:
    import numpy as np

    code = truth.astype(np.int64)
    of_truth = predicted[np.arange(len(code)), code].clip(_SMALLEST_PROBABILITY, 1)
    classes, said = predicted.shape[1], predicted.argmax(axis=1)
    confusion = np.bincount(code * classes + said, weight, minlength=classes**2)
    return Sums(
        {
            "rows": len(code),
            "weight": float(weight.sum()),
            "logloss": float(-(weight @ np.log(of_truth))),
            "right": float(weight @ (said == code)),
        },
        confusion.reshape(classes, classes).astype(np.float64),
    )


def evaluation_of(parts: Iterable[Sums], label: Label) -> Evaluation:
    """Metrics from the sums of all blocks.

    Raises:
        DataError: The fold has no rows, or one class only where both are needed.
    """
    import numpy as np

    blocks = list(parts)
    total: dict[str, float] = {}
    for part in blocks:
        for name, value in part.values.items():
            total[name] = total.get(name, 0.0) + value
    rows = int(total.get("rows", 0))
    if not rows:
        raise DataError(
            "The test rows are none: there is nothing to judge the model on.",
            _MORE_ROWS,
        )
    if label.kind == "regression":
        samples = [part.sample for part in blocks if part.sample is not None]
        return Evaluation(rows, _regression_metrics(total), sample=_thinned(np.concatenate(samples), _SHOWN))
    weight = total["weight"] or math.nan
    metrics = {"logloss": total["logloss"] / weight, "accuracy": total["right"] / weight}
    histogram = np.sum([part.histogram for part in blocks if part.histogram is not None], axis=0)
    if label.kind == "multiclass":
        metrics = {"mlogloss": metrics["logloss"], "accuracy": metrics["accuracy"]}
        return Evaluation(rows, metrics, confusion=histogram)
    auc, roc = area_under_roc(histogram)
    return Evaluation(rows, {"auc": auc, **metrics}, roc, calibration_of(histogram, _LARGEST_MARGIN))


def _regression_metrics(total: Mapping[str, float]) -> dict[str, float]:
    rows = total["weight"] or math.nan
    spread = total["truth_squared"] - total["truth"] ** 2 / rows
    return {
        "rmse": (total["squared"] / rows) ** 0.5,
        "mae": total["absolute"] / rows,
        "r2": 1 - total["squared"] / spread if spread > 0 else float("nan"),
    }


@dataclass(frozen=True, slots=True)
class RankingOf:
    """Metrics of a ranking, by XGBoost's own (on one worker): groups may lie across partitions."""

    booster: bytes
    fold: int
    metrics: tuple[str, ...] = ("ndcg", "ndcg@10")

    def __call__(self, blocks: Blocks) -> Evaluation:
        """Means over all groups of the fold.

        Raises:
            DataError: The fold has no rows.
        """
        import numpy as np
        import xgboost as xgb

        loaded = load_booster(self.booster)
        sums, groups, rows = np.zeros(len(self.metrics)), 0, 0
        for block in pieces(blocks, self.fold, 0):
            matrix = xgb.DMatrix(block.matrix, block.label, qid=block.group, feature_types=types_of(blocks))
            asked = loaded.copy()
            asked.set_param([("eval_metric", name) for name in self.metrics])
            told = asked.eval_set([(matrix, "test")], 0).split()[1:]
            found = len(np.unique(np.asarray(block.group)))
            sums += found * np.array([float(word.rsplit(":", 1)[1]) for word in told])
            groups, rows = groups + found, rows + len(block.label)
        if not groups:
            raise DataError("The test rows are none: there is nothing to judge the model on.", _MORE_ROWS)
        return Evaluation(rows, dict(zip(self.metrics, (sums / groups).tolist(), strict=True)))


def area_under_roc(
    histogram: npt.NDArray[np.int64] | npt.NDArray[np.float64],
) -> tuple[float, tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]]:
    """Area and curve from histograms of the negatives' and the positives' scores, by weight, [2, bins].

    Rows in one bin count as ties, one half each, as in the rank definition of the area. The area is
    NaN where a class is missing.
    """
    import numpy as np

    falls, hits = (np.concatenate([[0], np.cumsum(side[::-1])]).astype(np.float64) for side in histogram)
    if not falls[-1] or not hits[-1]:
        return float("nan"), (np.array([0.0, 1.0]), np.array([0.0, 1.0]))
    false_rate, true_rate = falls / falls[-1], hits / hits[-1]
    area = float(np.trapezoid(true_rate, false_rate))
    steps = np.flatnonzero(np.diff(falls + hits, prepend=-1))
    return area, (false_rate[steps], true_rate[steps])
