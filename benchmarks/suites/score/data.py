"""The rows and the model that all sides score; needs numpy, pyarrow and onnx alone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
import pyarrow as pa
import pyarrow.parquet as pq
from onnx import TensorProto, helper

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from benchmarks.case import Parameters

KEY = "id"


def names(columns: int) -> list[str]:
    """The columns that the model reads."""
    return [f"f{at:02d}" for at in range(columns)]


def write_rows(folder: Path, parameters: Parameters) -> None:
    """Files of normal numbers, a key beside them."""
    folder.mkdir(parents=True)
    rows, size = parameters["rows"], parameters["file"]
    for number, start in enumerate(range(0, rows, size)):
        count = min(size, rows - start)
        chance = np.random.default_rng(number)
        columns = {KEY: pa.array(np.arange(start, start + count))}
        for name in names(parameters["columns"]):
            columns[name] = pa.array(chance.standard_normal(count, dtype=np.float32))
        pq.write_table(
            pa.table(columns), folder / f"{number:04d}.parquet", row_group_size=parameters["group"]
        )


def matrices(folder: Path, columns: int) -> Iterator[np.ndarray]:
    """The rows of each file as one matrix."""
    for path in sorted(folder.glob("*.parquet")):
        table = pq.read_table(path, columns=names(columns), use_threads=False)
        yield np.column_stack([table.column(name).to_numpy() for name in table.schema.names])


def model_bytes(
    parameters: Parameters, *, by_column: bool, metadata: Mapping[str, str] | None = None
) -> bytes:
    """A regression by full binary trees with random splits: each row goes down each tree to its end.

    Args:
        parameters: `columns`, `trees`, `depth`.
        by_column: One input per column; else one matrix.
        metadata: What the model says of itself.
    """
    width = parameters["columns"]
    nodes: list[Any] = []
    if by_column:
        inputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [None, 1]) for name in names(width)]
        nodes.append(helper.make_node("Concat", names(width), ["features"], axis=1))
    else:
        inputs = [helper.make_tensor_value_info("features", TensorProto.FLOAT, [None, width])]
    trees = _trees(parameters["trees"], parameters["depth"], width)
    nodes.append(
        helper.make_node(
            "TreeEnsembleRegressor", ["features"], ["raw"], domain="ai.onnx.ml", n_targets=1, **trees
        )
    )
    nodes.append(helper.make_node("Sigmoid", ["raw"], ["score"]))
    graph = helper.make_graph(
        nodes, "trees", inputs, [helper.make_tensor_value_info("score", TensorProto.FLOAT, [None, 1])]
    )
    opsets = [helper.make_opsetid("", 15), helper.make_opsetid("ai.onnx.ml", 3)]
    made = helper.make_model(graph, opset_imports=opsets, ir_version=8)
    if metadata:
        helper.set_model_props(made, dict(metadata))
    onnx.checker.check_model(made)
    return bytes(made.SerializeToString())


def _trees(count: int, depth: int, width: int) -> dict[str, Any]:
    chance = np.random.default_rng(17)
    inner, size = 2**depth - 1, 2 ** (depth + 1) - 1
    feature = chance.integers(0, width, (count, size))
    value = chance.standard_normal((count, size)).astype(np.float32)
    ids = np.arange(size)
    leaf = ids >= inner
    return {
        "nodes_treeids": np.repeat(np.arange(count), size).tolist(),
        "nodes_nodeids": np.tile(ids, count).tolist(),
        "nodes_featureids": np.where(leaf, 0, feature).ravel().tolist(),
        "nodes_values": np.where(leaf, 0, value).ravel().tolist(),
        "nodes_modes": np.where(leaf, "LEAF", "BRANCH_LT").tolist() * count,
        "nodes_truenodeids": np.tile(np.where(leaf, 0, 2 * ids + 1), count).tolist(),
        "nodes_falsenodeids": np.tile(np.where(leaf, 0, 2 * ids + 2), count).tolist(),
        "nodes_missing_value_tracks_true": [1] * (count * size),
        "target_treeids": np.repeat(np.arange(count), size - inner).tolist(),
        "target_nodeids": np.tile(ids[inner:], count).tolist(),
        "target_ids": [0] * (count * (size - inner)),
        "target_weights": (value[:, inner:] / np.sqrt(count)).ravel().tolist(),
    }


def judged(scores: np.ndarray) -> dict[str, Any]:
    """What is compared of the scores."""
    exact = scores.astype(np.float64)
    return {"rows": len(exact), "mean": float(exact.mean()), "deviation": float(exact.std())}


def scores_in(folder: Path) -> np.ndarray:
    """The scores that a side has written, in any number of files."""
    tables = [pq.read_table(path, columns=["score"]) for path in sorted(folder.rglob("*.parquet"))]
    return np.concatenate([table.column("score").to_numpy() for table in tables])
