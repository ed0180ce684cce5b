"""The graphs of KBinsDiscretizer and QuantileTransformer: which interval of a column a value lies in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from onnx import TensorProto

from engine.prep.graph.cells import Cell, Graph, cells_of
from engine.prep.graph.encoders import one_hot
from engine.prep.graph.lookup import looked_up

if TYPE_CHECKING:
    from engine.prep.views import Estimator


def binned(graph: Graph, bins: Estimator, cells: Sequence[Cell]) -> list[Cell]:
    """Write bin numbers, or one column per bin.

    scikit-learn refuses a missing value; here it stays missing, or is in no bin, so that one bad row of a
    million does not stop a scoring job.
    """
    out: list[Cell] = []
    for cell, edges, count in zip(cells, bins.bin_edges_, bins.n_bins_, strict=True):
        column = graph.numbers([cell], "KBinsDiscretizer")
        bounds, starts = np.unique(edges[1:-1].astype(np.float32), return_index=True)
        numbers = np.array([0, *(np.append(starts[1:], count - 1) if len(bounds) else [])], dtype=np.float32)
        number = looked_up(graph, column, bounds, numbers.reshape(-1, 1))
        absent = graph.node("IsNaN", column)
        missing = np.float32(np.nan if bins.encode == "ordinal" else count)
        number = graph.node("Where", absent, graph.constant(np.array([[missing]])), number)
        if bins.encode == "ordinal":
            out += cells_of(number, [cell.label])
        else:
            code = graph.node("Cast", number, to=TensorProto.INT64)
            labels = [f"{cell.label}_{float(place)}" for place in range(count)]
            out += cells_of(one_hot(graph, code, int(count)), labels)
    return out


def uniform(graph: Graph, transformer: Estimator, cells: Sequence[Cell]) -> list[Cell]:
    """Write shares of rows: linear between two quantiles, the middle of its shares on a repeated one."""
    out: list[Cell] = []
    for cell, quantiles in zip(cells, transformer.quantiles_.T, strict=True):
        column = graph.numbers([cell], "QuantileTransformer")
        bounds, pieces = _pieces(quantiles, transformer.references_)
        found = looked_up(graph, column, bounds, pieces)
        knot, start, slope = (
            graph.node("Gather", found, graph.constant(np.array([i], dtype=np.int64)), axis=1)
            for i in range(3)
        )
        past = graph.node("Sub", column, knot)
        here = graph.node("Add", start, graph.node("Mul", past, slope))
        # Beyond the ends the slope is 0, but 0 times an infinite distance would be missing.
        share = graph.node("Where", graph.node("Equal", slope, _zero(graph)), start, here)
        out += cells_of(graph.node("Where", graph.node("IsNaN", column), column, share), [cell.label])
    return out


def _pieces(quantiles: np.ndarray, shares: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return where the pieces of the function begin, and of each its knot, its value there and its slope.

    A piece is a single quantile, or the open interval to the next one. They alternate, so every quantile
    bounds twice: from it on, and from the float after it on. Quantiles are float32, as the values are that
    meet them: a value and a quantile that are equal stay equal.
    """
    if np.isnan(quantiles[0]):  # a column that was always missing stays so
        return np.empty(0, dtype=np.float32), np.array([[0, np.nan, 0]], dtype=np.float32)
    knots, first = np.unique(quantiles.astype(np.float32), return_index=True)
    last = np.append(first[1:], len(quantiles)) - 1
    low, high, exact = shares[first], shares[last], knots.astype(np.float64)
    slope = np.append((low[1:] - high[:-1]) / (quantiles[first[1:]] - quantiles[last[:-1]]), 0.0)
    after = high + (exact - quantiles[last]) * slope
    at = _middle(_representatives(quantiles, first, last), quantiles, shares)
    # The greatest value is 1 and the least 0, also where they are one and the same, as scikit-learn has it.
    after[-1], at[-1], at[0] = 1.0, 1.0, 0.0
    zero = np.zeros(len(knots))
    pairs = np.stack([np.stack([exact, at, zero], axis=1), np.stack([exact, after, slope], axis=1)], axis=1)
    pieces = np.concatenate([[[0.0, 0.0, 0.0]], pairs.reshape(-1, 3)]).astype(np.float32)
    return np.stack([knots, np.nextafter(knots, np.float32(np.inf))], axis=1).ravel(), pieces


def _representatives(quantiles: np.ndarray, first: np.ndarray, last: np.ndarray) -> np.ndarray:
    """Return the raw value that stands for each float32: itself if it can, else the commonest quantile."""
    rounded = quantiles[first].astype(np.float32).astype(np.float64)
    values: np.ndarray = rounded.copy()
    for place in np.flatnonzero(first < last):
        group, counts = np.unique(quantiles[first[place] : last[place] + 1], return_counts=True)
        if rounded[place] not in group:
            values[place] = group[counts.argmax()]
    return values


def _middle(values: np.ndarray, quantiles: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Interpolate from both ends: a repeated quantile has the middle of its shares."""
    upward = np.interp(values, quantiles, shares)
    downward = np.interp(-values, -quantiles[::-1], -shares[::-1])
    return np.asarray((upward - downward) / 2)


def _zero(graph: Graph) -> str:
    return graph.constant(np.zeros((1, 1), dtype=np.float32))
