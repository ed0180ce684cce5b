"""Names of data types: T-SQL's text and sqlglot's nodes to `SqlType`."""

from __future__ import annotations

import re

from sqlglot import exp

from engine.errors import BindError, UnsupportedSqlError
from engine.sql.meaning.types import (
    BYTES,
    FIXED_TEXT,
    FLOAT,
    FRACTIONED,
    MAX,
    REAL,
    TEXT,
    Base,
    SqlType,
)

# The length that a type without one has in CAST and CONVERT (T-SQL reference, "char and varchar", remarks);
# in a column or a variable it is 1.
CAST_LENGTH = 30
DECLARED_LENGTH = 1

_LONGEST = {Base.NVARCHAR: 4000, Base.NCHAR: 4000}  # 8000 for all others
_SYNONYMS = {
    "binary varying": "varbinary",
    "char varying": "varchar",
    "character": "char",
    "character varying": "varchar",
    "dec": "decimal",
    "double precision": "float",
    "integer": "int",
    "national char": "nchar",
    "national char varying": "nvarchar",
    "national character": "nchar",
    "national character varying": "nvarchar",
    "numeric": "decimal",
}
_NODES = {
    exp.DType.BIGINT: Base.BIGINT,
    exp.DType.BINARY: Base.BINARY,
    exp.DType.BIT: Base.BIT,
    exp.DType.CHAR: Base.CHAR,
    exp.DType.DATE: Base.DATE,
    exp.DType.DATETIME: Base.DATETIME,
    exp.DType.DATETIME2: Base.DATETIME2,
    exp.DType.DECIMAL: Base.DECIMAL,
    exp.DType.DOUBLE: Base.FLOAT,
    exp.DType.FLOAT: Base.REAL,
    exp.DType.INT: Base.INT,
    exp.DType.MONEY: Base.MONEY,
    exp.DType.NCHAR: Base.NCHAR,
    exp.DType.NVARCHAR: Base.NVARCHAR,
    exp.DType.SMALLDATETIME: Base.SMALLDATETIME,
    exp.DType.SMALLINT: Base.SMALLINT,
    exp.DType.SMALLMONEY: Base.SMALLMONEY,
    exp.DType.TIME: Base.TIME,
    exp.DType.TIMESTAMPTZ: Base.DATETIMEOFFSET,
    exp.DType.UTINYINT: Base.TINYINT,
    exp.DType.UUID: Base.UNIQUEIDENTIFIER,
    exp.DType.VARBINARY: Base.VARBINARY,
    exp.DType.VARCHAR: Base.VARCHAR,
}
_TEXT = re.compile(r"\s*([a-z][a-z0-9_ ]*?)\s*(?:\(\s*(\w+)\s*(?:,\s*(\d+)\s*)?\))?\s*", re.IGNORECASE)


def parse_type(text: str, *, length: int = DECLARED_LENGTH) -> SqlType:
    """Read a T-SQL type name.

    Args:
        text: Such as `decimal(10, 2)`, `varchar(max)`, `datetime2`.
        length: The length of text and bytes that name none.

    Raises:
        BindError: There is no such type, or its numbers are out of range.

    >>> str(parse_type("NUMERIC(9)")), str(parse_type("nvarchar(max)")), str(parse_type("float(24)"))
    ('decimal(9,0)', 'nvarchar(max)', 'real')
    """
    match = _TEXT.fullmatch(text)
    name, size, scale = (match[1].lower(), match[2], match[3]) if match else (text, None, None)
    if name == "sysname":
        name, size = "nvarchar", "128"
    return _sized(
        _SYNONYMS.get(" ".join(name.split()), name), [part for part in (size, scale) if part], length
    )


def type_of_node(node: exp.DataType, *, length: int = CAST_LENGTH) -> SqlType:
    """Read a type from a tree; `length` is that of text and bytes that name none.

    Raises:
        BindError: The numbers behind the type are out of range.
        UnsupportedSqlError: A type that no column can hold.
    """
    sizes = [parameter.this.name for parameter in node.expressions]
    if node.this == exp.DType.USERDEFINED and node.args.get("kind"):
        return parse_type(str(node.args["kind"]), length=length)
    base = _NODES.get(node.this)
    if base is None:
        raise UnsupportedSqlError(
            f"The type {node.sql('tsql').lower()} is not supported.", "Use one of the types of a SQL pool."
        )
    return _sized(base, sizes, length)


def node_of_type(kind: SqlType) -> exp.DataType:
    """Write a type into a tree, as `type_of_node` reads it.

    >>> str(type_of_node(node_of_type(FLOAT))), str(type_of_node(node_of_type(REAL)))
    ('float', 'real')
    """
    if kind.base is Base.FLOAT:  # sqlglot takes the bare word for the short one
        return exp.DataType(this=exp.DType.DOUBLE)
    return exp.DataType.build(str(kind), dialect="tsql")


def _sized(name: str, sizes: list[str], length: int) -> SqlType:
    if name not in {*Base} - {Base.NULL, Base.PREDICATE}:
        raise BindError(f"Cannot find data type '{name}'.", "Use one of the types of a SQL pool.", type=name)
    base = Base(name)
    if base in TEXT or base in BYTES:
        return _text(base, sizes, length)
    numbers = [int(size) for size in sizes if size.isdecimal()]
    if base is Base.DECIMAL:
        digits, scale = (*numbers, *(18, 0)[len(numbers) :])
        _check(1 <= digits <= 38 and 0 <= scale <= digits, name, sizes)
        return SqlType(base, digits, scale)
    if base is Base.FLOAT and numbers:
        _check(1 <= numbers[0] <= 53, name, sizes)
        return REAL if numbers[0] <= 24 else FLOAT
    if base in FRACTIONED:
        digits = numbers[0] if numbers else 7
        _check(digits <= 7, name, sizes)
        return SqlType(base, digits, zone="UTC" if base is Base.DATETIMEOFFSET else None)
    _check(not sizes, name, sizes)
    return SqlType(base)


def _text(base: Base, sizes: list[str], length: int) -> SqlType:
    if sizes and sizes[0].upper() == "MAX":
        _check(base not in FIXED_TEXT and base is not Base.BINARY, base, sizes)
        return SqlType(base, MAX)
    size = int(sizes[0]) if sizes and sizes[0].isdecimal() else length
    _check(1 <= size <= _LONGEST.get(base, 8000), base, sizes)
    return SqlType(base, size)


def _check(fits: bool, name: str, sizes: list[str]) -> None:
    if not fits:
        given = ", ".join(sizes)
        raise BindError(
            f"The size ({given}) given to the type '{name}' is out of range.",
            "See the T-SQL reference for the range of this type.",
            type=name,
        )
