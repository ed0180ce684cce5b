"""FunctionTransformer with functions of numpy that a graph can say too, in float64."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from onnx import TensorProto

from engine.prep.graph.cells import Cell, Graph, cells_of

if TYPE_CHECKING:
    from engine.prep.views import Estimator

Call = Callable[[Graph, str], str]


def applied(graph: Graph, step: Estimator, cells: Sequence[Cell]) -> list[Cell]:
    """Write the function of whole columns; without one, nothing."""
    if step.func is None:
        return list(cells)
    values = graph.wide_numbers(cells, "FunctionTransformer")
    if step.func is np.clip:
        result = _clipped(graph, values, step.kw_args)
    else:
        result = CALLS[step.func](graph, values)
    return cells_of(result, [cell.label for cell in cells], wide=True)


def _clipped(graph: Graph, values: str, bounds: dict[str, Any]) -> str:
    for name, kind in (("min", "Less"), ("max", "Greater")):
        bound = bounds.get(name, bounds.get(f"a_{name}"))
        if bound is not None:
            edge = _number(graph, float(bound))
            values = graph.node("Where", graph.node(kind, values, edge), edge, values)
    return values


def _number(graph: Graph, value: float) -> str:
    return graph.constant(np.array([[value]], dtype=np.float64))


def _operator(kind: str) -> Call:
    return lambda graph, values: graph.node(kind, values)


def _logarithm(base: float) -> Call:
    def call(graph: Graph, values: str) -> str:
        return graph.node("Div", graph.node("Log", values), _number(graph, np.log(base)))

    return call


def _log1p(graph: Graph, values: str) -> str:
    """The logarithm of 1 + x, less what adding 1 has cost (Kahan), which for 1e-10 is all but six digits."""
    one = _number(graph, 1.0)
    above = graph.node("Add", values, one)
    plain = graph.node("Log", above)
    cost = graph.node("Sub", graph.node("Sub", above, one), values)
    mended = graph.node("Sub", plain, graph.node("Div", cost, above))
    ends = graph.node("Or", graph.node("IsInf", values), graph.node("IsInf", plain))
    return graph.node("Where", ends, plain, mended)


def _expm1(graph: Graph, values: str) -> str:
    """exp(x) - 1 as (u - 1) x / log(u) with u = exp(x), which is exact where the difference is not."""
    one = _number(graph, 1.0)
    power = graph.node("Exp", values)
    less = graph.node("Sub", power, one)
    mended = graph.node("Div", graph.node("Mul", less, values), graph.node("Log", power))
    small = graph.node("Less", graph.node("Abs", values), one)
    there = graph.node("And", small, graph.node("Not", graph.node("Equal", power, one)))
    tiny = graph.node("And", small, graph.node("Equal", power, one))
    return graph.node("Where", tiny, values, graph.node("Where", there, mended, less))


def _square(graph: Graph, values: str) -> str:
    return graph.node("Mul", values, values)


def _is_nan(graph: Graph, values: str) -> str:
    return graph.node("Cast", graph.node("IsNaN", values), to=TensorProto.DOUBLE)


CALLS: dict[Any, Call] = {
    np.abs: _operator("Abs"),
    np.absolute: _operator("Abs"),
    np.fabs: _operator("Abs"),
    np.ceil: _operator("Ceil"),
    np.exp: _operator("Exp"),
    np.expm1: _expm1,
    np.floor: _operator("Floor"),
    np.isnan: _is_nan,
    np.log: _operator("Log"),
    np.log10: _logarithm(10.0),
    np.log1p: _log1p,
    np.log2: _logarithm(2.0),
    np.negative: _operator("Neg"),
    np.reciprocal: _operator("Reciprocal"),
    np.rint: _operator("Round"),
    np.sign: _operator("Sign"),
    np.sin: _operator("Sin"),
    np.sqrt: _operator("Sqrt"),
    np.square: _square,
    np.tanh: _operator("Tanh"),
}
