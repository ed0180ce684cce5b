"""Rows to learn from, the same on every side: numpy alone, since a side may have nothing else."""

from __future__ import annotations

from typing import Any

import numpy as np

# The space that all sides search, as Optuna, SciPy and Ray each write it: low, high, logarithmic or whole.
SPACE: dict[str, tuple[float, float, str]] = {
    "max_depth": (3, 10, "whole"),
    "eta": (0.01, 0.3, "log"),
    "min_child_weight": (1.0, 20.0, "log"),
    "subsample": (0.5, 1.0, "even"),
    "colsample_bytree": (0.5, 1.0, "even"),
    "lambda": (0.1, 10.0, "log"),
}
PATIENCE = 20
VALID = 0.2


def draw(kind: str, rows: int, features: int, seed: int = 0) -> tuple[Any, Any]:
    """Features, float32 [rows, features], and labels 0 and 1.

    Args:
        kind: `mixed` (linear, products and steps, noisy labels), `linear`, or `rings` (distances only).
        rows: How many.
        features: How many; the last half of them says little or nothing.
        seed: Another seed, other rows of the same law.
    """
    law, rng = np.random.default_rng(7), np.random.default_rng(seed)
    matrix = rng.normal(size=(rows, features)).astype(np.float32)
    half = max(8, features // 2)
    weights = law.normal(size=half) * 0.35
    score = matrix[:, :half] @ weights.astype(np.float32)
    if kind == "mixed":
        score = score + 0.9 * matrix[:, 0] * matrix[:, 1] + np.sin(2 * matrix[:, 2])
        score = score + 1.2 * (matrix[:, 3] > 0.5) * matrix[:, 4] + 0.4 * (matrix[:, 5] ** 2 - 1)
    elif kind == "rings":
        score = 1.5 * np.cos(np.linalg.norm(matrix[:, :6], axis=1) * 1.5) + 0.2 * score
    chance = 1 / (1 + np.exp(-1.3 * score))
    return matrix, (rng.random(rows) < chance).astype(np.float32)


def halves(matrix: Any, label: Any) -> tuple[Any, Any, Any, Any]:
    """Rows that train and rows that judge: the last fifth, as in `folds`."""
    first = len(label) - int(VALID * len(label))
    return matrix[:first], label[:first], matrix[first:], label[first:]


def folds(rows: int) -> list[str]:
    """For a column that says which side a row is on."""
    held_out = int(VALID * rows)
    return ["train"] * (rows - held_out) + ["valid"] * held_out
