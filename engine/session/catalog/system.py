"""The catalog as tables: INFORMATION_SCHEMA and sys, each a query of constants made when it is asked for."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlglot import exp

from engine.lake import TableName, list_tables, open_table
from engine.lake.names import DEFAULT_SCHEMA, fold
from engine.session.catalog.declarations import DeclaredColumn, columns_of, declaration_of
from engine.session.catalog.definitions import Key, Kind
from engine.sql.meaning.types import BYTES, FRACTIONED, MAX, MONEYS, TEXT, Base, SqlType

if TYPE_CHECKING:
    from engine.session.binding.world import World
    from engine.sql.syntax import Name

_Cell = str | int | None
_Rows = Iterator[tuple[_Cell, ...]]
_INT, _NAME = "INT", "NVARCHAR(128)"


@dataclass(frozen=True, slots=True)
class _View:
    """One system view: its columns with their types, and what makes its rows."""

    columns: Mapping[str, str]
    rows: Callable[[World], _Rows]


def system_query(world: World, name: Name, node: exp.Expr) -> exp.Query:
    """The query that stands for a system view.

    Raises:
        BindError: There is none of that name.
    """
    view = _VIEWS.get((name.schema.lower(), name.name.lower()))
    if view is None:
        raise world.unknown(name, node)
    return _constants(view.columns, list(view.rows(world)))


def columns_of_table(world: World, key: Key) -> tuple[DeclaredColumn, ...]:
    """The columns of a stored table."""
    table = open_table(world.storage, TableName(key.schema, key.name))
    return columns_of(declaration_of(world.definitions, key), table.schema, f"table '{key}'")


def schema_names(world: World) -> list[str]:
    """All schemas: those that were created, and those of tables."""
    created = {fold(one.name): one.name for one in world.definitions.all(Kind.SCHEMA)}
    used = {TableName.parse(name).schema for name in list_tables(world.storage)}
    return sorted({DEFAULT_SCHEMA, *created.values(), *(used - set(created))})


def object_id(key: Key) -> int:
    """A number for an object, the same in every session: positive, as SQL Server's are."""
    return zlib.crc32(str(key).encode()) & 0x7FFFFFFF


def _constants(columns: Mapping[str, str], rows: Sequence[tuple[_Cell, ...]]) -> exp.Query:
    """`SELECT CAST(a AS ...) AS a, ... FROM (VALUES ...) AS v(a, ...)`."""
    filled = rows or [tuple(None for _ in columns)]
    tuples = [exp.Tuple(expressions=[_literal(cell) for cell in row]) for row in filled]
    names = [exp.to_identifier(name, quoted=True) for name in columns]
    values = exp.Values(
        expressions=tuples,
        alias=exp.TableAlias(this=exp.to_identifier("v"), columns=[name.copy() for name in names]),
    )
    projections = [
        exp.alias_(
            exp.Cast(this=exp.column(name.copy(), table="v"), to=exp.DataType.build(kind, dialect="tsql")),
            name.copy(),
        )
        for name, kind in zip(names, columns.values(), strict=True)
    ]
    query = exp.Select(expressions=projections).from_(values)
    return (
        query if rows else query.where(exp.EQ(this=exp.Literal.number(1), expression=exp.Literal.number(0)))
    )


def _literal(cell: _Cell) -> exp.Expr:
    if cell is None:
        return exp.Null()
    return exp.Literal.string(cell) if isinstance(cell, str) else exp.Literal.number(cell)


def _keys(world: World) -> Iterator[Key]:
    for name in list_tables(world.storage):
        parsed = TableName.parse(name)
        yield Key(parsed.schema, parsed.name)


def _described(world: World) -> Iterator[tuple[Key, str, tuple[DeclaredColumn, ...]]]:
    """Every table and view with its columns; of a view that cannot be bound any more, none."""
    for key in _keys(world):
        yield key, "BASE TABLE", columns_of_table(world, key)
    for view in world.definitions.all(Kind.VIEW):
        yield view.key, "VIEW", ()


def _information_tables(world: World) -> _Rows:
    for key, kind, _ in _described(world):
        yield world.database, key.schema, key.name, kind


