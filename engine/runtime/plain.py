"""Arrow types that other libraries know, from those in which DuckDB keeps its own exactly."""

from __future__ import annotations

import uuid

import pyarrow as pa
import pyarrow.types as pt

from engine.errors import SqlRuntimeError

_HUGE = "hugeint"


def plain_table(table: pa.Table) -> pa.Table:
    """The table with booleans, whole numbers of 38 digits and texts in place of DuckDB's extension types.

    Raises:
        SqlRuntimeError: A whole number of more than 38 digits.
    """
    if not any(isinstance(kind, pa.BaseExtensionType) for kind in table.schema.types):
        return table
    columns = [_plain(column, name) for name, column in zip(table.schema.names, table.columns, strict=True)]
    fields = [
        pa.field(field.name, column.type, field.nullable)
        for field, column in zip(table.schema, columns, strict=True)
    ]
    return pa.Table.from_arrays(columns, schema=pa.schema(fields))


def plain_schema(schema: pa.Schema) -> pa.Schema:
    """The schema that `plain_table` gives."""
    return plain_table(schema.empty_table()).schema


def _plain(column: pa.ChunkedArray, name: str) -> pa.ChunkedArray:
    kind = column.type
    if not isinstance(kind, pa.BaseExtensionType):
        return column
    stored = [chunk.storage for chunk in column.chunks]
    if kind.extension_name == "arrow.bool8":
        return pa.chunked_array([chunk.cast(pa.bool_()) for chunk in stored], pa.bool_())
    if kind.extension_name == "arrow.uuid":
        return pa.chunked_array([_texts(chunk) for chunk in stored], pa.string())
    if getattr(kind, "type_name", "") == _HUGE:
        return pa.chunked_array([_decimals(chunk, name) for chunk in stored], pa.decimal128(38, 0))
    return pa.chunked_array(stored, kind.storage_type)


def _texts(values: pa.Array) -> pa.Array:
    """As T-SQL shows a uniqueidentifier."""
    texts = [None if value is None else str(uuid.UUID(bytes=value)).upper() for value in values.to_pylist()]
    return pa.array(texts, pa.string())


def _decimals(values: pa.Array, name: str) -> pa.Array:
    """A HUGEINT is the 16 bytes that a decimal128 of scale 0 is."""
    if not pt.is_fixed_size_binary(values.type):
        raise TypeError(f"{name} is {values.type}")
    decimals = pa.Array.from_buffers(
        pa.decimal128(38, 0), len(values), values.buffers(), offset=values.offset
    )
    try:
        decimals.validate(full=True)
    except pa.ArrowInvalid:
        raise SqlRuntimeError(
            f"Arithmetic overflow error: column '{name}' has a number of more than 38 digits.",
            "Cast it to FLOAT.",
            column_name=name,
        ) from None
    return decimals
