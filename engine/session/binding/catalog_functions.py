"""Functions that ask the catalog, such as OBJECT_ID and SCHEMA_NAME: constants, or look-ups in its views.

What is known before a row is read becomes a constant; the others become scalar subqueries over `sys`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from sqlglot import exp

from engine.errors import UnsupportedSqlError
from engine.lake.names import DEFAULT_SCHEMA, fold
from engine.lake.sightings import doubted
from engine.session.binding.trees import column, named, quoted, table
from engine.session.catalog.definitions import Key
from engine.session.system.columns import bytes_of, columns_of_object
from engine.session.system.objects import DATABASE_ID, Found, all_objects, object_id
from engine.sql.meaning.binding.scopes import place

if TYPE_CHECKING:
    from engine.session.binding.world import World

Arguments = Sequence[exp.Expr]

# A name that no query writes, so that it takes none of the columns around.
_LOOKUP, _FOUND = "catalog look-up", "catalog found"
_PART = re.compile(r'\[((?:[^\]]|\]\])*)\]|"([^"]*)"|([^.\[\]"]*)')
# What is given and what is found, by function: view, column that is asked for, columns that arguments are.
_LOOKUPS = {
    "COL_NAME": ("columns", "name", ("object_id", "column_id")),
    "OBJECT_NAME": ("objects", "name", ("object_id",)),
    "SCHEMA_ID": ("schemas", "schema_id", ("name",)),
    "SCHEMA_NAME": ("schemas", "name", ("schema_id",)),
    "TYPE_ID": ("types", "user_type_id", ("name",)),
    "TYPE_NAME": ("types", "name", ("user_type_id",)),
}
_SERVER = {"edition": "Tarn", "engineedition": "6", "productversion": "12.0.2000.8", "servername": "tarn"}


def settle_catalog_functions(tree: exp.Expr, world: World) -> None:
    """Replace the functions in a tree that is not bound yet.

    Raises:
        UnsupportedSqlError: A name that only the data tells.
    """
    calls = list(tree.find_all(exp.ObjectId, exp.CurrentSchema, exp.Anonymous))
    for node in reversed(calls):  # the inner ones first: they are arguments of the outer
        name, arguments = _called(node)
        if not arguments and name != "DB_ID":
            continue
        if name in _LOOKUPS:
            node.replace(_look_up(*_LOOKUPS[name], arguments))
        elif name == "OBJECT_SCHEMA_NAME":
            number = _look_up("objects", "schema_id", ("object_id",), arguments)
            node.replace(_look_up(*_LOOKUPS["SCHEMA_NAME"], [number]))
        elif name in _CONSTANTS:
            doubted()  # an argument may be a variable, and temporary tables have numbers too
            node.replace(_CONSTANTS[name](world, [_text_of(world, one, node) for one in arguments]))


def _called(node: exp.Expr) -> tuple[str, list[exp.Expr]]:
    if isinstance(node, exp.ObjectId):
        return "OBJECT_ID", [one for one in (node.this, node.expression) if one is not None]
    if isinstance(node, exp.CurrentSchema):
        return "SCHEMA_NAME", [node.this] if node.this is not None else []
    return str(node.name).upper(), list(node.expressions)


def _look_up(view: str, wanted: str, keys: Sequence[str], arguments: Arguments) -> exp.Expr:
    """`(SELECT found FROM (SELECT wanted AS found, key AS key_0 FROM sys.view) WHERE key_0 = argument)`.

    Inside, no column has a name that an argument may have.
    """
    given = list(zip(keys, arguments, strict=False))
    items = [named(column(_LOOKUP, wanted), _FOUND)]
    items += [named(column(_LOOKUP, key), f"{_FOUND} {at}") for at, (key, _) in enumerate(given)]
    inner = exp.Select(expressions=items).from_(table(view, _LOOKUP, schema="sys"))
    conditions = [
        exp.EQ(this=column(_LOOKUP, f"{_FOUND} {at}"), expression=exp.Paren(this=argument.copy()))
        for at, (_, argument) in enumerate(given)
    ]
    source = exp.Subquery(this=inner, alias=exp.TableAlias(this=quoted(_LOOKUP)))
    query = exp.Select(expressions=[named(column(_LOOKUP, _FOUND), _FOUND)]).from_(source)
    return exp.Subquery(this=query.where(*conditions))


def _text_of(world: World, argument: exp.Expr, node: exp.Expr) -> str:
    if isinstance(argument, exp.Literal | exp.National):
        return str(argument.name)
    if isinstance(argument, exp.Parameter):
        found = world.variables.get(f"@{argument.name.lower()}")
        if found is not None:
            return "" if found.value is None else str(found.value)
    name, arguments = _called(argument)
    if (known := world.variables.get(f"{name.lower()}()")) is not None and not arguments:
        return str(known.value)  # DB_NAME() and its like
    raise UnsupportedSqlError(
        f"{_called(node)[0]} of a value that only the data tells is not supported.",
        "Join the views of the schema sys.",
        **place(node),
    )


def _object_id(world: World, given: Sequence[str]) -> exp.Expr:
    name = _parts(given[0])[-1]
    if name.startswith("#"):
        there = name.lower() in world.temps
        return _number(object_id(Key("tempdb", fold(name))) if there else None)
    found = _object(world, given[0])
    wanted = given[1].strip().upper() if len(given) > 1 else ""
    fits = found is not None and wanted in ("", found.type, "U" if found.type == "ET" else "")
    return _number(found.id if fits and found is not None else None)


def _object(world: World, text: str) -> Found | None:
    parts = _parts(text)
    if len(parts) > 2 and parts[-3] and fold(parts[-3]) != fold(world.database):
        return None
    schema = (parts[-2] if len(parts) > 1 else "") or DEFAULT_SCHEMA
    key = Key(fold(schema), fold(parts[-1]))
    return next((found for found in all_objects(world) if found.key == key), None)


def _parts(text: str) -> list[str]:
    """The parts of a name: `db.schema.[a name]`; what is left out is empty."""
    parts, at = [], 0
    while True:
        match = _PART.match(text, at)
        if match is None:
            return [text]
        parts.append((match[1] or "").replace("]]", "]") or match[2] or (match[3] or "").strip())
        at = match.end()
        if at >= len(text) or text[at] != ".":
            return parts
        at += 1


def _database_id(world: World, given: Sequence[str]) -> exp.Expr:
    return _number(DATABASE_ID if not given or fold(given[0]) == fold(world.database) else None)


def _database_name(world: World, given: Sequence[str]) -> exp.Expr:
    return _words(world.database if given[0] == str(DATABASE_ID) else None)


def _column_length(world: World, given: Sequence[str]) -> exp.Expr:
    found = _object(world, given[0])
    columns = () if found is None else columns_of_object(world, found)
    sizes = [bytes_of(one.type) for one in columns if one.name.lower() == given[1].lower()]
    return _number(sizes[0] if sizes else None)


def _server_property(_world: World, given: Sequence[str]) -> exp.Expr:
    return _words(_SERVER.get(given[0].lower()))


def _database_property(world: World, given: Sequence[str]) -> exp.Expr:
    known = {"collation": world.collation.name, "status": "ONLINE", "updateability": "READ_WRITE"}
    here = fold(given[0]) == fold(world.database)
    return _words(known.get(given[1].lower()) if here else None)


def _number(value: int | None) -> exp.Expr:
    shown = exp.Null() if value is None else exp.Literal.number(value)
    return exp.Cast(this=shown, to=exp.DataType.build("INT", dialect="tsql"))


def _words(value: str | None) -> exp.Expr:
    shown = exp.Null() if value is None else exp.Literal.string(value)
    return exp.Cast(this=shown, to=exp.DataType.build("NVARCHAR(128)", dialect="tsql"))


_CONSTANTS: dict[str, Callable[[World, Sequence[str]], exp.Expr]] = {
    "COL_LENGTH": _column_length,
    "DATABASEPROPERTYEX": _database_property,
    "DB_ID": _database_id,
    "DB_NAME": _database_name,
    "OBJECT_ID": _object_id,
    "SERVERPROPERTY": _server_property,
}
