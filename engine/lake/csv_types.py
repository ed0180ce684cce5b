"""Guess the types of CSV columns from a block of records."""

from __future__ import annotations

from collections.abc import Iterable

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt

from engine.lake.promotion import promote_text

# From here on a double no longer tells neighbouring 64-bit integers apart at all.
_INT64_END = 2.0**63
_UINT64_DIGITS = r"^[0-9]{1,20}$"
_DIGITS = r"^[+-]?[0-9]+$"


def settle(found: pa.Table, texts: pa.Table | None) -> pa.Schema:
    """The types to read a block with, after Arrow's own inference on it.

    Args:
        found: The block as Arrow inferred it.
        texts: The columns that `needs_text` names, as strings.
    """
    fields = []
    for name, column in zip(found.schema.names, found.columns, strict=True):
        text = texts.column(name) if texts is not None and name in texts.schema.names else None
        fields.append(pa.field(name, _settle(column, text)))
    return pa.schema(fields)


def needs_text(found: pa.Table) -> list[str]:
    """Columns inferred as double that may be integers too long for 64 bits: identifiers, not quantities."""
    return [
        name
        for name, column in zip(found.schema.names, found.columns, strict=True)
        if pt.is_float64(column.type) and _reaches(column, _INT64_END)
    ]


def union(schemas: Iterable[pa.Schema]) -> pa.Schema:
    """The types that hold what every block holds."""
    fields: dict[str, pa.DataType] = {}
    for schema in schemas:
        for column in schema:
            fields[column.name] = promote_text(fields.get(column.name, pa.null()), column.type)
    return pa.schema(list(fields.items()))


def _settle(column: pa.ChunkedArray, text: pa.ChunkedArray | None) -> pa.DataType:
    kind = column.type
    if pt.is_timestamp(kind):
        return pa.timestamp("us" if _fits(column, pa.timestamp("us", kind.tz)) else "ns", kind.tz)
    if pt.is_time(kind):
        return pa.time64("us" if _fits(column, pa.time64("us")) else "ns")
    if text is not None:
        return _whole_numbers(text) or kind
    return kind


def _fits(column: pa.ChunkedArray, kind: pa.DataType) -> bool:
    try:
        column.cast(kind)
    except pa.ArrowInvalid:
        return False
    return True


def _reaches(column: pa.ChunkedArray, limit: float) -> bool:
    greatest = pc.max(pc.abs(column)).as_py()
    return greatest is not None and greatest >= limit


def _whole_numbers(text: pa.ChunkedArray) -> pa.DataType | None:
    """uint64 or string if every value is digits only; None where they are numbers after all."""
    if not pc.all(pc.match_substring_regex(text, _DIGITS)).as_py():
        return None
    if pc.all(pc.match_substring_regex(text, _UINT64_DIGITS)).as_py() and _fits(text, pa.uint64()):
        return pa.uint64()
    return pa.string()
