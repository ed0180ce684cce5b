"""The graphs of the encoders of categories, column by column: category -> code -> what is put out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from onnx import TensorProto

from engine.errors import UnsupportedError
from engine.prep.graph.cells import ML_DOMAIN, Cell, Graph, cells_of
from engine.prep.missing import is_missing

if TYPE_CHECKING:
    from engine.prep.views import Estimator

# measured: 200,000 rows of 60 categories take 38 ms by rows of a table, 78 ms by Equal and Cast. The table
# grows with the square of the categories: 256 KB here.
TABLE = 256


def onehot(graph: Graph, encoder: Estimator, cells: Sequence[Cell]) -> list[Cell]:
    """One column per category, or group of rare ones, that is not dropped.

    An unknown one is an error, all zeros, or counts among the rare.
    """
    out: list[Cell] = []
    dropped = encoder._drop_idx_after_grouping  # noqa: SLF001
    drops = dropped if dropped is not None else [None] * len(cells)
    for place, (cell, drop) in enumerate(zip(cells, drops, strict=True)):
        groups, rare = _grouped(encoder, place)
        kept = [group for group in range(max(groups, default=-1) + 1) if group != drop]
        places = {group: column for column, group in enumerate(kept)}
        codes = [places.get(group, len(kept)) for group in groups]
        if encoder.handle_unknown != "error":
            welcome = encoder.handle_unknown in ("infrequent_if_exist", "warn") and rare is not None
            codes.append(places.get(rare, len(kept)) if welcome and rare is not None else len(kept))
        if kept:
            code = _code(graph, cell, encoder.categories_[place], codes)
            out += cells_of(one_hot(graph, code, len(kept)), [f"{cell.label}_{group}" for group in kept])
    return out


def ordinal(graph: Graph, encoder: Estimator, cells: Sequence[Cell]) -> list[Cell]:
    """One column of category numbers; missing and unknown ones have their own number, or are an error."""
    out: list[Cell] = []
    for place, cell in enumerate(cells):
        categories, (groups, _) = encoder.categories_[place], _grouped(encoder, place)
        values = [
            encoder.encoded_missing_value if is_missing(category) else group
            for category, group in zip(categories, groups, strict=True)
        ]
        strict = encoder.handle_unknown == "error"
        table = np.array([*values, *([] if strict else [encoder.unknown_value])], dtype=np.float32)
        code = _looked_up(graph, cell, categories, unknown=len(categories))
        tensor = graph.node("Gather", graph.constant(table), code, name=_error_name(cell) if strict else "")
        out += cells_of(tensor, [cell.label])
    return out


def target(graph: Graph, encoder: Estimator, cells: Sequence[Cell]) -> list[Cell]:
    """What the label was on average in each category, one column, or one per class; unknown ones: overall."""
    out: list[Cell] = []
    means = np.atleast_1d(encoder.target_mean_)
    for place, cell in enumerate(cells):
        columns = encoder.encodings_[place * len(means) : (place + 1) * len(means)]
        table = np.vstack([np.stack(columns, axis=1), means]).astype(np.float32)
        code = _looked_up(graph, cell, encoder.categories_[place], unknown=len(table) - 1)
        row = graph.node("Reshape", code, graph.constant(np.array([-1], dtype=np.int64)))
        labels = [cell.label] if len(means) == 1 else [f"{cell.label}_{name}" for name in encoder.classes_]
        out += cells_of(graph.node("Gather", graph.constant(table), row), labels)
    return out


def _grouped(encoder: Estimator, place: int) -> tuple[list[int], int | None]:
    """Return the group of every category of a column, and which of them is that of the rare ones."""
    count = len(encoder.categories_[place])
    mapping = encoder._default_to_infrequent_mappings[place] if encoder._infrequent_enabled else None  # noqa: SLF001
    if mapping is None:
        return list(range(count)), None
    groups = [int(group) for group in mapping]
    # An OrdinalEncoder leaves the missing category, always the last, out of its mapping.
    return [*groups, *range(len(groups), count)], max(groups)


def one_hot(graph: Graph, code: str, width: int) -> str:
    """Turn codes int64 `[N, 1]` into float32 `[N, width]`; the code `width` is all zeros."""
    if width <= TABLE:
        table = np.vstack([np.eye(width, dtype=np.float32), np.zeros((1, width), dtype=np.float32)])
        row = graph.node("Reshape", code, graph.constant(np.array([-1], dtype=np.int64)))
        return graph.node("Gather", graph.constant(table), row)
    codes = graph.constant(np.arange(width, dtype=np.int64).reshape(1, -1))
    return graph.node("Cast", graph.node("Equal", code, codes), to=TensorProto.FLOAT)


def _code(graph: Graph, cell: Cell, categories: np.ndarray, codes: Sequence[int]) -> str:
    """Return each row's entry of `codes`: one per category, one more for unknown values unless strict."""
    code = _looked_up(graph, cell, categories, unknown=len(categories))
    strict = len(codes) == len(categories)
    if list(codes) == list(range(len(codes))) and not strict:
        return code
    places = np.array(codes, dtype=np.int64)
    return graph.node("Gather", graph.constant(places), code, name=_error_name(cell) if strict else "")


def _looked_up(graph: Graph, cell: Cell, categories: np.ndarray, *, unknown: int) -> str:
    """Return each row's place among the categories, int64 `[N, 1]`; `unknown` if it is none of them.

    For a strict encoder the next node is a Gather on a table that ends before `unknown`: the only way for a
    graph to refuse a value is an index out of bounds.
    """
    column = graph.matrix([cell]) if cell.kind == "text" else graph.numbers([cell], "an encoder")
    missing = next((i for i, category in enumerate(categories) if is_missing(category)), None)
    if cell.kind == "text":
        words = {
            "" if i == missing else str(c): i for i, c in enumerate(categories) if i == missing or _is_word(c)
        }
        return _encoded(graph, column, {"keys_strings": list(words)}, list(words.values()), unknown)
    known = [i for i in range(len(categories)) if i != missing]
    keys: dict[str, Any] = {"keys_floats": _float_keys(cell, categories[known])}
    code = _encoded(graph, column, keys, known, unknown) if known else ""
    # onnxruntime 1.31 finds no NaN among the keys of a LabelEncoder, so missing takes a way of its own.
    if missing is None:
        return code
    absent = graph.node("IsNaN", column)
    here = graph.constant(np.array([[missing]], dtype=np.int64))
    return graph.node("Where", absent, here, code or graph.constant(np.array([[unknown]], dtype=np.int64)))


def _encoded(graph: Graph, column: str, keys: dict[str, Any], codes: Sequence[int], unknown: int) -> str:
    return graph.node(
        "LabelEncoder", column, domain=ML_DOMAIN, values_int64s=list(codes), default_int64=unknown, **keys
    )


def _float_keys(cell: Cell, categories: np.ndarray) -> list[float]:
    keys = np.asarray(categories, dtype=np.float64).astype(np.float32)
    if len(np.unique(keys)) < len(keys):
        raise UnsupportedError(
            f"column {cell.label!r} has categories that float32 cannot tell apart",
            "Cast the column to text: codes of more than seven digits are names, not numbers.",
            column=cell.label,
        )
    return [float(key) for key in keys]


def _error_name(cell: Cell) -> str:
    return f"unknown category in column {cell.label!r}"


def _is_word(category: Any) -> bool:
    """Say whether a text can be this category; a given `""` or None matches nothing, for it is missing."""
    return isinstance(category, str) and category != ""
