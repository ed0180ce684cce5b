"""What there is in a workspace: schemas, tables, views, procedures, each with a number of its own."""

from __future__ import annotations

import datetime as dt
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.lake import TableName, list_tables
from engine.lake.names import DEFAULT_SCHEMA, fold
from engine.session.catalog.declarations import declaration_of
from engine.session.catalog.definitions import Definition, Key, Kind

if TYPE_CHECKING:
    from engine.session.binding.world import World

# The number of the one database that a workspace is; 1 to 4 are SQL Server's own.
DATABASE_ID = 5
# SQL Server's own numbers; other schemas get one by their name.
_SCHEMA_IDS = {"dbo": 1, "information_schema": 3, "sys": 4}


@dataclass(frozen=True, slots=True)
class Found:
    """One object.

    Attributes:
        key: How its name compares.
        schema: Its schema as it was written.
        name: Its name as it was written.
        type: SQL Server's two letters: `U` a table, `V` a view, `P` a procedure, `ET` an external table,
            `IF` a function of rows, `FN` one of a value.
        definition: What the catalog holds of it; None of a table that SQL did not make.
    """

    key: Key
    schema: str
    name: str
    type: str
    definition: Definition | None = None

    @property
    def id(self) -> int:
        return object_id(self.key)


_OTHERS = {Kind.VIEW: "V", Kind.PROCEDURE: "P", Kind.EXTERNAL_TABLE: "ET", Kind.FUNCTION: "IF"}


def stored_tables(world: World) -> Iterator[Found]:
    """Tables with rows of their own."""
    for text in list_tables(world.storage):
        name = TableName.parse(text)
        key = Key(name.schema, name.name)
        declared = declaration_of(world.definitions, key)
        shown = (key.schema, key.name) if declared is None else (declared.schema, declared.name)
        yield Found(key, *shown, "U")


def defined(world: World, *kinds: Kind) -> Iterator[Found]:
    """Views, procedures, functions or external tables."""
    for kind in kinds:
        for one in world.definitions.all(kind):
            scalar = kind is Kind.FUNCTION and one.body.get("returns")
            yield Found(one.key, one.schema, one.name, "FN" if scalar else _OTHERS[kind], one)


def all_objects(world: World) -> Iterator[Found]:
    """Everything that has a name in a schema."""
    yield from stored_tables(world)
    yield from defined(world, *_OTHERS)


def schema_names(world: World) -> list[str]:
    """All schemas: those that were created, and those of tables."""
    created = {fold(one.name): one.name for one in world.definitions.all(Kind.SCHEMA)}
    used = {TableName.parse(name).schema for name in list_tables(world.storage)}
    return sorted({DEFAULT_SCHEMA, *created.values(), *(used - set(created))})


def object_id(key: Key) -> int:
    """A number for an object, the same in every session: positive, as SQL Server's are."""
    return zlib.crc32(str(key).encode()) & 0x7FFFFFFF


def schema_id(name: str) -> int:
    """The number of a schema."""
    return _SCHEMA_IDS.get(fold(name)) or object_id(Key(fold(name), ""))


def when_made(world: World, found: Found) -> tuple[dt.datetime | None, dt.datetime | None]:
    """When a table was created and last changed, as far as its history tells; UTC without a zone."""
    from engine.lake import open_table

    if found.type != "U":
        return None, None
    ends = open_table(world.storage, TableName(found.key.schema, found.key.name)).first_and_last
    made, changed = (None if one is None else one.at.replace(tzinfo=None) for one in ends)
    return made, changed
