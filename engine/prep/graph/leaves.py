"""The graph of a single fitted transformer, found by its exact type."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import onnx
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import (
    FunctionTransformer,
    MaxAbsScaler,
    MinMaxScaler,
    OneHotEncoder,
    OrdinalEncoder,
    PolynomialFeatures,
    StandardScaler,
)

from engine.errors import UnsupportedError
from engine.prep.graph.cells import OPSETS, Cell, Graph, cells_of
from engine.prep.graph.encoders import onehot, ordinal
from engine.prep.graph.imputer import imputed
from engine.prep.views import Estimator

Writer = Callable[[Graph, Estimator, Sequence[Cell]], list[Cell]]


def leaf(graph: Graph, fitted: Estimator, cells: Sequence[Cell]) -> list[Cell]:
    """Add the nodes of one fitted transformer.

    Raises:
        UnsupportedError: There is no writer for its type.
    """
    writer = WRITERS.get(type(fitted))
    if writer is None:
        name = type(fitted).__name__
        known = ", ".join(sorted(kind.__name__ for kind in WRITERS))
        raise UnsupportedError(
            f"no graph can be written for {name}", f"There is one for {known}.", transformer=name
        )
    return writer(graph, fitted, cells)


def _converted(graph: Graph, fitted: Estimator, cells: Sequence[Cell]) -> list[Cell]:
    """Let skl2onnx write a numeric transformer."""
    from skl2onnx import convert_sklearn
    from skl2onnx.common.data_types import FloatTensorType

    rows = [("rows", FloatTensorType([None, len(cells)]))]
    model: onnx.ModelProto = convert_sklearn(fitted, initial_types=rows, target_opset=OPSETS)
    tensor = graph.inline(model.graph, [graph.numbers(cells, type(fitted).__name__)])
    return cells_of(tensor, list(fitted.get_feature_names_out([cell.label for cell in cells])))


def _same(graph: Graph, fitted: Estimator, cells: Sequence[Cell]) -> list[Cell]:
    del graph, fitted
    return list(cells)


WRITERS: dict[type, Writer] = {
    FunctionTransformer: _same,
    MaxAbsScaler: _converted,
    MinMaxScaler: _converted,
    OneHotEncoder: onehot,
    OrdinalEncoder: ordinal,
    PolynomialFeatures: _converted,
    SimpleImputer: imputed,
    StandardScaler: _converted,
}
