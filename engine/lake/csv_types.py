"""Guess the types of CSV columns from a block of records."""

from __future__ import annotations

from collections.abc import Iterable

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt

from engine.lake.promotion import promote_text

# From here on Arrow takes an integer for a double, which no longer tells neighbours apart.
_INT64_END = 2.0**63
_DIGITS = r"^\s*[+-]?[0-9]+\s*$"
_HEXADECIMAL = r"[xX]"


def doubtful(found: pa.Table, data: bytes) -> list[str]:
    """Columns that Arrow takes for numbers, though their texts may be long integers or hexadecimal."""
    may_be_hexadecimal = b"0x" in data or b"0X" in data
    return [
        name
        for name, column in zip(found.schema.names, found.columns, strict=True)
        if (pt.is_float64(column.type) and _reaches(column, _INT64_END))
        or (pt.is_int64(column.type) and may_be_hexadecimal)
    ]


def settle(found: pa.Table, texts: pa.Table) -> pa.Schema:
    """The types to read a block with, after Arrow's own inference on it.

    Args:
        found: The block as Arrow inferred it.
        texts: The columns that `doubtful` names, as strings.
    """
    identifiers = {name for name in texts.schema.names if _is_identifier(texts.column(name))}
    fields = [
        pa.field(name, pa.string() if name in identifiers else _settled(column))
        for name, column in zip(found.schema.names, found.columns, strict=True)
    ]
    return pa.schema(fields)


def union(schemas: Iterable[pa.Schema]) -> pa.Schema:
    """The types that hold what every block holds."""
    kinds: dict[str, pa.DataType] = {}
    for schema in schemas:
        for field in schema:
            kinds[field.name] = promote_text(kinds.get(field.name, pa.null()), field.type)
    return pa.schema(list(kinds.items()))


def _settled(column: pa.ChunkedArray) -> pa.DataType:
    """Times to the microsecond, as pandas and Delta have them, unless there are nanoseconds."""
    kind = column.type
    if pt.is_timestamp(kind):
        return pa.timestamp("us" if _fits(column, pa.timestamp("us", kind.tz)) else "ns", kind.tz)
    if pt.is_time(kind):
        return pa.time64("us" if _fits(column, pa.time64("us")) else "ns")
    return kind


def _fits(column: pa.ChunkedArray, kind: pa.DataType) -> bool:
    try:
        column.cast(kind)
    except pa.ArrowInvalid:
        return False
    return True


def _reaches(column: pa.ChunkedArray, limit: float) -> bool:
    greatest = pc.max(pc.abs(column)).as_py()
    return greatest is not None and bool(greatest >= limit)


def _is_identifier(texts: pa.ChunkedArray) -> bool:
    """Whether all texts are digits, or one is hexadecimal: then they name things, they do not count."""
    whole = pc.all(pc.match_substring_regex(texts, _DIGITS)).as_py()
    return bool(whole or pc.any(pc.match_substring_regex(texts, _HEXADECIMAL)).as_py())
