"""Types at the borders: what Arrow and Parquet columns are in T-SQL, and what T-SQL types are in DuckDB."""

from __future__ import annotations

import re

from sqlglot import exp

from engine.errors import UnsupportedSqlError
from engine.sql.meaning.types import (
    BIGINT,
    BIT,
    BYTES,
    DATE,
    DATETIME2,
    FLOAT,
    INT,
    MAX,
    REAL,
    SMALLINT,
    TEXT,
    TIME,
    TINYINT,
    UNIQUEIDENTIFIER,
    Base,
    SqlType,
    decimal,
    varbinary,
    varchar,
)

# A SQL pool without a WITH clause reads Parquet columns so (OPENROWSET, "type mapping for Parquet"), with one
# exception: a timestamp without a time zone is datetime2 here and bigint there. pandas writes such columns.
_ARROW = {
    "bool": BIT,
    "int8": SMALLINT,
    "int16": SMALLINT,
    "int32": INT,
    "int64": BIGINT,
    "uint8": TINYINT,
    "uint16": INT,
    "uint32": BIGINT,
    "uint64": decimal(20),
    "halffloat": REAL,
    "float": REAL,
    "double": FLOAT,
    "date32[day]": DATE,
    "date64[ms]": DATE,
    "string": varchar(8000),
    "large_string": varchar(8000),
    "string_view": varchar(8000),
    "binary": varbinary(8000),
    "large_binary": varbinary(8000),
    "binary_view": varbinary(8000),
    "extension<arrow.uuid>": UNIQUEIDENTIFIER,
    "uuid": UNIQUEIDENTIFIER,
    "null": INT,
}
_DECIMAL = re.compile(r"decimal\d*\((\d+), ?(-?\d+)\)")
_DICTIONARY = re.compile(r"dictionary<values=(.*?), indices=.*>")
_BINARY = re.compile(r"fixed_size_binary\[(\d+)\]")
_NESTED = re.compile(r"(large_)?(list|fixed_size_list|struct|map)[<(].*", re.DOTALL)

_DUCKDB = {
    Base.BIT: "BOOLEAN",
    Base.TINYINT: "UTINYINT",
    Base.SMALLINT: "SMALLINT",
    Base.INT: "INT",
    Base.BIGINT: "BIGINT",
    Base.MONEY: "DECIMAL(19, 4)",
    Base.SMALLMONEY: "DECIMAL(10, 4)",
    Base.FLOAT: "DOUBLE",
    Base.REAL: "FLOAT",
    Base.DATE: "DATE",
    Base.TIME: "TIME",
    Base.DATETIME: "TIMESTAMP",
    Base.SMALLDATETIME: "TIMESTAMP",
    Base.DATETIME2: "TIMESTAMP",
    Base.DATETIMEOFFSET: "TIMESTAMPTZ",
    Base.UNIQUEIDENTIFIER: "UUID",
    Base.NULL: "INT",
    Base.PREDICATE: "BOOLEAN",
    **dict.fromkeys(TEXT, "VARCHAR"),
    **dict.fromkeys(BYTES, "BLOB"),
}


def type_of_arrow(text: str) -> SqlType:
    """Give the T-SQL type of an Arrow or Parquet column whose schema the user did not write.

    Args:
        text: The Arrow type as it prints: `str(field.type)`.

    Raises:
        UnsupportedSqlError: T-SQL has no type for it.

    >>> str(type_of_arrow("decimal128(10, 2)")), str(type_of_arrow("timestamp[us, tz=UTC]"))
    ('decimal(10,2)', 'datetime2(7)')
    """
    found = _ARROW.get(text) or _parametric(text)
    if found is None:
        raise _unknown(text)
    return found


def _parametric(text: str) -> SqlType | None:
    """Read a type with parameters; times of any unit are one type, and nested types are JSON text."""
    if match := _DICTIONARY.fullmatch(text):
        return type_of_arrow(match[1])
    if match := _DECIMAL.fullmatch(text):
        return _decimal(int(match[1]), int(match[2]), text)
    if match := _BINARY.fullmatch(text):
        return SqlType(Base.BINARY, int(match[1])) if int(match[1]) <= 8000 else varbinary(MAX)
    if _NESTED.fullmatch(text):
        return varchar(8000)
    return DATETIME2 if text.startswith("timestamp[") else TIME if text.startswith("time") else None


def _decimal(digits: int, scale: int, text: str) -> SqlType:
    if digits > 38 or not 0 <= scale <= digits:
        raise _unknown(text)
    return decimal(digits, scale)


def _unknown(text: str) -> UnsupportedSqlError:
    return UnsupportedSqlError(
        f"A column of type {text} has no type in T-SQL.",
        "Leave the column out or rewrite the file.",
        type=text,
    )


def duckdb_type(kind: SqlType) -> exp.DataType:
    """Give the DuckDB type that holds the values of a T-SQL type.

    datetime2, time and datetimeoffset hold microseconds, as Delta tables do: the seventh digit of a second's
    fraction is not kept. datetimeoffset holds the instant, without its offset.

    >>> duckdb_type(decimal(10, 2)).sql("duckdb"), duckdb_type(TINYINT).sql("duckdb")
    ('DECIMAL(10, 2)', 'UTINYINT')
    """
    if kind.base is Base.DECIMAL:
        return exp.DataType.build(f"DECIMAL({kind.size}, {kind.scale})", dialect="duckdb")
    return exp.DataType.build(_DUCKDB[kind.base], dialect="duckdb")
