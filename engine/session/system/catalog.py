"""The catalog in SQL Server's own views: sys.schemas, sys.tables, sys.columns, sys.types and their kin."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from engine.session.catalog.declarations import COLUMNSTORE, declaration_of
from engine.session.catalog.definitions import Kind
from engine.session.system.columns import TYPE_IDS, bytes_of, columns_of_object, digits_of, scale_of
from engine.session.system.objects import (
    DATABASE_ID,
    Found,
    all_objects,
    defined,
    object_id,
    schema_id,
    schema_names,
    stored_tables,
    when_made,
)
from engine.session.system.view import BIT, INT, MOMENT, NAME, SMALLINT, TINYINT, Row, SystemView, text
from engine.sql.meaning import parse_type
from engine.sql.meaning.types import BYTES, FRACTIONED, TEXT, Base

if TYPE_CHECKING:
    from engine.session.binding.world import World

_OWNER = 1  # dbo
# `index_id` and `type` of what a table is kept as.
_INDEXES = {"HEAP": (0, 0), "CLUSTERED": (1, 1), COLUMNSTORE: (1, 5)}
_DESCRIBED = {
    "U": "USER_TABLE",
    "V": "VIEW",
    "P": "SQL_STORED_PROCEDURE",
    "ET": "EXTERNAL_TABLE",
    "IF": "SQL_INLINE_TABLE_VALUED_FUNCTION",
    "FN": "SQL_SCALAR_FUNCTION",
}
_OBJECT = {
    "name": NAME,
    "object_id": INT,
    "principal_id": INT,
    "schema_id": INT,
    "parent_object_id": INT,
    "type": parse_type("char(2)"),
    "type_desc": text(60),
    "create_date": MOMENT,
    "modify_date": MOMENT,
    "is_ms_shipped": BIT,
}


def object_cells(world: World, found: Found) -> Row:
    """What `sys.objects` tells of an object. External tables are user tables with `is_external`."""
    kind = "U" if found.type == "ET" else found.type
    return (
        found.name, found.id, None, schema_id(found.schema), 0, kind, _DESCRIBED[kind],
        *when_made(world, found), False,
    )  # fmt: skip


def _schemas(world: World) -> Iterator[Row]:
    names = [*schema_names(world), "INFORMATION_SCHEMA", "sys"]
    return ((name, schema_id(name), _OWNER) for name in names)


def _objects(world: World) -> Iterator[Row]:
    return (object_cells(world, found) for found in all_objects(world))


def _tables(world: World) -> Iterator[Row]:
    for found in (*stored_tables(world), *defined(world, Kind.EXTERNAL_TABLE)):
        columns = len(columns_of_object(world, found))
        yield *object_cells(world, found), columns, found.type == "ET", 0, "NON_TEMPORAL_TABLE"


def _views(world: World) -> Iterator[Row]:
    return ((*object_cells(world, found), False) for found in defined(world, Kind.VIEW))


def _procedures(world: World) -> Iterator[Row]:
    return ((*object_cells(world, found), False) for found in defined(world, Kind.PROCEDURE))


def _modules(world: World) -> Iterator[Row]:
    for found in defined(world, Kind.VIEW, Kind.PROCEDURE, Kind.FUNCTION):
        told = "" if found.definition is None else str(found.definition.body["text"])
        yield found.id, told, True, True, False


def _columns(world: World) -> Iterator[Row]:
    for found in all_objects(world):
        for position, column in enumerate(columns_of_object(world, found), 1):
            kind = column.type
            number = TYPE_IDS.get(kind.base, 0)
            yield (
                found.id, column.name, position, number, number, bytes_of(kind), digits_of(kind) or 0,
                scale_of(kind) or 0, _collation(world, column.type.collation, kind.base), column.nullable,
                True, column.identity is not None, False, int(bool(column.default)),
            )  # fmt: skip


def _collation(world: World, collation: object, base: Base) -> str | None:
    if base not in TEXT:
        return None
    return str(getattr(collation, "name", None) or world.collation.name)


def _types(world: World) -> Iterator[Row]:
    sizes = {"decimal": "(38,38)", "binary": "(8000)", "varbinary": "(8000)", "char": "(8000)",
             "varchar": "(8000)", "nchar": "(4000)", "nvarchar": "(4000)"}  # fmt: skip
    for base, number in sorted(TYPE_IDS.items(), key=lambda one: one[1]):
        kind = parse_type(f"{base}{'(7)' if base in FRACTIONED else sizes.get(base, '')}")
        size = 8000 if base in TEXT or base in BYTES else bytes_of(kind)
        collation = _collation(world, None, base)
        yield (
            str(base), number, number, 4, _OWNER, size, digits_of(kind) or 0, scale_of(kind) or 0, collation,
            True, False,
        )  # fmt: skip
    yield "sysname", 231, 256, 4, _OWNER, 256, 0, 0, _collation(world, None, Base.NVARCHAR), False, False


def _statistics(world: World) -> Iterator[Row]:
    for one in world.definitions.all(Kind.STATISTICS):
        yield _table_id(str(one.body["table"])), one.name.rpartition(".")[2], object_id(one.key), False, True


def _statistics_columns(world: World) -> Iterator[Row]:
    for found in stored_tables(world):
        places = {column.name.lower(): at for at, column in enumerate(columns_of_object(world, found), 1)}
        for one in world.definitions.all(Kind.STATISTICS):
            if str(one.body["table"]) == str(found.key):
                for at, name in enumerate(one.body["columns"], 1):
                    yield found.id, object_id(one.key), at, places.get(str(name).lower(), 0)


def _table_id(name: str) -> int:
    from engine.session.catalog.definitions import Key

    schema, _, table = name.partition(".")
    return object_id(Key(schema, table))


def _indexes(world: World) -> Iterator[Row]:
    for found in stored_tables(world):
        declared = declaration_of(world.definitions, found.key)
        index = COLUMNSTORE if declared is None else declared.index
        number, kind = _INDEXES[index]
        name = f"ClusteredIndex_{found.id:08x}" if number else None
        yield found.id, name, number, kind, index, False, False, False
        for at, key in enumerate(() if declared is None else declared.keys, 2):
            name = key.name or f"Key_{found.id:08x}_{at}"
            yield found.id, name, at, 2, "NONCLUSTERED", True, key.primary, False


def _databases(world: World) -> Iterator[Row]:
    yield world.database, DATABASE_ID, world.collation.name, 0, "ONLINE", 130, world.caching_on


_TABLE = {**_OBJECT, "max_column_id_used": INT, "is_external": BIT, "temporal_type": TINYINT,
          "temporal_type_desc": text(60)}  # fmt: skip
VIEWS = {
    ("sys", "schemas"): SystemView({"name": NAME, "schema_id": INT, "principal_id": INT}, _schemas),
    ("sys", "objects"): SystemView(_OBJECT, _objects),
    ("sys", "tables"): SystemView(_TABLE, _tables),
    ("sys", "views"): SystemView({**_OBJECT, "with_check_option": BIT}, _views),
    ("sys", "procedures"): SystemView({**_OBJECT, "is_auto_executed": BIT}, _procedures),
    ("sys", "sql_modules"): SystemView(
        {
            "object_id": INT,
            "definition": text("max"),
            "uses_ansi_nulls": BIT,
            "uses_quoted_identifier": BIT,
            "is_schema_bound": BIT,
        },
        _modules,
    ),
    ("sys", "columns"): SystemView(
        {
            "object_id": INT,
            "name": NAME,
            "column_id": INT,
            "system_type_id": TINYINT,
            "user_type_id": INT,
            "max_length": SMALLINT,
            "precision": TINYINT,
            "scale": TINYINT,
            "collation_name": NAME,
            "is_nullable": BIT,
            "is_ansi_padded": BIT,
            "is_identity": BIT,
            "is_computed": BIT,
            "default_object_id": INT,
        },
        _columns,
    ),
    ("sys", "types"): SystemView(
        {
            "name": NAME,
            "system_type_id": TINYINT,
            "user_type_id": INT,
            "schema_id": INT,
            "principal_id": INT,
            "max_length": SMALLINT,
            "precision": TINYINT,
            "scale": TINYINT,
            "collation_name": NAME,
            "is_nullable": BIT,
            "is_user_defined": BIT,
        },
        _types,
    ),
    ("sys", "stats"): SystemView(
        {"object_id": INT, "name": NAME, "stats_id": INT, "auto_created": BIT, "user_created": BIT},
        _statistics,
    ),
    ("sys", "stats_columns"): SystemView(
        {"object_id": INT, "stats_id": INT, "stats_column_id": INT, "column_id": INT}, _statistics_columns
    ),
    ("sys", "indexes"): SystemView(
        {
            "object_id": INT,
            "name": NAME,
            "index_id": INT,
            "type": TINYINT,
            "type_desc": text(60),
            "is_unique": BIT,
            "is_primary_key": BIT,
            "is_disabled": BIT,
        },
        _indexes,
    ),
    ("sys", "databases"): SystemView(
        {
            "name": NAME,
            "database_id": INT,
            "collation_name": NAME,
            "state": TINYINT,
            "state_desc": text(60),
            "compatibility_level": TINYINT,
            "is_result_set_caching_on": BIT,
        },
        _databases,
    ),
}
