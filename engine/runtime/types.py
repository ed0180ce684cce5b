"""Which DuckDB type an Arrow column is read as."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.types as pt
from sqlglot import exp

from engine.errors import FormatError

_NAMES = {
    "bool": "BOOLEAN",
    "int8": "TINYINT",
    "int16": "SMALLINT",
    "int32": "INTEGER",
    "int64": "BIGINT",
    "uint8": "UTINYINT",
    "uint16": "USMALLINT",
    "uint32": "UINTEGER",
    "uint64": "UBIGINT",
    "halffloat": "FLOAT",
    "float": "FLOAT",
    "double": "DOUBLE",
    "string": "VARCHAR",
    "large_string": "VARCHAR",
    "string_view": "VARCHAR",
    "binary": "BLOB",
    "large_binary": "BLOB",
    "binary_view": "BLOB",
    "date32[day]": "DATE",
    "date64[ms]": "DATE",
    "null": "INTEGER",
    "timestamp[s]": "TIMESTAMP_S",
    "timestamp[ms]": "TIMESTAMP_MS",
    "timestamp[us]": "TIMESTAMP",
    "timestamp[ns]": "TIMESTAMP_NS",
    "month_day_nano_interval": "INTERVAL",
    "extension<arrow.uuid>": "UUID",
    "extension<arrow.bool8>": "BOOLEAN",
}

# Types that Parquet's footer tells both readers in the same words.
_READ_ALIKE = frozenset(
    {
        "bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float", "double",
        "string", "large_string", "date32[day]", "timestamp[us]",
    }
)  # fmt: skip


def duckdb_name(kind: pa.DataType) -> str:
    """The DuckDB type that holds every value of an Arrow type.

    Raises:
        FormatError: There is none.

    >>> duckdb_name(pa.decimal128(10, 2)), duckdb_name(pa.list_(pa.struct([("a b", pa.int8())])))
    ('DECIMAL(10, 2)', 'STRUCT("a b" TINYINT)[]')
    """
    known = _NAMES.get(str(kind)) or _parametrised(kind)
    if known is None:
        raise FormatError(
            f"a column of type {kind} cannot be queried", "leave it out or write it as another type"
        )
    return known


def reads_alike(kind: pa.DataType) -> bool:
    """Whether DuckDB's own Parquet reader finds the type by itself, and takes every value as Arrow does."""
    return str(kind) in _READ_ALIKE or pt.is_decimal(kind)


def _parametrised(kind: pa.DataType) -> str | None:
    if pt.is_decimal(kind):
        return _decimal(kind)
    if pt.is_dictionary(kind):
        return duckdb_name(kind.value_type)
    if pt.is_nested(kind):
        return _nested(kind)
    families = (
        (pt.is_timestamp, "TIMESTAMPTZ"),
        (pt.is_time, "TIME"),
        (pt.is_duration, "INTERVAL"),
        (pt.is_fixed_size_binary, "BLOB"),
    )
    return next((name for belongs, name in families if belongs(kind)), None)


def _decimal(kind: pa.DataType) -> str | None:
    fits = kind.precision <= 38 and 0 <= kind.scale <= kind.precision
    return f"DECIMAL({kind.precision}, {kind.scale})" if fits else None


def _nested(kind: pa.DataType) -> str:
    if pt.is_struct(kind):
        inner = ", ".join(f"{_quoted(child.name)} {duckdb_name(child.type)}" for child in kind)
        return f"STRUCT({inner})"
    if pt.is_map(kind):
        return f"MAP({duckdb_name(kind.key_type)}, {duckdb_name(kind.item_type)})"
    return f"{duckdb_name(kind.value_type)}[]"


def _quoted(name: str) -> str:
    return exp.to_identifier(name, quoted=True).sql(dialect="duckdb")
