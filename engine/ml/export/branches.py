"""From XGBoost's splits to the one kind of branch that ONNX needs: `value < threshold`.

A set of category codes is a union of intervals of the number line, for XGBoost looks at the whole part of a
value: the run of codes 3, 4, 5 is [3, 6). Every other value, negative, too large or infinite, goes left. So a
categorical split is a binary search over the ends of its runs, and its 2 * runs + 1 regions, out of the set
and in it by turns, lead to the left and the right subtree. Those subtrees are shared, not copied: nodes grow
with the number of runs (measured: at most 64 with XGBoost's default max_cat_threshold, whatever the
cardinality), and the search takes log2 of that.

onnxruntime lays a node's false child right behind the node, so a node can be the false child of one parent
only (other layouts are refused at load), while any number of parents may share a true child. The last region,
out of the set, is a false child and holds the left subtree itself; wherever else a false child would be
shared, a node that is always true stands between.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.ml.export.trees import LEAF, TreeEnsemble


@dataclass(frozen=True, slots=True, eq=False)
class BranchTree:
    """One tree of numeric branches: a directed acyclic graph with node 0 as its root.

    Attributes:
        feature: Column, [nodes].
        threshold: float32 [nodes].
        true: Child of `value < threshold`, -1 at leaves.
        false: The other child.
        missing_true: A missing value follows `true`.
        leaf: float32 [nodes], times the tree's weight.
    """

    feature: NDArray[np.int32]
    threshold: NDArray[np.float32]
    true: NDArray[np.int32]
    false: NDArray[np.int32]
    missing_true: NDArray[np.bool_]
    leaf: NDArray[np.float32]


def branch_tree(ensemble: TreeEnsemble, tree: int) -> BranchTree:
    """Tree number `tree` with its categorical splits expanded; node numbers of XGBoost's are kept."""
    nodes = slice(int(ensemble.tree_start[tree]), int(ensemble.tree_start[tree + 1]))
    plain = BranchTree(
        feature=ensemble.feature[nodes],
        threshold=ensemble.threshold[nodes],
        true=ensemble.left[nodes],
        false=ensemble.right[nodes],
        missing_true=ensemble.default_left[nodes],
        leaf=ensemble.leaf[nodes] * ensemble.tree_weight[tree],
    )
    categorical = np.flatnonzero(ensemble.is_categorical[nodes])
    if not len(categorical):
        return plain
    growing = _Growing.of(plain)
    for node in categorical.tolist():
        ends = set_ends(ensemble.category_set(nodes.start + node))
        growing.expand(node, ends, default_left=bool(ensemble.default_left[nodes.start + node]))
    return growing.done()


def set_ends(codes: NDArray[np.int32]) -> NDArray[np.float32]:
    """Ends of the runs of ascending codes: start and end of the first run, of the second, and so on.

    >>> set_ends(np.array([0, 3, 4, 5], np.int32)).tolist()
    [0.0, 1.0, 3.0, 6.0]

    An empty set is one empty run below every number.
    """
    if not len(codes):
        return np.full(2, -np.inf, np.float32)
    gap = np.flatnonzero(np.diff(codes) > 1)
    starts = codes[np.concatenate([[0], gap + 1])]
    stops = codes[np.concatenate([gap, [len(codes) - 1]])] + 1
    # Codes are below 2^24 in XGBoost, so float32 holds every end exactly.
    return np.stack([starts, stops], axis=1).ravel().astype(np.float32)


@dataclass(slots=True)
class _Growing:
    """A tree whose categorical splits are being expanded, as lists that grow at their ends."""

    feature: list[int]
    threshold: list[float]
    true: list[int]
    false: list[int]
    missing_true: list[bool]
    leaf: list[float]

    @classmethod
    def of(cls, tree: BranchTree) -> _Growing:
        columns = (tree.feature, tree.threshold, tree.true, tree.false, tree.missing_true, tree.leaf)
        return cls(*(column.tolist() for column in columns))

    def expand(self, node: int, ends: NDArray[np.float32], *, default_left: bool) -> None:
        """Replace the categorical split at `node` by a search over `ends`."""
        left, right = self.true[node], self.false[node]
        todo = [(node, 0, len(ends))]
        while todo:
            at, low, high = todo.pop()
            middle = (low + high - 1) // 2
            self.threshold[at] = float(ends[middle])
            # A missing value is below no end and so slides into the last region, out of the set. Its last
            # branch tells that region from the one before it, which is in the set.
            last = low + 1 == high == len(ends)
            self.missing_true[at] = last and not default_left
            if middle == low:
                self.true[at] = right if middle % 2 else left
            else:
                self.true[at] = self._add(self.feature[node])
                todo.append((self.true[at], low, middle))
            if middle + 1 < high:
                self.false[at] = self._add(self.feature[node])
                todo.append((self.false[at], middle + 1, high))
            elif high == len(ends):
                self.false[at] = left
            else:
                self.false[at] = self._lead_to(left if middle % 2 else right, at, float(ends[high]))

    def _lead_to(self, target: int, at: int, end: float) -> int:
        """A node of one parent only that stands for `target`, in the region below `end`."""
        if self.true[target] == LEAF:
            return self._add(0, leaf=self.leaf[target])
        lead = self._add(self.feature[at], threshold=end)
        self.true[lead] = target
        self.false[lead] = self._add(0)
        return lead

    def _add(self, feature: int, *, threshold: float = 0.0, leaf: float = 0.0) -> int:
        self.feature.append(feature)
        self.threshold.append(threshold)
        self.true.append(LEAF)
        self.false.append(LEAF)
        self.missing_true.append(False)
        self.leaf.append(leaf)
        return len(self.feature) - 1

    def done(self) -> BranchTree:
        return BranchTree(
            feature=np.array(self.feature, np.int32),
            threshold=np.array(self.threshold, np.float32),
            true=np.array(self.true, np.int32),
            false=np.array(self.false, np.int32),
            missing_true=np.array(self.missing_true, np.bool_),
            leaf=np.array(self.leaf, np.float32),
        )
