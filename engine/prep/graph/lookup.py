"""Piecewise functions of one column as a single decision tree: a graph's own binary search."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from engine.prep.graph.cells import ML_DOMAIN

if TYPE_CHECKING:
    from engine.prep.graph.cells import Graph


def looked_up(graph: Graph, column: str, bounds: np.ndarray, values: np.ndarray) -> str:
    """Return `values[number of bounds <= x]` for every row; a missing x takes the last.

    Args:
        graph: Where the node goes.
        column: float32 `[N, 1]`.
        bounds: float32 `[k]`, rising.
        values: float32 `[k + 1, t]`.

    Returns:
        The name of a float32 tensor `[N, t]`.
    """
    nodes: list[dict[str, Any]] = []
    _grow(nodes, bounds, 0, len(bounds))
    leaves = [(place, node["leaf"]) for place, node in enumerate(nodes) if node["leaf"] is not None]
    targets = values.shape[1]
    return graph.node(
        "TreeEnsembleRegressor",
        column,
        domain=ML_DOMAIN,
        n_targets=targets,
        nodes_treeids=[0] * len(nodes),
        nodes_nodeids=list(range(len(nodes))),
        nodes_featureids=[0] * len(nodes),
        nodes_modes=["LEAF" if node["leaf"] is not None else "BRANCH_LT" for node in nodes],
        nodes_values=[float(node["bound"]) for node in nodes],
        nodes_truenodeids=[node["below"] for node in nodes],
        nodes_falsenodeids=[node["above"] for node in nodes],
        nodes_missing_value_tracks_true=[0] * len(nodes),
        target_treeids=[0] * (len(leaves) * targets),
        target_nodeids=[place for place, _ in leaves for _ in range(targets)],
        target_ids=list(range(targets)) * len(leaves),
        target_weights=[float(weight) for _, leaf in leaves for weight in values[leaf]],
    )


def _grow(nodes: list[dict[str, Any]], bounds: np.ndarray, low: int, high: int) -> int:
    """Add the tree over the bounds `low..high` and return its root; it is as deep as their logarithm."""
    place = len(nodes)
    node = {"leaf": None, "bound": 0.0, "below": 0, "above": 0}
    nodes.append(node)
    if low == high:
        node["leaf"] = low
        return place
    middle = (low + high) // 2
    node["bound"] = bounds[middle]
    node["below"] = _grow(nodes, bounds, low, middle)
    node["above"] = _grow(nodes, bounds, middle + 1, high)
    return place
