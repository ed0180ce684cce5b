"""From a fitted preparation to one graph: the walk over its branches and steps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import onnx
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import FeatureUnion, Pipeline

from engine.errors import SignatureError, UnsupportedError
from engine.prep.graph.cells import Cell, Graph, cells_of
from engine.prep.graph.leaves import leaf
from engine.prep.naming import names_out
from engine.prep.selection import positions_of

if TYPE_CHECKING:
    from engine.prep.inputs import Signature
    from engine.prep.views import Estimator

Cells = Sequence[Cell | None]


def to_onnx(fitted: Estimator, signature: Signature) -> onnx.ModelProto:
    """Write a fitted preparation as an ONNX graph.

    Args:
        fitted: A fitted ColumnTransformer, Pipeline or single transformer, fitted on a DataFrame.
        signature: The raw columns that it uses.

    Returns:
        A model with one `[None, 1]` input per column of the signature (float32 or string) and one output,
        `signature.matrix_name`, float32 `[None, d]`; the same fit gives the same bytes.

    Raises:
        UnsupportedError: A step has no graph, or texts reach the output.
        SignatureError: The preparation uses a column that the signature lacks.
    """
    graph = Graph(signature)
    raw = graph.raw()
    cells = _walk(graph, fitted, [raw.get(name) for name in _raw_names(fitted, signature)])
    if not cells:
        raise UnsupportedError(
            "the preparation puts out no column", "Every column was dropped; keep at least one."
        )
    return graph.model(graph.numbers(cells, "the matrix of features"), len(cells))


def feature_names(fitted: Estimator, signature: Signature, model: onnx.ModelProto) -> tuple[str, ...]:
    """Return the names of the columns that a fitted preparation and its graph put out, in order."""
    width = model.graph.output[0].type.tensor_type.shape.dim[1].dim_value
    return names_out(fitted, _raw_names(fitted, signature), width)


def _raw_names(fitted: Estimator, signature: Signature) -> list[str]:
    """Return the names of all raw columns, as the first real step has seen them in its fit."""
    if isinstance(fitted, Pipeline):
        first = next((inner for _, inner in fitted.steps if inner not in (None, "passthrough")), None)
        return list(signature.names) if first is None else _raw_names(first, signature)
    if isinstance(fitted, FeatureUnion):
        return _raw_names(next(inner for _, inner in fitted.transformer_list if inner != "drop"), signature)
    return [str(name) for name in fitted.feature_names_in_]


def _walk(graph: Graph, step: Estimator, cells: Cells) -> list[Cell]:
    if isinstance(step, Pipeline):
        for _, inner in step.steps:
            cells = _walk(graph, inner, cells) if inner not in (None, "passthrough") else cells
        return _present(cells)
    if isinstance(step, ColumnTransformer):
        return _branches(graph, step, cells)
    if isinstance(step, FeatureUnion):
        branches = [(name, inner, cells) for name, inner in step.transformer_list if inner != "drop"]
        return _side_by_side(graph, step, branches)
    return leaf(graph, step, _present(cells))


def _branches(graph: Graph, step: Estimator, cells: Cells) -> list[Cell]:
    layout = _Layout(step)
    branches = []
    for name, inner, columns in step.transformers_:
        positions = positions_of(columns, layout, name)
        if positions and inner != "drop":
            branches.append((name, inner, [cells[i] for i in positions]))
    return _side_by_side(graph, step, branches)


def _side_by_side(
    graph: Graph, step: Estimator, branches: Sequence[tuple[str, Estimator, Cells]]
) -> list[Cell]:
    out: list[Cell] = []
    for name, inner, cells in branches:
        branch = _walk(graph, inner, cells)
        weight = (step.transformer_weights or {}).get(name)
        out += branch if weight is None else _weighted(graph, branch, weight, name)
    return out


def _weighted(graph: Graph, cells: Sequence[Cell], weight: float, name: str) -> list[Cell]:
    values = graph.numbers(cells, f"the weight of branch {name!r}")
    product = graph.node("Mul", values, graph.constant(np.array([weight], dtype=np.float32)))
    return cells_of(product, [cell.label for cell in cells])


def _present(cells: Cells) -> list[Cell]:
    if any(cell is None for cell in cells):
        raise SignatureError(
            "the preparation uses a column that the signature lacks", "Fit and export with one source."
        )
    return [cell for cell in cells if cell is not None]


class _Layout:
    """The input of a fitted ColumnTransformer, as far as selecting columns goes."""

    def __init__(self, fitted: Estimator) -> None:
        self.shape = (0, fitted.n_features_in_)
        self.columns = list(getattr(fitted, "feature_names_in_", ()))
