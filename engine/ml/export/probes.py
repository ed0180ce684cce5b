"""Rows of the matrix that catch a wrong tree: on every threshold and beside it, missing, extreme, unseen."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.ml.export.branches import set_ends
from engine.ml.export.paths import Paths
from engine.ml.export.trees import LEAF, TreeEnsemble

Matrix = NDArray[np.float32]

_MOST_ROWS = 200_000
_MOST_CELLS = 2**24  # 64 MiB of float32
_EXTREMES = np.array([np.inf, -np.inf, 3e38, -3e38, 0.0, -0.0, 1e-45, -1e-45], np.float32)
# Codes that no set holds: XGBoost's own limit is 2^24, where float32 stops telling whole numbers apart.
_NO_CODES = np.array([np.nan, -1.0, -0.5, 2**24, 1e10, np.inf, -np.inf], np.float32)


@dataclass(frozen=True, slots=True)
class MatrixProbe:
    """Rows of the matrix under a name."""

    name: str
    rows: Matrix


def matrix_probes(ensemble: TreeEnsemble, background: Matrix) -> Iterator[MatrixProbe]:
    """Make the probes of an ensemble one by one; the same ensemble and background give the same rows.

    A probe has at most 200,000 rows and 2^24 cells; if that does not hold all nodes or columns, a fixed
    sample of them is probed.

    Args:
        ensemble: The trees.
        background: Real rows of the matrix, [n, features] with n > 0; probes start from them.
    """
    widest = max(1, ensemble.features, ensemble.targets, ensemble.depth)  # of what is held per row
    most = max(1, min(_MOST_ROWS, _MOST_CELLS // widest))
    split_on = np.unique(ensemble.feature[ensemble.left != LEAF])
    yield MatrixProbe("thresholds", _threshold_rows(ensemble, background, most))
    yield MatrixProbe("missing", _with_values(background, split_on, np.full(1, np.nan, np.float32), most))
    yield MatrixProbe("extremes", _with_values(background, split_on, _EXTREMES, most))
    if ensemble.is_categorical.any():
        yield MatrixProbe("categories", _category_rows(ensemble, background, most))


def _threshold_rows(ensemble: TreeEnsemble, background: Matrix, most: int) -> Matrix:
    """For every numeric split three rows that reach it: below its threshold, on it and above it."""
    numeric = np.flatnonzero((ensemble.left != LEAF) & ~ensemble.is_categorical)
    nodes = _sample(numeric, max(1, most // 3))
    rows = Paths(ensemble).rows_reaching(nodes, background)
    threshold = ensemble.threshold[nodes]
    sides = [
        np.nextafter(threshold, np.float32(-np.inf)),
        threshold,
        np.nextafter(threshold, np.float32(np.inf)),
    ]
    probes = np.repeat(rows[None], 3, axis=0)
    for side, values in enumerate(sides):
        probes[side, np.arange(len(nodes)), ensemble.feature[nodes]] = values
    return probes.reshape(-1, ensemble.features)


def _with_values(background: Matrix, columns: NDArray[np.int32], values: Matrix, most: int) -> Matrix:
    """For each value: a row of nothing else, and for each column a background row with it in that column."""
    chosen = _sample(columns, max(1, most // len(values) - 1))
    full = np.repeat(values[:, None], background.shape[1], axis=1)
    count = len(chosen) * len(values)
    single = np.resize(background, (count, background.shape[1]))
    single[np.arange(count), np.repeat(chosen, len(values))] = np.tile(values, len(chosen))
    return np.concatenate([full, single])


def _category_rows(ensemble: TreeEnsemble, background: Matrix, most: int) -> Matrix:
    """For categorical splits, rows that reach them: at and beside the ends of their sets, and unseen."""
    every = np.flatnonzero(ensemble.is_categorical)
    order = np.random.default_rng(0).permutation(every)
    codes = [_codes_to_try(ensemble.category_set(node)) for node in order.tolist()]
    fitting = max(1, int(np.searchsorted(np.cumsum([len(tried) for tried in codes]), most, side="right")))
    nodes = order[:fitting]
    sizes = [len(tried) for tried in codes[:fitting]]
    rows = np.repeat(Paths(ensemble).rows_reaching(nodes, background), sizes, axis=0)
    rows[np.arange(len(rows)), np.repeat(ensemble.feature[nodes], sizes)] = np.concatenate(codes[:fitting])
    return rows


def _codes_to_try(codes: NDArray[np.int32]) -> Matrix:
    ends = set_ends(codes)
    below = np.nextafter(ends, np.float32(-np.inf))
    return np.concatenate([ends, ends - 1, below, ends + np.float32(0.5), ends[-1:] + 100, _NO_CODES])


def _sample(items: NDArray[np.int32] | NDArray[np.int64], most: int) -> NDArray[np.int64]:
    if len(items) <= most:
        return items.astype(np.int64)
    return np.sort(np.random.default_rng(0).choice(items, most, replace=False)).astype(np.int64)
