"""Rows that reach given nodes of an ensemble."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from engine.ml.export.trees import LEAF, TreeEnsemble

Nodes = NDArray[np.int64]
Matrix = NDArray[np.float32]


class Paths:
    """The ways from the roots to the nodes of an ensemble; nodes are numbered across all trees.

    Args:
        ensemble: The trees.
    """

    def __init__(self, ensemble: TreeEnsemble) -> None:
        self._ensemble = ensemble
        splits = np.flatnonzero(ensemble.left != LEAF)
        first = np.repeat(ensemble.tree_start[:-1], np.diff(ensemble.tree_start))[splits]
        self._parent: Nodes = np.full(len(ensemble.left), LEAF, np.int64)
        self._from_left = np.zeros(len(ensemble.left), bool)
        for children, is_left in ((ensemble.left, True), (ensemble.right, False)):
            self._parent[first + children[splits]] = splits
            self._from_left[first + children[splits]] = is_left

    def rows_reaching(self, nodes: Nodes, background: Matrix) -> Matrix:
        """One row per node that arrives there, as far as any row can.

        A row starts as a background row and is changed only where it would leave the way: to the threshold
        itself to go right, to the float below it to go left. Both keep to the bounds set further up, so the
        steps can be taken one after the other. Values of categorical columns are chosen for the whole way.
        """
        rows = np.resize(background, (len(nodes), background.shape[1]))
        steps = self._steps(nodes)
        for parents, lefts in reversed(steps):
            self._step(rows, parents, lefts)
        if self._ensemble.is_categorical.any():
            self._choose_categories(rows, steps)
        return rows

    def _steps(self, nodes: Nodes) -> list[tuple[Nodes, NDArray[np.bool_]]]:
        """From the nodes up: the parent of each, -1 beyond its root, and whether it lies to the left."""
        steps: list[tuple[Nodes, NDArray[np.bool_]]] = []
        at = nodes
        while True:
            parents = np.where(at == LEAF, LEAF, self._parent[at])
            if (parents == LEAF).all():
                return steps
            steps.append((parents, self._from_left[at]))
            at = parents

    def _step(self, rows: Matrix, parents: Nodes, lefts: NDArray[np.bool_]) -> None:
        at = np.flatnonzero((parents != LEAF) & ~self._ensemble.is_categorical[parents])
        splits, left = parents[at], lefts[at]
        columns, threshold = self._ensemble.feature[splits], self._ensemble.threshold[splits]
        now = rows[at, columns]
        goes_left = np.where(np.isnan(now), self._ensemble.default_left[splits], now < threshold)
        wanted = np.where(left, np.nextafter(threshold, np.float32(-np.inf)), threshold)
        rows[at, columns] = np.where(goes_left == left, now, wanted)

    def _choose_categories(self, rows: Matrix, steps: Sequence[tuple[Nodes, NDArray[np.bool_]]]) -> None:
        ways: dict[tuple[int, int], list[tuple[int, bool]]] = {}
        for parents, lefts in steps:
            for row in np.flatnonzero((parents != LEAF) & self._ensemble.is_categorical[parents]).tolist():
                split = int(parents[row])
                key = (row, int(self._ensemble.feature[split]))
                ways.setdefault(key, []).append((split, bool(lefts[row])))
        chosen: dict[tuple[tuple[int, bool], ...], float | None] = {}
        for (row, column), way in ways.items():
            memo = tuple(way)
            if memo not in chosen:
                chosen[memo] = self._category_for(memo)
            if chosen[memo] is not None:
                rows[row, column] = chosen[memo]

    def _category_for(self, way: tuple[tuple[int, bool], ...]) -> float | None:
        """The lowest code that goes this way, -1 if any unknown one does, None if none does."""
        inside = [set(self._ensemble.category_set(split).tolist()) for split, left in way if not left]
        outside = [set(self._ensemble.category_set(split).tolist()) for split, left in way if left]
        if not inside:
            return -1.0
        codes = set.intersection(*inside).difference(*outside)
        return float(min(codes)) if codes else None
