from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import confusion_matrix, roc_auc_score

from engine.errors import DataError
from engine.ml.evaluate import (
    Sums,
    _binary_sums,
    _multiclass_sums,
    _regression_sums,
    area_under_roc,
    evaluation_of,
)
from engine.ml.label import Label

BINARY = Label("y", "binary", "binary:logistic", "auc", (0, 1), 0)
CLASSES = Label("y", "multiclass", "multi:softprob", "mlogloss", (0, 1, 2), 0)
AMOUNTS = Label("y", "regression", "reg:squarederror", "rmse", None, 0)


def scores(rows: int, spread: float) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    truth = rng.integers(0, 2, rows).astype(np.float32)
    margin = spread * (rng.normal(size=rows) + truth)
    return (1 / (1 + np.exp(-margin))).astype(np.float32), truth


@pytest.mark.parametrize("spread", [0.01, 1.0, 6.0])
def test_the_area_is_scikit_learns(spread: float) -> None:
    predicted, truth = scores(200_000, spread)
    histogram = _binary_sums(predicted.astype(np.float64), truth, np.ones(len(truth))).histogram
    assert histogram is not None
    area, _ = area_under_roc(histogram)
    assert area == pytest.approx(roc_auc_score(truth, predicted), abs=1e-4)


def test_ties_count_one_half() -> None:
    truth = np.array([0, 1, 0, 1], np.float32)
    histogram = _binary_sums(np.full(4, 0.3), truth, np.ones(len(truth))).histogram
    assert histogram is not None
    assert area_under_roc(histogram)[0] == 0.5


def test_blocks_add_up_to_the_whole() -> None:
    predicted, truth = scores(1000, 1.0)
    cuts = [slice(0, 10), slice(10, 700), slice(700, None)]
    parts = evaluation_of(
        [_binary_sums(predicted[c].astype(float), truth[c], np.ones(len(truth[c]))) for c in cuts], BINARY
    )
    whole = evaluation_of([_binary_sums(predicted.astype(float), truth, np.ones(len(truth)))], BINARY)
    assert parts.rows == whole.rows == 1000
    assert parts.metrics == pytest.approx(whole.metrics)


def test_the_curve_runs_from_corner_to_corner() -> None:
    predicted, truth = scores(500, 2.0)
    _, roc = area_under_roc(_binary_sums(predicted.astype(float), truth, np.ones(len(truth))).histogram)  # type: ignore[arg-type]
    for side in roc:
        assert (side[0], side[-1]) == (0.0, 1.0)
        assert (np.diff(side) >= 0).all()


def test_no_test_rows_is_one_clear_line() -> None:
    with pytest.raises(DataError, match="test rows are none"):
        evaluation_of([Sums({})], BINARY)


def test_what_classes_were_taken_for_is_scikit_learns_confusion() -> None:
    draw = np.random.default_rng(3)
    truth = draw.integers(0, 3, 900).astype(np.float32)
    predicted, weight = draw.dirichlet(np.ones(3), 900), draw.random(900)
    halves = [_multiclass_sums(predicted[at::2], truth[at::2], weight[at::2]) for at in (0, 1)]
    found = evaluation_of(halves, CLASSES).confusion
    expected = confusion_matrix(truth, predicted.argmax(axis=1), sample_weight=weight)
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_of_amounts_some_rows_are_shown() -> None:
    draw = np.random.default_rng(4)
    truth = draw.normal(size=5_000).astype(np.float32)
    predicted = truth + draw.normal(size=5_000)
    parts = [_regression_sums(predicted[at::20], truth[at::20], np.ones(250)) for at in range(20)]
    sample = evaluation_of([*parts, Sums({})], AMOUNTS).sample
    assert sample is not None
    assert len(sample) == 2_000
    assert {tuple(row) for row in sample} <= set(zip(predicted, truth.astype(float), strict=True))
