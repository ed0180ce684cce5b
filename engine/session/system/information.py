"""INFORMATION_SCHEMA: the catalog as the SQL standard shows it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from engine.session.catalog.definitions import Kind
from engine.session.system.columns import columns_of_object, digits_of, length_of, scale_of
from engine.session.system.objects import defined, schema_names, stored_tables
from engine.session.system.view import INT, MOMENT, NAME, SMALLINT, Row, SystemView, text
from engine.sql.meaning.types import APPROXIMATE, EXACT, TEMPORAL, TEXT, UNICODE

if TYPE_CHECKING:
    from engine.session.binding.world import World
    from engine.sql.meaning import SqlType

_TABLE = {"TABLE_CATALOG": NAME, "TABLE_SCHEMA": NAME, "TABLE_NAME": NAME}


def _tables(world: World) -> Iterator[Row]:
    for found in (*stored_tables(world), *defined(world, Kind.EXTERNAL_TABLE)):
        yield world.database, found.schema, found.name, "BASE TABLE"
    for found in defined(world, Kind.VIEW):
        yield world.database, found.schema, found.name, "VIEW"


def _columns(world: World) -> Iterator[Row]:
    for found in (*stored_tables(world), *defined(world, Kind.EXTERNAL_TABLE, Kind.VIEW)):
        for position, column in enumerate(columns_of_object(world, found), 1):
            yield (
                world.database, found.schema, found.name, column.name, position,
                column.default.removeprefix("SELECT ") or None, "YES" if column.nullable else "NO",
                *_typed(world, column.type),
            )  # fmt: skip


def _typed(world: World, kind: SqlType) -> Row:
    """DATA_TYPE and what follows it: only what a type has is filled in."""
    length = length_of(kind)
    octets = length * 2 if length and length > 0 and kind.base in UNICODE else length
    radix = 2 if kind.base in APPROXIMATE else 10 if kind.base in EXACT and str(kind.base) != "bit" else None
    characters = None if kind.base not in TEXT else "UNICODE" if kind.base in UNICODE else "iso_1"
    collation = None if kind.base not in TEXT else (kind.collation or world.collation).name
    return (
        str(kind.base), length, octets, digits_of(kind) if radix else None, radix,
        (scale_of(kind) or 0) if radix == 10 else None,
        (scale_of(kind) or 0) if kind.base in TEMPORAL else None, characters, collation,
    )  # fmt: skip


def _schemata(world: World) -> Iterator[Row]:
    names = [*schema_names(world), "INFORMATION_SCHEMA", "sys"]
    return ((world.database, name, "dbo", "UNICODE") for name in names)


def _views(world: World) -> Iterator[Row]:
    for found in defined(world, Kind.VIEW):
        told = None if found.definition is None else str(found.definition.body["text"])
        yield world.database, found.schema, found.name, told, "NONE", "NO"


def _routines(world: World) -> Iterator[Row]:
    for found in defined(world, Kind.PROCEDURE, Kind.FUNCTION):
        told = {} if found.definition is None else found.definition.body
        name = (world.database, found.schema, found.name)
        kind = "PROCEDURE" if found.type == "P" else "FUNCTION"
        gives = {"P": None, "IF": "TABLE"}.get(found.type, str(told.get("returns", "")).partition("(")[0])
        yield *name, *name, kind, gives, "SQL", told.get("text"), None, None


VIEWS = {
    ("information_schema", "tables"): SystemView({**_TABLE, "TABLE_TYPE": text(10)}, _tables),
    ("information_schema", "columns"): SystemView(
        {
            **_TABLE,
            "COLUMN_NAME": NAME,
            "ORDINAL_POSITION": INT,
            "COLUMN_DEFAULT": text(4000),
            "IS_NULLABLE": text(3),
            "DATA_TYPE": NAME,
            "CHARACTER_MAXIMUM_LENGTH": INT,
            "CHARACTER_OCTET_LENGTH": INT,
            "NUMERIC_PRECISION": INT,
            "NUMERIC_PRECISION_RADIX": SMALLINT,
            "NUMERIC_SCALE": INT,
            "DATETIME_PRECISION": SMALLINT,
            "CHARACTER_SET_NAME": NAME,
            "COLLATION_NAME": NAME,
        },
        _columns,
    ),
    ("information_schema", "schemata"): SystemView(
        {"CATALOG_NAME": NAME, "SCHEMA_NAME": NAME, "SCHEMA_OWNER": NAME, "DEFAULT_CHARACTER_SET_NAME": NAME},
        _schemata,
    ),
    ("information_schema", "views"): SystemView(
        {**_TABLE, "VIEW_DEFINITION": text("max"), "CHECK_OPTION": text(7), "IS_UPDATABLE": text(2)}, _views
    ),
    ("information_schema", "routines"): SystemView(
        {
            "SPECIFIC_CATALOG": NAME,
            "SPECIFIC_SCHEMA": NAME,
            "SPECIFIC_NAME": NAME,
            "ROUTINE_CATALOG": NAME,
            "ROUTINE_SCHEMA": NAME,
            "ROUTINE_NAME": NAME,
            "ROUTINE_TYPE": text(20),
            "DATA_TYPE": NAME,
            "ROUTINE_BODY": text(30),
            "ROUTINE_DEFINITION": text("max"),
            "CREATED": MOMENT,
            "LAST_ALTERED": MOMENT,
        },
        _routines,
    ),
}
