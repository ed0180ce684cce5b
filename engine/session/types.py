"""T-SQL types at the borders of a session: as Arrow and Delta store their values."""

from __future__ import annotations

from functools import lru_cache

import pyarrow as pa
from sqlglot import exp

from engine.sql.meaning import SqlType, duckdb_type, type_of_arrow
from engine.sql.meaning.types import BYTES, TEXT, Base

# What Delta tables hold of each type; tinyint, time and uniqueidentifier have no type of their own there.
_STORED = {
    Base.BIT: pa.bool_(),
    Base.TINYINT: pa.int16(),
    Base.SMALLINT: pa.int16(),
    Base.INT: pa.int32(),
    Base.BIGINT: pa.int64(),
    Base.MONEY: pa.decimal128(19, 4),
    Base.SMALLMONEY: pa.decimal128(10, 4),
    Base.FLOAT: pa.float64(),
    Base.REAL: pa.float32(),
    Base.DATE: pa.date32(),
    Base.TIME: pa.string(),
    Base.DATETIME: pa.timestamp("us"),
    Base.SMALLDATETIME: pa.timestamp("us"),
    Base.DATETIME2: pa.timestamp("us"),
    Base.DATETIMEOFFSET: pa.timestamp("us", "UTC"),
    Base.UNIQUEIDENTIFIER: pa.string(),
    Base.NULL: pa.int32(),
    **dict.fromkeys(TEXT, pa.string()),
    **dict.fromkeys(BYTES, pa.binary()),
}


def stored_type(kind: SqlType) -> pa.DataType:
    """The Arrow type in which a table keeps values of a T-SQL type.

    >>> from engine.sql.meaning import parse_type
    >>> stored_type(parse_type("decimal(10,2)")), stored_type(parse_type("tinyint"))
    (Decimal128Type(decimal128(10, 2)), DataType(int16))
    """
    if kind.base is Base.DECIMAL:
        return pa.decimal128(kind.size, kind.scale)
    return _STORED[kind.base]


@lru_cache(maxsize=256)
def is_read_as(read: str, wanted: SqlType) -> bool:
    """Whether a DuckDB type, by name, is the one in which queries take values of the T-SQL type."""
    return bool(exp.DataType.build(read, dialect="duckdb") == duckdb_type(wanted))


def sql_type(kind: pa.DataType) -> SqlType:
    """The T-SQL type of a column that nobody declared.

    Raises:
        UnsupportedSqlError: T-SQL has none.
    """
    return type_of_arrow(str(kind))
