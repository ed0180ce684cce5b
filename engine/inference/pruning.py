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
    """The ensemble without the ways that no row within the ranges goes.

    A node of which one way is left is left out; what stood only behind the other way is no longer reachable,
    and costs the kernel nothing. Ranges narrow on the way down: below `x < 5` the values lie under 5.

    Args:
        ensemble: The trees.
        ranges: Column of the matrix to what is known of it; others may hold anything.
    """
    true, false = ensemble.true.copy(), ensemble.false.copy()
    roots = ensemble.roots.copy()
    shared = _shared(ensemble)
    for tree, root in enumerate(ensemble.roots):
        roots[tree] = _descend(ensemble, int(root), dict(ranges), (true, false), shared)
    return replace(ensemble, true=true, false=false, roots=roots)


def _shared(ensemble: Ensemble) -> NDArray[np.bool_]:
    """Nodes that several ways lead to: what is known on one of them need not hold on the others."""
    inner = ensemble.mode != Mode.LEAF
    ways = np.concatenate([ensemble.true[inner], ensemble.false[inner], ensemble.roots])
    return np.bincount(ways, minlength=len(inner)) > 1


def _descend(
    ensemble: Ensemble,
    root: int,
    known: dict[int, Range],
    ways: tuple[NDArray[np.int64], NDArray[np.int64]],
    shared: NDArray[np.bool_],
) -> int:
    """The node that stands in the place of a root; what follows it is changed in `ways`."""
    true, false = ways
    found = root
    # What to look at, what is known there, and where the answer goes: the ways of a node, or the root.
    waiting: list[tuple[int, dict[int, Range], NDArray[np.int64] | None, int]] = [(root, known, None, -1)]
    while waiting:
        node, here, target, parent = waiting.pop()
        if shared[node] and node != root:
            here = known
        while ensemble.mode[node] != Mode.LEAF and not shared[node]:
            taken = _only_way(ensemble, node, here.get(int(ensemble.feature[node]), Range()))
            if taken is None:
                break
            node = int((ensemble.true if taken else ensemble.false)[node])
        if target is None:
            found = node
        else:
            target[parent] = node
        if ensemble.mode[node] != Mode.LEAF and not shared[node]:
            below, above = _narrowed(ensemble, node, here)
            waiting.append((int(ensemble.true[node]), below, true, node))
            waiting.append((int(ensemble.false[node]), above, false, node))
    return found


def _only_way(ensemble: Ensemble, node: int, known: Range) -> bool | None:
    """The answer that all values within a range give at a node, if they all give one."""
    mode, split = Mode(ensemble.mode[node]), float(ensemble.split[node])
    if mode is Mode.MEMBER or np.isnan(split):
        return None
    always, never = _answers(mode, split, known)
    missing_true = bool(ensemble.missing_true[node]) or mode is Mode.NEQ
    if always and (missing_true or not known.missing):
        return True
    return False if never and (not missing_true or not known.missing) else None


def _answers(mode: Mode, split: float, known: Range) -> tuple[bool, bool]:
    """Whether every number within a range says yes, and whether every one says no."""
    low, high = known.low, known.high
    yes = {
        Mode.LEQ: (high <= split, low > split),
        Mode.LT: (high < split, low >= split),
        Mode.GTE: (low >= split, high < split),
        Mode.GT: (low > split, high <= split),
        Mode.EQ: (low == high == split, split < low or split > high),
        Mode.NEQ: (split < low or split > high, low == high == split),
    }
    return yes[mode]


def _narrowed(
    ensemble: Ensemble, node: int, known: dict[int, Range]
) -> tuple[dict[int, Range], dict[int, Range]]:
    """What is known behind yes and behind no; a bound that is not included may stand as if it were."""
    mode, split = Mode(ensemble.mode[node]), float(ensemble.split[node])
    feature = int(ensemble.feature[node])
    before = known.get(feature, Range())
    under = replace(before, high=min(before.high, split))
    over = replace(before, low=max(before.low, split))
    if mode in (Mode.LT, Mode.LEQ):
        return {**known, feature: under}, {**known, feature: over}
    if mode in (Mode.GT, Mode.GTE):
        return {**known, feature: over}, {**known, feature: under}
    return known, known
