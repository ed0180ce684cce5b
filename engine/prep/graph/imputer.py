"""The graph of SimpleImputer: `Where` the value is missing, the fill."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from onnx import TensorProto

from engine.errors import UnsupportedError
from engine.prep.graph.cells import Cell, Graph, cells_of
from engine.prep.missing import is_missing, means_null

if TYPE_CHECKING:
    from engine.prep.views import Estimator


def imputed(graph: Graph, imputer: Estimator, cells: Sequence[Cell]) -> list[Cell]:
    """Fill missing values; columns without any value in the fit are dropped, as scikit-learn does."""
    pairs = list(zip(cells, imputer.statistics_, strict=True))
    if not imputer.keep_empty_features:
        pairs = [(cell, fill) for cell, fill in pairs if not is_missing(fill)]
    filled: list[Cell] = []
    for kind in ("number", "text"):
        of_kind = [(cell, fill) for cell, fill in pairs if cell.kind == kind]
        if of_kind and not _may_be_absent(imputer, kind):
            filled += [cell for cell, _ in of_kind]
        elif of_kind:
            filled += (_numbers if kind == "number" else _texts)(graph, imputer, of_kind)
    order = {id(cell): i for i, (cell, _) in enumerate(pairs)}
    places = [order[id(cell)] for kind in ("number", "text") for cell, _ in pairs if cell.kind == kind]
    in_order = [cell for _, cell in sorted(zip(places, filled, strict=True), key=lambda pair: pair[0])]
    return [*in_order, *(_indicators(graph, imputer, cells) if imputer.add_indicator else ())]


def _indicators(graph: Graph, imputer: Estimator, cells: Sequence[Cell]) -> list[Cell]:
    """One column of 0 and 1 for every column that had gaps in the fit: is the value missing?"""
    out: list[Cell] = []
    for place in imputer.indicator_.features_:
        cell = cells[place]
        number = graph.node("Cast", _absent(graph, imputer, [cell], wide=cell.wide)[0], to=TensorProto.FLOAT)
        out += cells_of(number, [f"missingindicator_{cell.label}"])
    return out


def _numbers(graph: Graph, imputer: Estimator, pairs: Sequence[tuple[Cell, Any]]) -> list[Cell]:
    for cell, fill in pairs:
        if isinstance(fill, str):
            message = f"SimpleImputer fills the numbers of {cell.label!r} with the text {fill!r}"
            raise UnsupportedError(
                message, "Impute numbers and texts in branches of their own.", column=cell.label
            )
    cells, fills = [cell for cell, _ in pairs], np.array([[fill for _, fill in pairs]], dtype=np.float64)
    # A mean of 1e6 has digits that float32 has not, and a scaler behind it would make them large.
    wide = bool((fills.astype(np.float32) != fills).any()) or any(cell.wide for cell in cells)
    absent, values = _absent(graph, imputer, cells, wide=wide)
    filling = graph.constant(fills if wide else fills.astype(np.float32))
    return cells_of(graph.node("Where", absent, filling, values), [cell.label for cell in cells], wide=wide)


def _texts(graph: Graph, imputer: Estimator, pairs: Sequence[tuple[Cell, Any]]) -> list[Cell]:
    absent, values = _absent(graph, imputer, [cell for cell, _ in pairs], wide=False)
    fills = graph.constant([str(fill) for _, fill in pairs])
    return cells_of(graph.node("Where", absent, fills, values), [cell.label for cell, _ in pairs], "text")


def _may_be_absent(imputer: Estimator, kind: str) -> bool:
    """Whether a value of this kind can be the one that is missing: no text is a number."""
    wanted = imputer.missing_values
    return means_null(wanted) or isinstance(wanted, str) == (kind == "text")


def _absent(graph: Graph, imputer: Estimator, cells: Sequence[Cell], *, wide: bool) -> tuple[str, str]:
    """Columns of one kind: which of their values are missing, and the values."""
    wanted = imputer.missing_values
    if cells[0].kind == "text":
        values = graph.matrix(cells)
        word = "" if means_null(wanted) else wanted
        return graph.node("Equal", values, graph.constant([word])), values
    values = (graph.wide_numbers if wide else graph.numbers)(cells, "SimpleImputer")
    if means_null(wanted):
        return graph.node("IsNaN", values), values
    number = np.float32(wanted)
    found = graph.node(
        "Equal", values, graph.constant(np.array([[number]], np.float64 if wide else np.float32))
    )
    if (
        wide and float(number) != wanted
    ):  # a raw column has come through float32, a step's own numbers have not
        exact = graph.constant(np.array([[wanted]], dtype=np.float64))
        found = graph.node("Or", found, graph.node("Equal", values, exact))
    return found, values
