"""Random trees as graphs of each of the three operators."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

MODES = ("BRANCH_LEQ", "BRANCH_LT", "BRANCH_GTE", "BRANCH_GT", "BRANCH_EQ", "BRANCH_NEQ", "BRANCH_MEMBER")
MEMBER = "BRANCH_MEMBER"
TRANSFORMS = ("NONE", "SOFTMAX", "LOGISTIC", "SOFTMAX_ZERO", "PROBIT")
AGGREGATES = ("AVERAGE", "SUM", "MIN", "MAX")
ELEMENT = {"float32": TensorProto.FLOAT, "float64": TensorProto.DOUBLE, "int64": TensorProto.INT64}


@dataclass
class Tree:
    """Nodes from the root on; a node is (mode, feature, value, true, false, missing, weights or members)."""

    nodes: list[dict[str, Any]] = field(default_factory=list)


def grow(
    random: np.random.Generator,
    *,
    depth: int,
    features: int,
    modes: tuple[str, ...],
    targets: tuple[int, ...],
    positive: bool = False,
    fill: float = 0.85,
) -> Tree:
    """A random tree whose values are drawn from a few, so that ties occur."""
    tree = Tree()

    def weight() -> float:
        value = float(np.float32(random.normal()))
        return abs(value) if positive else value

    def add(level: int) -> int:
        own = len(tree.nodes)
        if level == 0 or (level < depth and random.random() > fill):
            tree.nodes.append({"mode": "LEAF", "weights": [(one, weight()) for one in targets]})
            return own
        node = {
            "mode": str(random.choice(modes)),
            "feature": int(random.integers(features)),
            "value": float(np.float32(random.integers(-4, 5) / 2)),
            "missing": int(random.integers(2)),
            # onnxruntime takes whole numbers alone for members of sets.
            "members": [float(one) for one in random.choice(np.arange(-4, 5), 3, replace=False)],
        }
        tree.nodes.append(node)
        node["true"], node["false"] = add(level - 1), add(level - 1)
        return own

    add(depth)
    return tree


def separate(
    trees: list[Tree],
    *,
    kind: str = "float32",
    classes: list[int] | list[str] | None = None,
    targets: int = 1,
    features: int = 4,
    missing: bool = True,
    tensors: bool = False,
    **settings: Any,
) -> bytes:
    """A graph of a TreeEnsembleRegressor, or with classes of a TreeEnsembleClassifier."""
    rows = [(tree, at, node) for tree, own in enumerate(trees) for at, node in enumerate(own.nodes)]
    weights = [(t, at, k, w) for t, at, node in rows for k, w in node.get("weights", ())]
    what = "class" if classes else "target"
    values: dict[str, Any] = {"nodes_values": [node.get("value", 0.0) for _, _, node in rows]}
    values[f"{what}_weights"] = [w for *_, w in weights]
    if tensors:
        values = {
            f"{name}_as_tensor": numpy_helper.from_array(np.array(own, dtype=np.float64), name)
            for name, own in values.items()
        }
    attributes = {
        "nodes_treeids": [tree for tree, _, _ in rows],
        "nodes_nodeids": [at for _, at, _ in rows],
        "nodes_featureids": [node.get("feature", 0) for _, _, node in rows],
        "nodes_modes": [node["mode"] for _, _, node in rows],
        "nodes_truenodeids": [node.get("true", 0) for _, _, node in rows],
        "nodes_falsenodeids": [node.get("false", 0) for _, _, node in rows],
        f"{what}_treeids": [t for t, *_ in weights],
        f"{what}_nodeids": [at for _, at, *_ in weights],
        f"{what}_ids": [k for *_, k, _ in weights],
        **values,
        **settings,
    }
    if missing:
        attributes["nodes_missing_value_tracks_true"] = [node.get("missing", 0) for _, _, node in rows]
    if classes:
        texts = isinstance(classes[0], str)
        attributes["classlabels_strings" if texts else "classlabels_int64s"] = classes
        outputs = [
            helper.make_tensor_value_info(
                "label", TensorProto.STRING if texts else TensorProto.INT64, [None]
            ),
            helper.make_tensor_value_info("scores", TensorProto.FLOAT, [None, len(classes)]),
        ]
    else:
        attributes["n_targets"] = targets
        outputs = [helper.make_tensor_value_info("scores", TensorProto.FLOAT, [None, targets])]
    operator = "TreeEnsembleClassifier" if classes else "TreeEnsembleRegressor"
    names = [one.name for one in outputs]
    node = helper.make_node(operator, ["x"], names, domain="ai.onnx.ml", **attributes)
    return _file(node, kind, features, outputs, version=3)


def combined(  # noqa: C901 - the operator's attributes one by one
    trees: list[Tree], *, kind: str = "float32", targets: int = 1, features: int = 4, **settings: Any
) -> bytes:
    """A graph of the operator TreeEnsemble of version 5."""
    splits, modes, columns, missing, members, roots = [], [], [], [], [], []
    ways: dict[str, list[int]] = {"true": [], "false": []}
    is_leaf: dict[str, list[int]] = {"true": [], "false": []}
    leaf_targets, leaf_weights = [], []
    for tree in trees:
        places: dict[int, tuple[int, int]] = {}
        for at, node in enumerate(tree.nodes):
            if node["mode"] == "LEAF":
                places[at] = (1, len(leaf_targets))
                leaf_targets.append(node["weights"][0][0])
                leaf_weights.append(node["weights"][0][1])
            else:
                places[at] = (0, len(splits))
                splits.append(node["value"])
                modes.append(MODES.index(node["mode"]))
                columns.append(node["feature"])
                missing.append(node["missing"])
                members += [*node["members"], np.nan] if node["mode"] == MEMBER else []
        if tree.nodes[0]["mode"] == "LEAF":  # written as a node whose ways are the same leaf
            places[0] = (0, len(splits))
            for own, value in zip((splits, modes, columns, missing), (0.0, 0, 0, 0), strict=True):
                own.append(value)
        roots.append(places[0][1])
        for node in tree.nodes:
            if node["mode"] != "LEAF" or tree.nodes[0] is node:
                for way in ("true", "false"):
                    leaf, place = places[node[way]] if way in node else (1, len(leaf_targets) - 1)
                    ways[way].append(place)
                    is_leaf[way].append(leaf)
    number = np.float64 if kind == "float64" else np.float32

    def tensor(name: str, own: list[Any], dtype: Any) -> onnx.TensorProto:
        return numpy_helper.from_array(np.array(own, dtype=dtype), name)

    if members:
        settings["membership_values"] = tensor("members", members, number)
    node = helper.make_node(
        "TreeEnsemble",
        ["x"],
        ["scores"],
        domain="ai.onnx.ml",
        tree_roots=roots,
        n_targets=targets,
        nodes_splits=tensor("splits", splits, number),
        nodes_modes=tensor("modes", modes, np.uint8),
        nodes_featureids=columns,
        nodes_missing_value_tracks_true=missing,
        nodes_truenodeids=ways["true"],
        nodes_falsenodeids=ways["false"],
        nodes_trueleafs=is_leaf["true"],
        nodes_falseleafs=is_leaf["false"],
        leaf_targetids=leaf_targets,
        leaf_weights=tensor("weights", leaf_weights, number),
        **settings,
    )
    outputs = [helper.make_tensor_value_info("scores", ELEMENT[kind], [None, targets])]
    return _file(node, kind, features, outputs, version=5)


def _file(
    node: onnx.NodeProto, kind: str, features: int, outputs: list[onnx.ValueInfoProto], *, version: int
) -> bytes:
    graph = helper.make_graph(
        [node], "g", [helper.make_tensor_value_info("x", ELEMENT[kind], [None, features])], outputs
    )
    made = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 18), helper.make_opsetid("ai.onnx.ml", version)]
    )
    made.ir_version = 10
    return bytes(made.SerializeToString())


def rows(random: np.random.Generator, count: int, features: int = 4, kind: str = "float32") -> Any:
    """Values at and around the splits, NaN and the infinities among them where the kind has them."""
    values = random.integers(-5, 6, size=(count, features)) / 2
    if kind == "int64":
        return np.round(values).astype(np.int64)
    matrix = values.astype(kind)
    near = random.random(matrix.shape)
    matrix[near < 0.2] = np.nextafter(matrix[near < 0.2], np.array(np.inf, dtype=kind))
    matrix[near > 0.9] = random.choice(
        np.array([np.nan, np.inf, -np.inf, -0.0], dtype=kind), (near > 0.9).sum()
    )
    return matrix
