"""Models that are quick to make, and whose scores numpy can say too."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from onnx import TensorProto, helper

from engine.ml.model import LABEL_KEY, SIGNATURE_KEY, Model

WORDS = {"red": 1.0, "green": -1.0}
TABLE = 100


def small_model(name: str, version: int, *, slope: float = 0.5) -> Model:
    """A binary model of two numbers and a text: `score = sigmoid(slope * x + y + word)`.

    It fails on rows whose `y` is no place of a table of 100 entries.
    """
    make = helper.make_node
    nodes = [
        make("Constant", [], ["slope"], value_float=slope),
        make("Mul", ["x", "slope"], ["sloped"]),
        make("Cast", ["y"], ["place"], to=TensorProto.INT64),
        make("Constant", [], ["table"], value_floats=np.linspace(-3, 3, TABLE).tolist()),
        make("Gather", ["table", "place"], ["placed"]),
        make(
            "LabelEncoder",
            ["word"],
            ["worded"],
            domain="ai.onnx.ml",
            keys_strings=list(WORDS),
            values_floats=list(WORDS.values()),
            default_float=0.0,
        ),
        make("Add", ["sloped", "placed"], ["two"]),
        make("Add", ["two", "worded"], ["three"]),
        make("Sigmoid", ["three"], ["score"]),
        make("Constant", [], ["half"], value_float=0.5),
        make("Greater", ["score", "half"], ["above"]),
        make("Cast", ["above"], ["label"], to=TensorProto.INT64),
    ]
    kinds = {"x": TensorProto.FLOAT, "y": TensorProto.FLOAT, "word": TensorProto.STRING}
    graph = helper.make_graph(
        nodes,
        name,
        [helper.make_tensor_value_info(one, kind, [None, 1]) for one, kind in kinds.items()],
        [
            helper.make_tensor_value_info("score", TensorProto.FLOAT, [None, 1]),
            helper.make_tensor_value_info("label", TensorProto.INT64, [None, 1]),
        ],
    )
    domains = [helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3)]
    made = helper.make_model(graph, opset_imports=domains, ir_version=8)
    signature = [{"name": one, "kind": "text" if one == "word" else "number"} for one in kinds]
    label = {"column": "target", "kind": "binary", "classes": [0, 1]}
    helper.set_model_props(made, {SIGNATURE_KEY: json.dumps(signature), LABEL_KEY: json.dumps(label)})
    onnx.checker.check_model(made)
    return Model(name, version, made.SerializeToString())


def rows(count: int, seed: int) -> pd.DataFrame:
    chance = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "id": np.arange(count) + seed * 1_000_000,
            "x": chance.normal(size=count).astype("float32"),
            "unused": chance.normal(size=count),
            "y": chance.integers(0, TABLE, count).astype("float64"),
            "word": chance.choice(["red", "green", "blue"], count),
        }
    )


def scores_of(frame: pd.DataFrame, *, slope: float = 0.5) -> np.ndarray:
    """What the model says, by numpy."""
    table = np.linspace(-3, 3, TABLE).astype("float32")
    total = frame["x"].to_numpy("float32") * np.float32(slope) + table[frame["y"].to_numpy("int64")]
    total = total + frame["word"].map(WORDS).fillna(0.0).to_numpy("float32")
    return 1 / (1 + np.exp(-total))


def write(frame: pd.DataFrame, path: Path, group: int = 500) -> None:
    pq.write_table(pa.Table.from_pandas(frame, preserve_index=False), path, row_group_size=group)


def tree_model(*, trees: int = 8, depth: int = 6, seed: int = 3, own: bool = False) -> Model:
    """Trees over one input for each of f0 ... f7 and `count`; none asks f6 and f7.

    As others export them (`count` is an int64), or as our own models are.
    """
    chance = np.random.default_rng(seed)
    inner, size = 2**depth - 1, 2 ** (depth + 1) - 1
    ids = np.arange(size)
    leaf = np.tile(ids >= inner, trees)
    feature = chance.choice([0, 1, 2, 3, 4, 5, 8], trees * size)
    split = np.where(feature == 8, chance.integers(0, 20, trees * size), chance.normal(size=trees * size))
    names = [f"f{at}" for at in range(8)]
    follow = np.tile(ids, trees)
    node = helper.make_node(
        "TreeEnsembleRegressor",
        ["features"],
        ["score"],
        domain="ai.onnx.ml",
        n_targets=1,
        nodes_treeids=np.repeat(np.arange(trees), size).tolist(),
        nodes_nodeids=follow.tolist(),
        nodes_featureids=np.where(leaf, 0, feature).tolist(),
        nodes_values=np.where(leaf, 0, split).astype("float32").tolist(),
        nodes_modes=np.where(leaf, "LEAF", "BRANCH_LT").tolist(),
        nodes_truenodeids=np.where(leaf, 0, 2 * follow + 1).tolist(),
        nodes_falsenodeids=np.where(leaf, 0, 2 * follow + 2).tolist(),
        nodes_missing_value_tracks_true=chance.integers(0, 2, trees * size).tolist(),
        target_treeids=np.repeat(np.arange(trees), size - inner).tolist(),
        target_nodeids=np.tile(ids[inner:], trees).tolist(),
        target_ids=[0] * (trees * (size - inner)),
        target_weights=chance.normal(size=trees * (size - inner)).astype("float32").tolist(),
    )
    cast = helper.make_node("Cast", ["count"], ["counted"], to=TensorProto.FLOAT)
    joined = helper.make_node("Concat", [*names, "counted"], ["features"], axis=1)
    inputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [None, 1]) for name in names]
    count = TensorProto.FLOAT if own else TensorProto.INT64
    inputs.append(helper.make_tensor_value_info("count", count, [None, 1]))
    output = helper.make_tensor_value_info("score", TensorProto.FLOAT, [None, 1])
    graph = helper.make_graph([cast, joined, node], "trees", inputs, [output])
    domains = [helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3)]
    made = helper.make_model(graph, opset_imports=domains, ir_version=8)
    if own:
        signature = [{"name": one.name, "kind": "number"} for one in inputs]
        label = {"column": "target", "kind": "regression"}
        helper.set_model_props(made, {SIGNATURE_KEY: json.dumps(signature), LABEL_KEY: json.dumps(label)})
    onnx.checker.check_model(made)
    return Model("trees", 1, made.SerializeToString())


def tree_rows(count: int, seed: int) -> pa.Table:
    """Rows for `tree_model`, some values missing where that means something."""
    chance = np.random.default_rng(seed)
    columns: dict[str, pa.Array] = {"id": pa.array(np.arange(count) + seed * 1_000_000)}
    for at in range(8):
        missing = chance.random(count) < 0.05
        columns[f"f{at}"] = pa.array(chance.normal(size=count).astype("float32"), mask=missing)
    columns["count"] = pa.array(chance.integers(0, 20, count))
    return pa.table(columns)


def onnxruntime_says(model: Model, rows: pa.Table) -> np.ndarray:
    """The scores of a `tree_model`, by onnxruntime over all columns."""
    session = onnxruntime.InferenceSession(model.onnx, providers=["CPUExecutionProvider"])
    feeds = {
        one.name: rows.column(one.name).to_numpy().astype("int64" if one.name == "count" else "float32")
        for one in session.get_inputs()
    }
    (scores,) = session.run(["score"], {name: values.reshape(-1, 1) for name, values in feeds.items()})
    return np.asarray(scores)[:, 0]
