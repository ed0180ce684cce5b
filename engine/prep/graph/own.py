"""The graphs of our own transformers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from onnx import TensorProto

from engine.errors import UnsupportedError
from engine.prep.graph.calendar import Calendar
from engine.prep.graph.cells import CONTRIB_DOMAIN, Cell, Graph, cells_of
from engine.prep.inputs import NO_TIME
from engine.prep.transformers.datetimes import CYCLES
from engine.prep.transformers.texts import SIGN

if TYPE_CHECKING:
    from engine.prep.views import Estimator


def datetime_parts(graph: Graph, parts: Estimator, cells: Sequence[Cell]) -> list[Cell]:
    """Calendar arithmetic on microseconds since 1970, in int64; sine and cosine come from a table."""
    out: list[Cell] = []
    for cell in cells:
        if cell.kind != "time":
            raise UnsupportedError(
                f"DatetimeParts gets {cell.label!r}, which is no time", "Cast it first.", column=cell.label
            )
        column = graph.matrix([cell])
        absent = graph.node("Equal", column, graph.integer(NO_TIME))
        calendar = Calendar(graph, graph.node("Where", absent, graph.integer(0), column))
        for part in parts.parts:
            number = calendar.part(part)
            for suffix, values in _values(graph, number, part, cyclic=parts.is_cyclic(part)):
                nan = graph.constant(np.array([[np.nan]], dtype=np.float32))
                out += cells_of(graph.node("Where", absent, nan, values), [f"{cell.label}_{suffix}"])
    return out


def _values(graph: Graph, number: str, part: str, *, cyclic: bool) -> list[tuple[str, str]]:
    if not cyclic:
        return [(part, graph.node("Cast", number, to=TensorProto.FLOAT))]
    first, count = CYCLES[part]
    place = graph.node("Sub", number, graph.integer(first))
    angles = 2 * np.pi * np.arange(count, dtype=np.float64) / count
    waves = {"sin": np.sin(angles), "cos": np.cos(angles)}
    return [
        (f"{part}_{name}", graph.node("Gather", graph.constant(wave.astype(np.float32)), place))
        for name, wave in waves.items()
    ]


def hashed(graph: Graph, hasher: Estimator, cells: Sequence[Cell]) -> list[Cell]:
    """Onnxruntime's own MurmurHash3 of every word, whose counts are scattered into the buckets."""
    out: list[Cell] = []
    for cell in cells:
        if cell.kind != "text":
            raise UnsupportedError(
                f"TextHasher gets {cell.label!r}, which is no text",
                "Cast it to text first.",
                column=cell.label,
            )
        words = graph.matrix([cell])
        if hasher.words:
            line = graph.node("Reshape", words, graph.constant(np.array([-1], dtype=np.int64)))
            words = graph.node("StringSplit", line, outputs=2, delimiter=" ")
        out += cells_of(_counted(graph, words, hasher), [f"{cell.label}_{s}" for s in hasher.suffixes()])
    return out


def _counted(graph: Graph, words: str, hasher: Estimator) -> str:
    number = graph.node(
        "Cast",
        graph.node("MurmurHash3", words, domain=CONTRIB_DOMAIN, seed=0, positive=1),
        to=TensorProto.INT64,
    )
    bucket = graph.node(
        "Mod", graph.node("Mod", number, graph.integer(SIGN)), graph.integer(int(hasher.n_features))
    )
    one, zero = (graph.constant(np.array([[value]], dtype=np.float32)) for value in (1, 0))
    count = one
    if hasher.signed:
        negative = graph.node("Less", graph.integer(SIGN - 1), number)
        count = graph.node("Where", negative, graph.constant(np.array([[-1]], dtype=np.float32)), one)
    count = graph.node("Where", graph.node("Equal", words, graph.constant([""])), zero, count)
    rows = graph.node(
        "Gather", graph.node("Shape", words), graph.constant(np.array([0], dtype=np.int64)), axis=0
    )
    width = graph.constant(np.array([hasher.n_features], dtype=np.int64))
    empty = graph.node("Expand", zero, graph.node("Concat", rows, width, axis=0))
    return graph.node("ScatterElements", empty, bucket, count, axis=1, reduction="add")
