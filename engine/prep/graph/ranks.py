"""The graphs of KBinsDiscretizer and QuantileTransformer: which interval of a column a value lies in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from onnx import TensorProto
from scipy.stats import norm

from engine.prep.graph.cells import Cell, Graph, cells_of
from engine.prep.graph.encoders import one_hot
from engine.prep.graph.lookup import looked_up
from engine.prep.graph.normal import normal_quantile

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
        bounds, starts = np.unique(_bounds(edges[1:-1], bins.strategy), return_index=True)
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


def _bounds(edges: np.ndarray, strategy: str) -> np.ndarray:
    """The edges of bins as float32.

    Edges that are data values are rounded as those are, so that a value on its edge stays there. What k-means
    puts between two values is rounded up: a float32 is not below the edge if it is not below that.
    """
    nearest = edges.astype(np.float32)
    if strategy != "kmeans":
        return nearest
    return np.where(nearest < edges, np.nextafter(nearest, np.float32(np.inf)), nearest)


def ranked(graph: Graph, transformer: Estimator, cells: Sequence[Cell]) -> list[Cell]:
    """Write shares of rows, or the numbers below which a normal distribution has those shares.

    Shares are linear between two quantiles, and the middle of its shares on a repeated one. They are added up
    in float64: next to 1, where the normal distribution is steep, float32 has steps of 6e-8.
    """
    normal = transformer.output_distribution == "normal"
    shares = []
    for cell, quantiles in zip(cells, transformer.quantiles_.T, strict=True):
        column = graph.numbers([cell], "QuantileTransformer")
        share = _share(graph, column, quantiles, transformer.references_)
        shares.append(_pinned(graph, column, share, quantiles) if normal else share)
    tensor = shares[0] if len(shares) == 1 else graph.node("Concat", *shares, axis=1)
    if normal:
        tensor = _clipped(graph, normal_quantile(graph, tensor))
    values = graph.node("Cast", tensor, to=TensorProto.FLOAT)
    raw = graph.numbers(cells, "QuantileTransformer")
    return cells_of(graph.node("Where", graph.node("IsNaN", raw), raw, values), [c.label for c in cells])


def _share(graph: Graph, column: str, quantiles: np.ndarray, references: np.ndarray) -> str:
    """The share of rows below a value, float64 `[N, 1]`."""
    bounds, pieces = _pieces(quantiles, references)
    high = pieces.astype(np.float32)
    low = (pieces - high.astype(np.float64)).astype(np.float32)  # what float32 has left of each number
    found = looked_up(graph, column, bounds, np.concatenate([high, low[:, 1:]], axis=1))
    wide = graph.node("Cast", found, to=TensorProto.DOUBLE)
    knot, start, slope, start_rest, slope_rest = (
        graph.node("Gather", wide, graph.constant(np.array([i], dtype=np.int64)), axis=1) for i in range(5)
    )
    start, slope = graph.node("Add", start, start_rest), graph.node("Add", slope, slope_rest)
    past = graph.node("Sub", graph.node("Cast", column, to=TensorProto.DOUBLE), knot)
    here = graph.node("Add", start, graph.node("Mul", past, slope))
    # Beyond the ends the slope is 0, but 0 times an infinite distance would be missing.
    return graph.node("Where", graph.node("Equal", slope, _number(graph, 0.0)), start, here)


# scikit-learn's: nearer than this to an end is at the end, and no share is nearer to 0 or 1.
_END = 1e-7


def _pinned(graph: Graph, column: str, share: str, quantiles: np.ndarray) -> str:
    """Put values next to the ends on the ends, and keep shares where the quantile is finite."""
    wide = graph.node("Cast", column, to=TensorProto.DOUBLE)
    low = graph.node("Less", wide, _number(graph, quantiles[0] + _END))
    high = graph.node("Greater", wide, _number(graph, quantiles[-1] - _END))
    least, most = _number(graph, _END / 2), _number(graph, 1 - _END / 2)
    share = graph.node("Where", low, least, graph.node("Where", high, most, share))
    share = graph.node("Where", graph.node("Less", share, least), least, share)
    return graph.node("Where", graph.node("Greater", share, most), most, share)


def _clipped(graph: Graph, values: str) -> str:
    bound = float(norm.ppf(_END - np.spacing(1)))
    low, high = _number(graph, bound), _number(graph, -bound)
    values = graph.node("Where", graph.node("Less", values, low), low, values)
    return graph.node("Where", graph.node("Greater", values, high), high, values)


def _pieces(quantiles: np.ndarray, shares: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return where the pieces of the function begin, and of each its knot, its value there and its slope.

    A piece is a single quantile, or the open interval to the next one. They alternate, so every quantile
    bounds twice: from it on, and from the float after it on. Quantiles are float32, as the values are that
    meet them: a value and a quantile that are equal stay equal.
    """
    if np.isnan(quantiles[0]):  # a column that was always missing stays so
        return np.empty(0, dtype=np.float32), np.array([[0, np.nan, 0]])
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
    pieces = np.concatenate([[[0.0, 0.0, 0.0]], pairs.reshape(-1, 3)])
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


def _number(graph: Graph, value: float) -> str:
    return graph.constant(np.array([[value]], dtype=np.float64))
