"""Weights added up by value."""

from __future__ import annotations

import numpy as np


def tally(values: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the distinct values, sorted, and the sum of the integer weights of each."""
    distinct, places = np.unique(values, return_inverse=True)
    sums = np.zeros(len(distinct), dtype=np.int64)
    np.add.at(sums, places, weights)
    return distinct, sums
