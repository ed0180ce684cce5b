"""An ensemble as the flat arrays that the kernel walks.

A step is one 64-bit number: above, where in a block of rows the feature's keys start; below, the cut as a
key. Keys are unsigned 32-bit numbers in the order of the values: the bits of a float32, or for float64 how
many of the feature's cuts are not above the value. NaN is the smallest key where it goes left and the
greatest where it goes right, so a feature has one row of keys in a block for either way that its steps want
(a "lane").

A shallow tree is padded to a perfect one, whose children are found without being read: node `i` is followed
by `2i + 1` and `2i + 2`. A deep or lopsided one keeps its links.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from engine.errors import UnsupportedError
from engine.inference.ensemble import Aggregate, Ensemble
from engine.inference.steps import Steps, to_steps

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Rows of a block. 28 lanes of 128 keys are 14 KB; 64, 128 and 256 rows are equally fast within 3 %.
BLOCK = 128
LEAF_KEY = np.uint32(0xFFFF_FFFF)  # no value reaches it
NAN_LEFT, NAN_RIGHT = np.uint32(0), np.uint32(0xFFFF_FFFE)
# A perfect tree of depth 12 fills the first cache; padding beyond 8 times the steps costs more than links.
_DEEPEST, _PADDING = 12, 8
_MOST_LANES = 1 << 24


class Lanes(NamedTuple):
    """How values become keys; `L` lanes. A named tuple, for the kernel takes it as it is.

    Attributes:
        feature: int64 `[L]`, the column of each lane.
        nan: uint32 `[L]`, the key of NaN in it.
        cut_start: int64 `[L + 1]`, where each lane's cuts start; all 0 where keys are the bits of a float32.
        cuts: float64, the lanes' cuts, ascending.
    """

    feature: NDArray[np.int64]
    nan: NDArray[np.uint32]
    cut_start: NDArray[np.int64]
    cuts: NDArray[np.float64]


class Trees(NamedTuple):
    """What keys go down; `T` trees, `K` targets.

    Attributes:
        depth: int64 `[T]`, steps from a root to its deepest leaf.
        linked: bool `[T]`, whether the tree keeps its links.
        first: int64 `[T]`, where a tree's steps start in `steps`.
        steps: uint64, see the module.
        links: int32, the two children of each step of linked trees.
        link_first: int64 `[T]`, where a tree's links start.
        leaf_first: int64 `[T]`, where a tree's leaves start in `leaf_value` and `leaf_row`.
        target: int64 `[T]`, the one target of all leaves of a tree; -1 where leaves have several.
        leaf_value: The weight of a leaf of a tree with one target.
        leaf_row: int32, the row of `weights` of a leaf of a tree with several.
        weights: `[rows, K]`.
    """

    depth: NDArray[np.int64]
    linked: NDArray[np.bool_]
    first: NDArray[np.int64]
    steps: NDArray[np.uint64]
    links: NDArray[np.int32]
    link_first: NDArray[np.int64]
    leaf_first: NDArray[np.int64]
    target: NDArray[np.int64]
    leaf_value: NDArray[Any]
    leaf_row: NDArray[np.int32]
    weights: NDArray[Any]


def lay_out(ensemble: Ensemble) -> tuple[Lanes, Trees]:
    """The arrays of an ensemble.

    Raises:
        UnsupportedError: It is too large, or compares with NaN.
    """
    steps = to_steps(ensemble)
    lanes = _Lanes(steps, float64=ensemble.split.dtype == np.float64)
    inner = steps.leaf < 0
    children = np.concatenate([steps.left[inner], steps.right[inner]])
    plain = bool(np.bincount(children, minlength=1).max() <= 1)
    trees = [_Tree(steps, int(root), plain=plain) for root in steps.roots]
    weights, target = _weights(ensemble)
    packed = [_packed(tree, lanes.words, steps) for tree in trees]
    leaves = [leaf for _, _, leaf in packed]
    nodes = steps.leaf[np.concatenate(leaves)]
    targets = np.array([_common(target[steps.leaf[leaf[leaf >= 0]]]) for leaf in leaves], dtype=np.int64)
    many = weights[np.maximum(nodes, 0)]
    column = np.repeat(np.maximum(targets, 0), [len(leaf) for leaf in leaves])
    return Lanes(lanes.feature, lanes.nan, lanes.start, lanes.cuts), Trees(
        depth=np.array([tree.depth for tree in trees], dtype=np.int64),
        linked=np.array([tree.linked for tree in trees], dtype=bool),
        first=_starts([len(words) for words, _, _ in packed]),
        steps=np.concatenate([words for words, _, _ in packed]),
        links=np.concatenate([links for _, links, _ in packed]),
        link_first=_starts([len(links) for _, links, _ in packed]),
        leaf_first=_starts([len(leaf) for leaf in leaves]),
        target=targets,
        leaf_value=np.ascontiguousarray(many[np.arange(len(many)), column]),
        leaf_row=np.maximum(nodes, 0).astype(np.int32),
        weights=weights,
    )


class _Lanes:
    """Which lanes the steps need, and each step as its word."""

    def __init__(self, steps: Steps, *, float64: bool) -> None:
        inner = steps.leaf < 0
        codes = steps.feature * 2 + steps.nan_left
        found, lane = np.unique(codes[inner], return_inverse=True)
        if not len(found):  # trees of one leaf each; the kernel wants a lane
            found = np.zeros(1, dtype=np.int64)
        if len(found) > _MOST_LANES:
            raise UnsupportedError(f"The trees ask {len(found)} features.", "onnxruntime runs such a model.")
        self.feature = (found // 2).astype(np.int64)
        self.nan = np.where(found % 2 == 1, NAN_LEFT, NAN_RIGHT).astype(np.uint32)
        self.start = np.zeros(len(found) + 1, dtype=np.int64)
        self.cuts = np.zeros(0)
        cut = steps.cut[inner]
        keys = self._ranked(cut, lane) if float64 else _bits(cut)
        self.words = np.full(len(inner), LEAF_KEY, dtype=np.uint64)
        self.words[inner] = (lane.astype(np.uint64) * np.uint64(BLOCK)) << np.uint64(32) | keys

    def _ranked(self, cut: NDArray[Any], lane: NDArray[np.int64]) -> NDArray[np.uint64]:
        keys = np.zeros(len(cut), dtype=np.uint64)
        parts = []
        for one in range(len(self.feature)):
            mine = lane == one
            values = np.unique(cut[mine])  # a NaN sorts last: every number has a smaller rank
            keys[mine] = np.searchsorted(values, cut[mine]) + 1
            parts.append(values[~np.isnan(values)])
        self.start = _starts([*map(len, parts), 0])
        self.cuts = np.concatenate(parts).astype(np.float64)
        return keys


def _bits(cut: NDArray[Any]) -> NDArray[np.uint64]:
    """The keys of float32 cuts; -0.0 counts as 0.0."""
    bits = (cut.astype(np.float32) + np.float32(0)).view(np.uint32)
    keys = bits ^ np.where(bits >> 31, np.uint32(0xFFFF_FFFF), np.uint32(0x8000_0000))
    return np.where(np.isnan(cut), NAN_RIGHT, keys).astype(np.uint64)


class _Tree:
    """The steps of one tree level by level, and whether it is padded.

    Args:
        steps: All steps.
        root: The tree's first.
        plain: Whether only one way leads to each step; else those of a level are looked through for twins.
    """

    def __init__(self, steps: Steps, root: int, *, plain: bool) -> None:
        self.levels = [np.array([root])]
        while (inner := self.levels[-1][steps.leaf[self.levels[-1]] < 0]).size:
            below = np.concatenate([steps.left[inner], steps.right[inner]])
            self.levels.append(below if plain else np.unique(below))
        self.depth = len(self.levels) - 1
        nodes = sum(map(len, self.levels)) if plain else len(np.unique(np.concatenate(self.levels)))
        padded = 2 << self.depth if self.depth <= _DEEPEST else 0
        self.linked = not padded or (self.depth > 6 and padded > _PADDING * nodes)


def _packed(
    tree: _Tree, words: NDArray[np.uint64], steps: Steps
) -> tuple[NDArray[np.uint64], NDArray[np.int32], NDArray[np.int64]]:
    """Words, links, and the step that each place of a leaf stands for (-1 for none)."""
    if not tree.linked:
        level = tree.levels[0]
        rows = []
        for _ in range(tree.depth):
            rows.append(words[level])
            level = np.stack([steps.left[level], steps.right[level]], axis=1).reshape(-1)
        return np.concatenate([*rows, np.zeros(0, dtype=np.uint64)]), np.zeros(0, dtype=np.int32), level
    # Level by level, so that the steps that most rows take lie together.
    order = np.array(list(dict.fromkeys(np.concatenate(tree.levels).tolist())))
    place = np.zeros(int(order.max()) + 1, dtype=np.int32)
    place[order] = np.arange(len(order))
    links = np.stack([place[steps.left[order]], place[steps.right[order]]], axis=1).reshape(-1)
    return words[order], links, np.where(steps.leaf[order] >= 0, order, -1)


def _weights(ensemble: Ensemble) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Weights by node and target, and each node's target: -1 for none, -2 for several.

    Raises:
        UnsupportedError: Nodes times targets do not fit into memory.
    """
    count, targets = len(ensemble.mode), ensemble.head.targets
    if count * targets > 1 << 28 or count >= 1 << 31:
        raise UnsupportedError(
            f"{count} nodes with {targets} targets are too many.", "onnxruntime runs such a model."
        )
    # What a leaf says nothing of must not count: neither in a sum nor as smallest or greatest.
    absent = {Aggregate.MIN: np.inf, Aggregate.MAX: -np.inf}.get(ensemble.head.aggregate, 0.0)
    weights = np.full((count, targets), absent, dtype=ensemble.weight.dtype)
    at = (ensemble.weight_node, ensemble.weight_target)
    if absent == 0.0:
        np.add.at(weights, at, ensemble.weight)
    else:
        weights[at] = ensemble.weight
    target = np.full(count, -1, dtype=np.int64)
    target[ensemble.weight_node] = ensemble.weight_target
    target[np.bincount(ensemble.weight_node, minlength=count) > 1] = -2
    return weights, target


def _common(targets: NDArray[np.int64]) -> int:
    """The one target of all leaves, -1 where they have several."""
    first = int(targets[0])
    return first if first >= 0 and (targets == first).all() else -1


def _starts(sizes: list[int]) -> NDArray[np.int64]:
    return np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.int64)
