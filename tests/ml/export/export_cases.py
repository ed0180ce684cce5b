"""Boosters, preparations and an independent walker of trees, shared by the tests of the export."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
import xgboost as xgb
from numpy.typing import NDArray
from onnx import TensorProto, helper

from engine.ml.export.trees import LEAF, TreeEnsemble

ROWS, WIDTH = 1500, 5
BINARY = {"binary:logistic", "binary:logitraw", "binary:hinge"}
MULTICLASS = {"multi:softprob", "multi:softmax"}
EXPONENTIAL = {"reg:gamma", "reg:tweedie", "count:poisson", "survival:cox", "survival:aft"}
OBJECTIVES = [
    "reg:squarederror", "reg:squaredlogerror", "reg:absoluteerror", "reg:pseudohubererror",
    "reg:quantileerror", "reg:logistic", "reg:gamma", "reg:tweedie", "count:poisson",
    "survival:cox", "survival:aft", "rank:ndcg", "rank:map", "rank:pairwise",
    "binary:logistic", "binary:logitraw", "binary:hinge", "multi:softprob", "multi:softmax",
]  # fmt: skip


def make_matrix(rows: int = ROWS, *, missing: float = 0.0, seed: int = 0) -> NDArray[np.float32]:
    """Columns 0 to 3 are normal or, column 2, a few whole numbers; column 4 is a category below 9."""
    rng = np.random.default_rng(seed)
    matrix = rng.normal(size=(rows, WIDTH)).astype(np.float32)
    matrix[:, 2] = rng.integers(-2, 3, rows)
    matrix[:, 4] = rng.integers(0, 9, rows)
    matrix[rng.random(matrix.shape) < missing] = np.nan
    return matrix


def make_label(objective: str, matrix: NDArray[np.float32]) -> NDArray[np.float64]:
    """A label that the objective accepts and that trees can learn."""
    clean = np.nan_to_num(matrix.astype(np.float64))
    signal = clean[:, 0] * 2 + clean[:, 1] * clean[:, 2] + np.sin(clean[:, 4] * 2)
    if objective in MULTICLASS:
        return np.digitize(signal, [-1.5, 0, 1.5]).astype(np.float64)
    if objective in BINARY or objective in {"reg:logistic", "rank:map"}:
        return (signal > 0.3).astype(np.float64)
    if objective.startswith("rank:"):
        return np.digitize(signal, [-1, 1]).astype(np.float64)
    if objective in EXPONENTIAL:
        return np.ceil(np.exp(signal / 4))
    return np.exp(signal / 4) if objective == "reg:squaredlogerror" else signal


def train(
    objective: str,
    matrix: NDArray[np.float32],
    *,
    rounds: int = 12,
    label: NDArray[Any] | None = None,
    categorical: bool = False,
    **params: Any,
) -> xgb.Booster:
    """Train a booster of an objective; `params` go to XGBoost, those of `xgb.train` too."""
    label = make_label(objective, matrix) if label is None else label
    kinds = ["q"] * (matrix.shape[1] - 1) + ["c" if categorical else "q"]
    data = xgb.DMatrix(matrix, label, feature_types=kinds, enable_categorical=categorical)
    if objective.startswith("rank:"):
        data.set_info(qid=np.arange(len(matrix)) // 50)
    if objective == "survival:aft":
        data.set_info(label_lower_bound=label, label_upper_bound=label + 1)
    settings: dict[str, Any] = {"objective": objective, "max_depth": 4, "eta": 0.3, "nthread": 1}
    if objective in MULTICLASS:
        settings["num_class"] = 4
    if objective == "reg:quantileerror":
        settings["quantile_alpha"] = [0.1, 0.5, 0.9]
    training = {name: params.pop(name) for name in ("xgb_model", "early_stopping_rounds") if name in params}
    if "early_stopping_rounds" in training:
        training.update(evals=[(data, "t")], verbose_eval=False)
    return xgb.train({**settings, **params}, data, rounds, **training)


def concat_preparation(width: int = WIDTH, *, opset: int = 18) -> onnx.ModelProto:
    """A preparation that only lays the columns `c0`, `c1`, ... side by side."""
    names = [f"c{index}" for index in range(width)]
    graph = helper.make_graph(
        [helper.make_node("Concat", names, ["features"], "concat", axis=1)],
        "preparation",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, [None, 1]) for name in names],
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, [None, width])],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=10)


def as_columns(matrix: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
    return {f"c{index}": matrix[:, index] for index in range(matrix.shape[1])}


def answer(model: bytes | onnx.ModelProto, rows: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Run a model on raw columns with plain onnxruntime and one thread."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    graph = model if isinstance(model, bytes) else model.SerializeToString()
    session = ort.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    feeds = {name: np.asarray(column).reshape(-1, 1) for name, column in rows.items()}
    return dict(zip(names, session.run(names, feeds), strict=True))


def tree_attributes(model: onnx.ModelProto) -> tuple[onnx.NodeProto, dict[str, onnx.AttributeProto]]:
    """The node of the trees in a model and its attributes by name."""
    node = next(node for node in model.graph.node if node.op_type.startswith("TreeEnsemble"))
    return node, {attribute.name: attribute for attribute in node.attribute}


def goes_left(ensemble: TreeEnsemble, node: int, value: np.float32) -> bool:
    """XGBoost's rule at one split, written down once more and plainly."""
    if np.isnan(value):
        return bool(ensemble.default_left[node])
    if not ensemble.is_categorical[node]:
        return bool(value < ensemble.threshold[node])
    known = 0 <= value < 2**24
    return not (known and int(value) in ensemble.category_set(node).tolist())


def walk(ensemble: TreeEnsemble, tree: int, row: NDArray[np.float32]) -> list[int]:
    """The nodes that a row visits in a tree, numbered across all trees."""
    start = node = int(ensemble.tree_start[tree])
    visited = [node]
    while ensemble.left[node] != LEAF:
        left = goes_left(ensemble, node, row[ensemble.feature[node]])
        node = start + int((ensemble.left if left else ensemble.right)[node])
        visited.append(node)
    return visited


def walk_margins(ensemble: TreeEnsemble, matrix: NDArray[np.float32]) -> NDArray[np.float32]:
    """Margins by walking every tree in Python: float32 sums from the base margin, tree by tree."""
    margins = np.tile(ensemble.base_margin, (len(matrix), 1))
    for tree in range(ensemble.trees):
        leaves = [ensemble.leaf[walk(ensemble, tree, row)[-1]] for row in matrix]
        margins[:, ensemble.tree_target[tree]] += np.array(leaves) * ensemble.tree_weight[tree]
    return margins


def saved(booster: xgb.Booster) -> dict[str, Any]:
    learner: dict[str, Any] = json.loads(booster.save_raw("json"))["learner"]
    return learner
