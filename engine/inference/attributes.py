"""What a tree operator's node in an ONNX graph says, as an `Ensemble`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.errors import UnsupportedError
from engine.inference.combined import read_combined
from engine.inference.ensemble import Aggregate, Ensemble, Head, Mode, Transform

if TYPE_CHECKING:
    import onnx
    from numpy.typing import NDArray

ML_DOMAIN = "ai.onnx.ml"
TREE_OPERATORS = ("TreeEnsembleRegressor", "TreeEnsembleClassifier", "TreeEnsemble")

_MODES = {
    "BRANCH_LEQ": Mode.LEQ,
    "BRANCH_LT": Mode.LT,
    "BRANCH_GTE": Mode.GTE,
    "BRANCH_GT": Mode.GT,
    "BRANCH_EQ": Mode.EQ,
    "BRANCH_NEQ": Mode.NEQ,
    "LEAF": Mode.LEAF,
}


def is_tree_node(node: onnx.NodeProto) -> bool:
    return node.domain == ML_DOMAIN and node.op_type in TREE_OPERATORS


def read_ensemble(node: onnx.NodeProto, *, float64: bool) -> Ensemble:
    """The trees of a node.

    Args:
        node: A node for which `is_tree_node` holds.
        float64: The node's input is float64; onnxruntime then compares and adds up in float64.

    Raises:
        UnsupportedError: Its attributes contradict each other.
    """
    attributes = attributes_of(node)
    if node.op_type == "TreeEnsemble":
        return read_combined(attributes)
    dtype = np.float64 if float64 else np.float32
    try:
        return _read(attributes, classifier=node.op_type == "TreeEnsembleClassifier", dtype=dtype)
    except (KeyError, IndexError, ValueError) as problem:
        raise UnsupportedError(
            f"Node '{node.name}' ({node.op_type}) is not well-formed: {problem}.",
            "onnxruntime decides whether it can be run.",
        ) from problem


def attributes_of(node: onnx.NodeProto) -> dict[str, Any]:
    """Attributes by name; tensors as arrays, texts as `str`."""
    import onnx

    found: dict[str, Any] = {}
    for attribute in node.attribute:
        value = onnx.helper.get_attribute_value(attribute)
        if isinstance(value, onnx.TensorProto):
            value = onnx.numpy_helper.to_array(value)
        elif isinstance(value, bytes):
            value = value.decode()
        found[attribute.name] = value
    return found


def _read(attributes: Mapping[str, Any], *, classifier: bool, dtype: type[np.floating[Any]]) -> Ensemble:
    tree, number = _integers(attributes, "nodes_treeids"), _integers(attributes, "nodes_nodeids")
    mode = np.array([_MODES[one.decode()] for one in attributes["nodes_modes"]], dtype=np.uint8)
    inner = mode != Mode.LEAF
    places = _Places(tree, number)
    own = np.arange(len(tree))
    true, false = own.copy(), own.copy()
    true[inner] = places.of(tree[inner], _integers(attributes, "nodes_truenodeids")[inner])
    false[inner] = places.of(tree[inner], _integers(attributes, "nodes_falsenodeids")[inner])
    kind = "class" if classifier else "target"
    leaf = places.of(_integers(attributes, f"{kind}_treeids"), _integers(attributes, f"{kind}_nodeids"))
    at_leaf = ~inner[leaf]  # onnxruntime ignores weights of inner nodes, which old converters wrote
    missing = _integers(attributes, "nodes_missing_value_tracks_true")
    feature = _integers(attributes, "nodes_featureids")
    return Ensemble(
        feature=np.where(inner, feature, 0),
        mode=mode,
        split=_values(attributes, "nodes_values", dtype),
        true=true,
        false=false,
        missing_true=np.zeros(len(tree), dtype=bool) if not len(missing) else missing == 1,
        # A tree starts where the number of the tree changes; its first node is its root.
        roots=np.flatnonzero(np.diff(tree, prepend=tree[:1] - 1)),
        weight_node=leaf[at_leaf],
        weight_target=_integers(attributes, f"{kind}_ids")[at_leaf],
        weight=_values(attributes, f"{kind}_weights", dtype)[at_leaf],
        head=_head(attributes, dtype, classifier=classifier),
    )


def _head(attributes: Mapping[str, Any], dtype: type[np.floating[Any]], *, classifier: bool) -> Head:
    labels = _labels(attributes) if classifier else None
    return Head(
        targets=int(attributes.get("n_targets", 0)) if labels is None else len(labels),
        # The classifier has no such attribute.
        aggregate=Aggregate[attributes.get("aggregate_function", "SUM")] if not classifier else Aggregate.SUM,
        transform=Transform[attributes.get("post_transform", "NONE")],
        base=tuple(float(one) for one in _values(attributes, "base_values", dtype)),
        labels=labels,
        float64=False,
    )


def _labels(attributes: Mapping[str, Any]) -> NDArray[Any]:
    texts = attributes.get("classlabels_strings")
    if texts:
        return np.array([one.decode() for one in texts], dtype=object)
    return _integers(attributes, "classlabels_int64s")


def _integers(attributes: Mapping[str, Any], name: str) -> NDArray[np.int64]:
    return np.asarray(attributes.get(name, ()), dtype=np.int64)


def _values(attributes: Mapping[str, Any], name: str, dtype: type[np.floating[Any]]) -> NDArray[Any]:
    found = attributes.get(f"{name}_as_tensor", attributes.get(name, ()))
    return np.asarray(found, dtype=dtype).reshape(-1)


class _Places:
    """Finds nodes by number of tree and number within the tree."""

    def __init__(self, tree: NDArray[np.int64], number: NDArray[np.int64]) -> None:
        self._width = int(number.max(initial=0)) + 1
        keys = tree * self._width + number
        self._order = np.argsort(keys, kind="stable")
        self._sorted = keys[self._order]
        if (np.diff(self._sorted) == 0).any():
            raise ValueError("a node is there twice")

    def of(self, tree: NDArray[np.int64], number: NDArray[np.int64]) -> NDArray[np.int64]:
        keys = tree * self._width + number
        at = np.searchsorted(self._sorted, keys).clip(max=len(self._sorted) - 1)
        if (number < 0).any() or (number >= self._width).any() or (self._sorted[at] != keys).any():
            raise ValueError("a node that is pointed at is not there")
        found: NDArray[np.int64] = self._order[at]
        return found
