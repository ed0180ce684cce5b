"""Columns of tables, external tables and views, and the facts of their types."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.errors import TarnError
from engine.lake import TableName, open_table
from engine.session.binding.views import view_query
from engine.session.catalog.declarations import DeclaredColumn, columns_of, declaration_of
from engine.sql.meaning import SqlType, parse_type
from engine.sql.meaning.types import BYTES, FRACTIONED, MAX, MONEYS, TEXT, UNICODE, Base

if TYPE_CHECKING:
    from engine.session.binding.world import World
    from engine.session.catalog.definitions import Key
    from engine.session.system.objects import Found

# SQL Server's numbers of its types (`sys.types`).
TYPE_IDS = {
    Base.BIGINT: 127, Base.BINARY: 173, Base.BIT: 104, Base.CHAR: 175, Base.DATE: 40, Base.DATETIME: 61,
    Base.DATETIME2: 42, Base.DATETIMEOFFSET: 43, Base.DECIMAL: 106, Base.FLOAT: 62, Base.INT: 56,
    Base.MONEY: 60, Base.NCHAR: 239, Base.NVARCHAR: 231, Base.REAL: 59, Base.SMALLDATETIME: 58,
    Base.SMALLINT: 52, Base.SMALLMONEY: 122, Base.TIME: 41, Base.TINYINT: 48, Base.UNIQUEIDENTIFIER: 36,
    Base.VARBINARY: 165, Base.VARCHAR: 167,
}  # fmt: skip
_DIGITS = {
    Base.BIT: 1, Base.TINYINT: 3, Base.SMALLINT: 5, Base.INT: 10, Base.BIGINT: 19, Base.FLOAT: 53,
    Base.REAL: 24, Base.MONEY: 19, Base.SMALLMONEY: 10, Base.DATE: 10, Base.DATETIME: 23,
    Base.SMALLDATETIME: 16,
}  # fmt: skip
_BYTES = {
    Base.BIT: 1, Base.TINYINT: 1, Base.SMALLINT: 2, Base.INT: 4, Base.BIGINT: 8, Base.FLOAT: 8, Base.REAL: 4,
    Base.MONEY: 8, Base.SMALLMONEY: 4, Base.DATE: 3, Base.DATETIME: 8, Base.SMALLDATETIME: 4,
    Base.UNIQUEIDENTIFIER: 16,
}  # fmt: skip


def columns_of_table(world: World, key: Key) -> tuple[DeclaredColumn, ...]:
    """The columns of a stored table."""
    table = open_table(world.storage, TableName(key.schema, key.name))
    return columns_of(declaration_of(world.definitions, key), table.schema, f"table '{key}'")


def columns_of_object(world: World, found: Found) -> tuple[DeclaredColumn, ...]:
    """The columns of anything that has some; of a view that cannot be bound any more, none."""
    if found.type == "U":
        return columns_of_table(world, found.key)
    if found.definition is None or found.type in ("P", "FN"):
        return ()
    if found.type == "ET":
        told = found.definition.body["columns"]
        return tuple(DeclaredColumn(str(one["name"]), parse_type(str(one["type"]))) for one in told)
    return _columns_of_view(world, str(found.definition.body["text"]))


def _columns_of_view(world: World, text: str) -> tuple[DeclaredColumn, ...]:
    try:
        types = world.described(view_query(text))
    except TarnError:
        return ()
    return tuple(DeclaredColumn(name, kind) for name, kind in types)


def length_of(kind: SqlType) -> int | None:
    """Characters or bytes that a value of a text or binary type may have, -1 for max; None for others."""
    if kind.base not in TEXT and kind.base not in BYTES:
        return None
    return -1 if kind.size == MAX else kind.size


def bytes_of(kind: SqlType) -> int:
    """`max_length` of `sys.columns`: bytes, of Unicode two for each character."""
    length = length_of(kind)
    if length is not None:
        return length * 2 if kind.base in UNICODE and length > 0 else length
    if kind.base is Base.DECIMAL:
        return next(size for digits, size in ((9, 5), (19, 9), (28, 13), (38, 17)) if kind.size <= digits)
    if kind.base in FRACTIONED:
        extra = {Base.TIME: 0, Base.DATETIME2: 3, Base.DATETIMEOFFSET: 5}[kind.base]
        return extra + (3 if kind.size <= 2 else 4 if kind.size <= 4 else 5)
    return _BYTES[kind.base]


def digits_of(kind: SqlType) -> int | None:
    """`precision`; None for types without digits."""
    if kind.base in FRACTIONED:
        whole = {Base.TIME: 8, Base.DATETIME2: 19, Base.DATETIMEOFFSET: 26}[kind.base]
        return whole + (kind.size + 1 if kind.size else 0)
    return kind.size if kind.base is Base.DECIMAL else _DIGITS.get(kind.base)


def scale_of(kind: SqlType) -> int | None:
    """Digits behind the point; None for types without."""
    if kind.base in MONEYS:
        return 4
    if kind.base is Base.DECIMAL:
        return kind.scale
    return kind.size if kind.base in FRACTIONED else None
