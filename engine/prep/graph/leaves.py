"""The graph of a single fitted transformer, found by its exact type."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import onnx
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.feature_selection import VarianceThreshold
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import (
    FunctionTransformer,
    KBinsDiscretizer,
    MaxAbsScaler,
    MinMaxScaler,
    OneHotEncoder,
    OrdinalEncoder,
    PolynomialFeatures,
    QuantileTransformer,
    RobustScaler,
    StandardScaler,
    TargetEncoder,
)

from engine.errors import UnsupportedError
from engine.prep.graph.calls import applied
from engine.prep.graph.cells import OPSETS, Cell, Graph, cells_of
from engine.prep.graph.encoders import onehot, ordinal, target
from engine.prep.graph.imputer import imputed
from engine.prep.graph.own import datetime_parts, hashed
from engine.prep.graph.ranks import binned, ranked
from engine.prep.rules.selectors import SELECTORS
from engine.prep.transformers import DatetimeParts, TextHasher
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
    """Let skl2onnx write a numeric transformer, in float32."""
    from skl2onnx.common.data_types import FloatTensorType

    tensor = _inlined(graph, fitted, graph.numbers(cells, type(fitted).__name__), FloatTensorType)
    return _named(fitted, tensor, cells)


def _precise(graph: Graph, fitted: Estimator, cells: Sequence[Cell]) -> list[Cell]:
    """Let skl2onnx write a numeric transformer, in float64.

    measured: in float32 a StandardScaler is off by 3e-6 at values of 1e3 and useless at 1e9; in float64 the
    difference to scikit-learn is 0 but for the rounding of input and output, and the sums of a PCA come out
    the same whatever the size of the batch.
    """
    from skl2onnx.common.data_types import DoubleTensorType

    wide = graph.wide_numbers(cells, type(fitted).__name__)
    tensor = _inlined(graph, fitted, wide, DoubleTensorType)
    if getattr(fitted, "clip", False) and type(fitted) is MaxAbsScaler:  # skl2onnx 1.20 forgets it
        tensor = graph.node("Clip", tensor, graph.constant(np.array(-1.0)), graph.constant(np.array(1.0)))
    return _named(fitted, tensor, cells, wide=True)


def _inlined(graph: Graph, fitted: Estimator, rows: str, kind: Any) -> str:
    from skl2onnx import convert_sklearn

    types = [("rows", kind([None, fitted.n_features_in_]))]
    model: onnx.ModelProto = convert_sklearn(fitted, initial_types=types, target_opset=OPSETS)
    return graph.inline(model.graph, [rows])


def _named(fitted: Estimator, tensor: str, cells: Sequence[Cell], *, wide: bool = False) -> list[Cell]:
    names = list(fitted.get_feature_names_out())
    labels = [cell.label for cell in cells] if len(names) == len(cells) else names
    return cells_of(tensor, labels, wide=wide)


def _selected(graph: Graph, fitted: Estimator, cells: Sequence[Cell]) -> list[Cell]:
    graph.check_numbers(cells, type(fitted).__name__)
    return [cells[place] for place in fitted.get_support(indices=True)]


WRITERS: dict[type, Writer] = {
    DatetimeParts: datetime_parts,
    FunctionTransformer: applied,
    KBinsDiscretizer: binned,
    MaxAbsScaler: _precise,
    MinMaxScaler: _precise,
    OneHotEncoder: onehot,
    OrdinalEncoder: ordinal,
    PCA: _precise,
    PolynomialFeatures: _converted,  # skl2onnx 1.20 mixes float32 and float64 where its input is float64
    QuantileTransformer: ranked,
    RobustScaler: _precise,
    SimpleImputer: imputed,
    StandardScaler: _precise,
    TargetEncoder: target,
    TextHasher: hashed,
    TruncatedSVD: _precise,
    VarianceThreshold: _selected,
    **dict.fromkeys(SELECTORS, _selected),
}
