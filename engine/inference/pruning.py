"""Trees cut down for rows whose features are known to lie within ranges: pure, and the same answers there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import count as count_from
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
    tree, node = np.arange(len(ensemble.roots)), ensemble.roots
    depth = np.zeros(len(tree), dtype=np.int64)
    for level in count_from(1):
        inner = ensemble.mode[node] != Mode.LEAF
        tree, node = np.tile(tree[inner], 2), node[inner]
        if not len(node):
            return int(depth.sum())
        depth[tree] = level
        node = np.concatenate([ensemble.true[node], ensemble.false[node]])
        if len(node) > count:  # nodes that several ways lead to; of plain trees there are none
            tree, node = np.divmod(np.unique(tree * count + node), count)
    raise AssertionError


def spans(ensemble: Ensemble) -> NDArray[np.float64]:
    """The least and the greatest split of each feature, `[features, 2]`."""
    features = int(ensemble.feature.max(initial=0)) + 1
    found = np.stack([np.full(features, np.inf), np.full(features, -np.inf)], axis=1)
    asking = ensemble.mode != Mode.LEAF
    feature, split = ensemble.feature[asking], ensemble.split[asking].astype(np.float64)
    np.fmin.at(found[:, 0], feature, split)
    np.fmax.at(found[:, 1], feature, split)
    return found


def settles(spans: NDArray[np.float64], ranges: Mapping[int, Range]) -> bool:
    """Whether ranges can settle a node at all: one that reaches beyond all splits of its feature cannot.

    Statistics of a row group mostly do, and this asks them of the features alone, not of a million nodes.
    """
    return any(
        feature < len(spans) and not (known.low < spans[feature, 0] and spans[feature, 1] < known.high)
        for feature, known in ranges.items()
    )


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
