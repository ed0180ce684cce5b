"""Rows that reach given nodes of an ensemble."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.ml.export.trees import LEAF, TreeEnsemble

Nodes = NDArray[np.int64]
Matrix = NDArray[np.float32]
Way = tuple[tuple[int, bool], ...]  # splits, and whether the way goes left there


@dataclass(frozen=True, slots=True, eq=False)
class _Step:
    """One level up: for each row the split that it comes from, -1 beyond its root, and the side it takes."""

    splits: Nodes
    left: NDArray[np.bool_]


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
        """One row per node that arrives there, if any row can.

        A row starts as a background row and keeps each value with which it stays on its way. Another value
        becomes a bound that the way sets, or missing where the bounds leave no number.
        """
        rows = np.resize(background, (len(nodes), background.shape[1]))
        steps = self._steps(nodes)
        self._keep_to_bounds(rows, steps)
        if self._ensemble.is_categorical.any():
            self._choose_categories(rows, steps)
        return rows

    def _steps(self, nodes: Nodes) -> list[_Step]:
        steps: list[_Step] = []
        at = nodes
        while True:
            parents = np.where(at == LEAF, LEAF, self._parent[at])
            if (parents == LEAF).all():
                return steps
            steps.append(_Step(parents, self._from_left[at]))
            at = parents

    def _keep_to_bounds(self, rows: Matrix, steps: Sequence[_Step]) -> None:
        low, high = np.full_like(rows, -np.inf), np.full_like(rows, np.inf)
        may_miss = np.ones(rows.shape, bool)
        for step in steps:
            at = np.flatnonzero((step.splits != LEAF) & ~self._ensemble.is_categorical[step.splits])
            splits, left = step.splits[at], step.left[at]
            cell, threshold = (at, self._ensemble.feature[splits]), self._ensemble.threshold[splits]
            high[cell] = np.where(left, np.minimum(high[cell], threshold), high[cell])
            low[cell] = np.where(left, low[cell], np.maximum(low[cell], threshold))
            may_miss[cell] &= self._ensemble.default_left[splits] == left
        stays = np.where(np.isnan(rows), may_miss, (rows >= low) & (rows < high))
        number = np.where(np.isfinite(low), low, np.nextafter(high, np.float32(-np.inf)))
        rows[~stays] = np.where(low < high, number, np.float32(np.nan))[~stays]

    def _choose_categories(self, rows: Matrix, steps: Sequence[_Step]) -> None:
        ways: dict[tuple[int, int], list[tuple[int, bool]]] = {}
        for step in steps:
            categorical = (step.splits != LEAF) & self._ensemble.is_categorical[step.splits]
            for row in np.flatnonzero(categorical).tolist():
                split = int(step.splits[row])
                cell = (row, int(self._ensemble.feature[split]))
                ways.setdefault(cell, []).append((split, bool(step.left[row])))
        chosen: dict[Way, float] = {}  # rows of one subtree share their ways
        for cell, steps_there in ways.items():
            way = tuple(steps_there)
            if way not in chosen:
                chosen[way] = self._category_for(way)
            rows[cell] = chosen[way]

    def _category_for(self, way: Way) -> float:
        """The lowest code that goes this way, -1 if any unknown one does, NaN if only a missing one can."""
        inside = [set(self._ensemble.category_set(split).tolist()) for split, left in way if not left]
        outside = [set(self._ensemble.category_set(split).tolist()) for split, left in way if left]
        if not inside:
            return -1.0
        codes = set.intersection(*inside).difference(*outside)
        return float(min(codes)) if codes else np.nan
