"""The distribution of scores in a few hundred counts, that add up over parts: quantiles, stability index.

Values fall into bins whose edges grow by a constant factor, so a quantile is known to half a percent of
itself whatever the scale, and the counts of two parts, or of two models, are of the same bins.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

_GROWTH = 1.01
_SMALLEST = 1e-9
_LOG = math.log(_GROWTH)
# A share of nothing has no logarithm: the index takes it for this much, as is customary.
_LEAST_SHARE = 1e-4


@dataclass(frozen=True, slots=True)
class Sketch:
    """Counts of values by bin.

    Attributes:
        counts: Count by bin; bins are in the order of their values, that of zero is 0.
        missing: Values that are no number.
    """

    counts: Mapping[int, int] = field(default_factory=dict)
    missing: int = 0

    @classmethod
    def of(cls, values: NDArray[Any]) -> Sketch:
        given = np.asarray(values, dtype=np.float64).ravel()
        known = given[~np.isnan(given)]
        # Infinite ones count in the last bins that a float has.
        size = np.minimum(np.abs(known), np.finfo(np.float64).max) / _SMALLEST
        bins = np.where(size < 1, 0, np.ceil(np.log(np.maximum(size, 1)) / _LOG) + 1)
        found, counts = np.unique((np.sign(known) * bins).astype(np.int64), return_counts=True)
        pairs = zip(found.tolist(), counts.tolist(), strict=True)
        return cls(dict(pairs), int(len(given) - len(known)))

    @property
    def total(self) -> int:
        """Values that are numbers."""
        return sum(self.counts.values())

    def plus(self, other: Sketch) -> Sketch:
        """The sketch of both sets of values."""
        counts = dict(self.counts)
        for key, count in other.counts.items():
            counts[key] = counts.get(key, 0) + count
        return Sketch(counts, self.missing + other.missing)

    def quantile(self, share: float) -> float:
        """The value that this share of the values does not exceed, to half a percent; NaN for no value."""
        key = self.bin_at(share)
        return math.nan if key is None else _middle(key)

    def bin_at(self, share: float) -> int | None:
        """The bin of that quantile; None for no value."""
        rank, seen = share * self.total, 0
        last = None
        for last in sorted(self.counts):
            seen += self.counts[last]
            if seen >= rank and seen:
                return last
        return last

    def to_json(self) -> dict[str, Any]:
        return {"counts": {str(key): count for key, count in self.counts.items()}, "missing": self.missing}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Sketch:
        return cls({int(key): count for key, count in stored["counts"].items()}, stored["missing"])


def _middle(key: int) -> float:
    if not key:
        return 0.0
    edge = math.exp((abs(key) - 1) * _LOG) * _SMALLEST
    return math.copysign(edge * 2 / (1 + _GROWTH), key)


def stability_index(expected: Sketch, found: Sketch, bins: int = 10) -> float:
    """The population stability index: how far one distribution is from another, in the first one's deciles.

    Below 0.1 is taken for no change, above 0.25 for a large one. NaN where either has no value.
    """
    if not expected.total or not found.total:
        return math.nan
    edges = sorted({key for at in range(1, bins) if (key := expected.bin_at(at / bins)) is not None})
    left, right = _shares(expected, edges), _shares(found, edges)
    return float(np.sum((right - left) * np.log(right / left)))


def _shares(sketch: Sketch, edges: list[int]) -> NDArray[Any]:
    keys = np.array(sorted(sketch.counts))
    counts = np.array([sketch.counts[key] for key in keys.tolist()], dtype=np.float64)
    shares = np.bincount(np.searchsorted(edges, keys), weights=counts, minlength=len(edges) + 1)
    return np.maximum(shares / sketch.total, _LEAST_SHARE)
