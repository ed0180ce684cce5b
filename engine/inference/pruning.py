"""Trees cut down for rows whose features are known to lie within ranges: pure, and the same answers there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from engine.inference.ensemble import Ensemble, Mode

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Range:
    """Where the values of a feature lie.

    Attributes:
        low, high: The least and the greatest value that there may be, both included.
        missing: Whether there may be missing values (NaN).
    """

    low: float = -np.inf
    high: float = np.inf
    missing: bool = True


def prune(ensemble: Ensemble, ranges: Mapping[int, Range]) -> Ensemble:
    """The ensemble without the nodes that all rows within the ranges answer alike.

    Such a node is left out; what stood only behind its other way is no longer reachable, and costs the kernel
    nothing. All nodes are looked at at once: 250,000 of them take some 20 ms.

    Args:
        ensemble: The trees.
        ranges: Column of the matrix to what is known of it; others may hold anything.
    """
    yes, no = _settled(ensemble, ranges)
    stands = np.arange(len(ensemble.mode))  # the node that stands in the place of each
    stands[yes] = ensemble.true[yes]
    stands[no] = ensemble.false[no]
    while not np.array_equal(further := stands[stands], stands):
        stands = further
    return replace(
        ensemble, true=stands[ensemble.true], false=stands[ensemble.false], roots=stands[ensemble.roots]
    )


def steps(ensemble: Ensemble) -> int:
    """The comparisons that a row costs: each tree's depth, for the kernel goes down to the last leaf."""
    count = len(ensemble.mode)
    front = np.arange(len(ensemble.roots)) * count + ensemble.roots
    total = 0
    while len(front):
        tree, node = np.divmod(front, count)
        inner = ensemble.mode[node] != Mode.LEAF
        tree, node = tree[inner], node[inner]
        total += len(np.unique(tree))
        front = np.unique(
            np.concatenate([tree * count + ensemble.true[node], tree * count + ensemble.false[node]])
        )
    return total


def _settled(ensemble: Ensemble, ranges: Mapping[int, Range]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Nodes at which every row within the ranges says yes, and those at which every one says no."""
    low, high, missing = _by_node(ensemble, ranges)
    mode, split = ensemble.mode, ensemble.split.astype(np.float64)
    same, apart = (low == split) & (high == split), (split < low) | (split > high)
    yes, no = np.zeros(len(mode), dtype=bool), np.zeros(len(mode), dtype=bool)
    for kind, (always, never) in {
        Mode.LEQ: (high <= split, low > split),
        Mode.LT: (high < split, low >= split),
        Mode.GTE: (low >= split, high < split),
        Mode.GT: (low > split, high <= split),
        Mode.EQ: (same, apart),
        Mode.NEQ: (apart, same),
    }.items():
        mine = mode == kind
        yes[mine], no[mine] = always[mine], never[mine]
    missing_yes = ensemble.missing_true | (mode == Mode.NEQ)
    known = ~np.isnan(split)
    return yes & known & (missing_yes | ~missing), no & known & ~(missing_yes & missing)


def _by_node(
    ensemble: Ensemble, ranges: Mapping[int, Range]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
    """For each node the bounds of the feature that it asks, and whether that may be missing."""
    features = int(ensemble.feature.max(initial=0)) + 1
    low, high = np.full(features, -np.inf), np.full(features, np.inf)
    missing = np.ones(features, dtype=bool)
    for feature, known in ranges.items():
        if feature < features:
            low[feature], high[feature], missing[feature] = known.low, known.high, known.missing
    return low[ensemble.feature], high[ensemble.feature], missing[ensemble.feature]