def _information_columns(world: World) -> _Rows:
    for key, _, columns in _described(world):
        for position, column in enumerate(columns, 1):
            kind = column.type
            yield (
                world.database, key.schema, key.name, column.name, position,
                column.default.removeprefix("SELECT ") or None,
                "YES" if column.nullable else "NO", kind.base.value, _length(kind), _precision(kind),
                _scale(kind),
            )  # fmt: skip


def _information_schemata(world: World) -> _Rows:
    return ((world.database, name, "dbo") for name in schema_names(world))


def _sys_schemas(world: World) -> _Rows:
    return ((name, object_id(Key(fold(name), ""))) for name in schema_names(world))


def _sys_tables(world: World) -> _Rows:
    for key in _keys(world):
        yield key.name, object_id(key), object_id(Key(key.schema, "")), "U ", "USER_TABLE"


def _sys_views(world: World) -> _Rows:
    for view in world.definitions.all(Kind.VIEW):
        yield view.name, object_id(view.key), object_id(Key(view.key.schema, "")), "V ", "VIEW"


def _sys_objects(world: World) -> _Rows:
    yield from _sys_tables(world)
    yield from _sys_views(world)
    for one in world.definitions.all(Kind.PROCEDURE):
        yield one.name, object_id(one.key), object_id(Key(one.key.schema, "")), "P ", "SQL_STORED_PROCEDURE"


def _sys_columns(world: World) -> _Rows:
    for key, _, columns in _described(world):
        for position, column in enumerate(columns, 1):
            size = _length(column.type)
            yield (
                object_id(key), column.name, position, column.type.base.value, size,
                _precision(column.type), _scale(column.type), int(column.nullable),
            )  # fmt: skip


def _length(kind: SqlType) -> int | None:
    if kind.base not in TEXT and kind.base not in BYTES:
        return None
    return -1 if kind.size == MAX else kind.size


def _precision(kind: SqlType) -> int | None:
    digits = {Base.TINYINT: 3, Base.SMALLINT: 5, Base.INT: 10, Base.BIGINT: 19, Base.FLOAT: 53, Base.REAL: 24}
    if kind.base in MONEYS:
        return 19 if kind.base is Base.MONEY else 10
    return kind.size if kind.base is Base.DECIMAL else digits.get(kind.base)


def _scale(kind: SqlType) -> int | None:
    if kind.base in MONEYS:
        return 4
    if kind.base is Base.DECIMAL:
        return kind.scale
    return kind.size if kind.base in FRACTIONED else None


_OBJECT = {
    "name": _NAME,
    "object_id": _INT,
    "schema_id": _INT,
    "type": "CHAR(2)",
    "type_desc": "NVARCHAR(60)",
}
_TABLE = {"TABLE_CATALOG": _NAME, "TABLE_SCHEMA": _NAME, "TABLE_NAME": _NAME}
_VIEWS = {
    ("information_schema", "tables"): _View({**_TABLE, "TABLE_TYPE": "VARCHAR(10)"}, _information_tables),
    ("information_schema", "columns"): _View(
        {
            **_TABLE,
            "COLUMN_NAME": _NAME,
            "ORDINAL_POSITION": _INT,
            "COLUMN_DEFAULT": "NVARCHAR(4000)",
            "IS_NULLABLE": "VARCHAR(3)",
            "DATA_TYPE": _NAME,
            "CHARACTER_MAXIMUM_LENGTH": _INT,
            "NUMERIC_PRECISION": _INT,
            "NUMERIC_SCALE": _INT,
        },
        _information_columns,
    ),
    ("information_schema", "schemata"): _View(
        {"CATALOG_NAME": _NAME, "SCHEMA_NAME": _NAME, "SCHEMA_OWNER": _NAME}, _information_schemata
    ),
    ("sys", "schemas"): _View({"name": _NAME, "schema_id": _INT}, _sys_schemas),
    ("sys", "tables"): _View(_OBJECT, _sys_tables),
    ("sys", "views"): _View(_OBJECT, _sys_views),
    ("sys", "objects"): _View(_OBJECT, _sys_objects),
    ("sys", "columns"): _View(
        {
            "object_id": _INT,
            "name": _NAME,
            "column_id": _INT,
            "type_name": _NAME,
            "max_length": _INT,
            "precision": _INT,
            "scale": _INT,
            "is_nullable": "BIT",
        },
        _sys_columns,
    ),
}
