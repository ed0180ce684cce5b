"""The inverse of the normal distribution function, which ONNX lacks: Wichura's AS 241, exact to 1e-15."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from engine.prep.graph.cells import Graph

# Numerators and denominators, the highest power first: near the middle, and beyond 0.425 from it.
_MIDDLE = (
    (2509.0809287301226727, 33430.575583588128105, 67265.770927008700853, 45921.953931549871457,
     13731.693765509461125, 1971.5909503065514427, 133.14166789178437745, 3.387132872796366608),
    (5226.495278852545925, 28729.085735721942674, 39307.89580009271061, 21213.794301586595867,
     5394.1960214247511077, 687.1870074920579083, 42.313330701600911252, 1.0),
)  # fmt: skip
_TAIL = (
    (7.7454501427834140764e-4, 0.0227238449892691845833, 0.24178072517745061177, 1.27045825245236838258,
     3.64784832476320460504, 5.7694972214606914055, 4.6303378461565452959, 1.42343711074968357734),
    (1.05075007164441684324e-9, 5.475938084995344946e-4, 0.0151986665636164571966, 0.14810397642748007459,
     0.68976733498510000455, 1.6763848301838038494, 2.05319162663775882187, 1.0),
)  # fmt: skip


def normal_quantile(graph: Graph, shares: str) -> str:
    """Return the number below which a share of the normal distribution lies.

    Args:
        graph: Where the nodes go.
        shares: float64 `[N, d]`, from 1e-10 to 1 - 1e-10 (beyond that a third formula would be needed).

    Returns:
        The name of a float64 tensor `[N, d]`.
    """
    past = graph.node("Sub", shares, _number(graph, 0.5))
    square = graph.node("Mul", past, past)
    middle = graph.node(
        "Mul", past, _ratio(graph, graph.node("Sub", _number(graph, 0.180625), square), _MIDDLE)
    )
    rest = graph.node(
        "Where", _less(graph, past, 0.0), shares, graph.node("Sub", _number(graph, 1.0), shares)
    )
    root = graph.node("Sqrt", graph.node("Neg", graph.node("Log", rest)))
    tail = _ratio(graph, graph.node("Sub", root, _number(graph, 1.6)), _TAIL)
    signed = graph.node("Where", _less(graph, past, 0.0), graph.node("Neg", tail), tail)
    return graph.node("Where", _less(graph, graph.node("Abs", past), 0.425), middle, signed)


def _ratio(graph: Graph, at: str, terms: tuple[Sequence[float], Sequence[float]]) -> str:
    return graph.node("Div", _polynomial(graph, at, terms[0]), _polynomial(graph, at, terms[1]))


def _polynomial(graph: Graph, at: str, terms: Sequence[float]) -> str:
    value = _number(graph, terms[0])
    for term in terms[1:]:
        value = graph.node("Add", graph.node("Mul", value, at), _number(graph, term))
    return value


def _less(graph: Graph, left: str, right: float) -> str:
    return graph.node("Less", left, _number(graph, right))


def _number(graph: Graph, value: float) -> str:
    return graph.constant(np.array([[value]], dtype=np.float64))
