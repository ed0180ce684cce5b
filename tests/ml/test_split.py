from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import OptionError
from engine.ml.split import TEST, TRAIN, VALID, Split


def rows(count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(count, 5)).astype(np.float32), rng.integers(0, 2, count).astype(np.float32)


def test_shares_are_as_asked() -> None:
    matrix, label = rows(200_000)
    folds = Split(valid=0.1, test=0.3, seed=3).folds(matrix, label)
    shares = np.bincount(folds, minlength=3) / len(folds)
    np.testing.assert_allclose(shares[[TRAIN, VALID, TEST]], [0.6, 0.1, 0.3], atol=0.005)


@given(st.permutations(range(12)), st.integers(1, 11))
def test_a_row_keeps_its_fold_wherever_it_stands(order: list[int], cut: int) -> None:
    matrix, label = rows(12)
    split = Split(seed=5)
    whole = split.folds(matrix, label)[order]
    first, second = order[:cut], order[cut:]
    parts = [split.folds(matrix[part], label[part]) for part in (first, second)]
    np.testing.assert_array_equal(np.concatenate(parts), whole)


def test_equal_rows_share_a_fold_whatever_their_nan_and_zero() -> None:
    matrix = np.array([[np.nan, 0.0], [-np.nan, -0.0]], np.float32)
    label = np.zeros(2, np.float32)
    for seed in range(50):
        first, second = Split(seed=seed).folds(matrix, label)
        assert first == second


def test_another_seed_is_another_split() -> None:
    matrix, label = rows(1000)
    assert (Split(seed=1).folds(matrix, label) != Split(seed=2).folds(matrix, label)).mean() > 0.3


@pytest.mark.parametrize("shares", [(0.0, 0.2), (0.5, 0.5), (-0.1, 0.2), (0.2, -0.1)])
def test_impossible_shares_are_refused(shares: tuple[float, float]) -> None:
    with pytest.raises(OptionError, match="not possible"):
        Split(valid=shares[0], test=shares[1])
