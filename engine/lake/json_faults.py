"""What is wrong with JSON lines, told by line, column and value."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pyarrow.types as pt

from engine.errors import FormatError
from engine.lake.promotion import is_text


def fault(data: bytes, explicit: pa.Schema, place: str, error: Exception) -> FormatError:
    """Find the line that Arrow stumbled over."""
    kinds: dict[str, type] = {field.name: _python_kind(field.type) for field in explicit}
    for row, line in enumerate(data.splitlines()):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except ValueError:
            return _bad_line(place, row, line, "is no JSON")
        if not isinstance(record, dict):
            return _bad_line(place, row, line, "is no JSON object")
        clash = _clash(record, kinds)
        if clash is not None:
            return _bad_value(place, row, clash, record[clash], kinds[clash].__name__)
    return FormatError(
        f"{place}: not readable as JSON lines: {error}", "write one object per line", file=place
    )


def _clash(record: Mapping[str, Any], kinds: dict[str, type]) -> str | None:
    """The first key whose value is of another kind than the values before it."""
    for key, value in record.items():
        found = type(value)
        known = kinds.setdefault(key, float if found is int else found) if value is not None else object
        if known is not object and found is not known and (known, found) != (float, int):
            return key
    return None


def _python_kind(kind: pa.DataType) -> type:
    tests = (
        (is_text, str),
        (pt.is_boolean, bool),
        (pt.is_integer, int),
        (pt.is_floating, float),
        (pt.is_struct, dict),
        (pt.is_list, list),
    )
    return next((python for test, python in tests if test(kind)), object)


def _bad_line(place: str, row: int, line: bytes, what: str) -> FormatError:
    shown = line[:80].decode(errors="replace")
    return FormatError(
        f"{place}, line {row + 1} {what}: {shown!r}", "write one object per line", file=place, row=row
    )


def _bad_value(place: str, row: int, column: str, value: Any, kind: str) -> FormatError:
    return FormatError(
        f"{place}, line {row + 1}, column {column!r}: {str(value)[:80]!r} is no {kind}",
        "write values of one kind per column, or pass schema= with a type that holds them",
        file=place,
        column=column,
        row=row,
        value=value,
    )


def unfit(texts: pa.ChunkedArray, column: str, kind: pa.DataType, place: str) -> FormatError:
    for row, text in enumerate(texts):
        try:
            text.cast(kind)
        except pa.ArrowInvalid:
            return _bad_value(place, row, column, text.as_py(), str(kind))
    return _bad_value(place, 0, column, None, str(kind))
