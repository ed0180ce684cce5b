"""RENAME OBJECT and ALTER SCHEMA ... TRANSFER: an object under another name, with all that belongs to it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from engine.errors import BindError, UnsupportedSqlError
from engine.lake import TableName
from engine.lake.moving import rename_table
from engine.lake.names import fold
from engine.session.catalog.definitions import Definition, Key, Kind
from engine.session.catalog.numbering import move_numbers
from engine.session.doing.altering import rename_column
from engine.session.doing.tables import refuse_taken
from engine.session.system.objects import schema_names
from engine.sql.syntax import Name

if TYPE_CHECKING:
    from engine.session.doing.run import Run
    from engine.sql.syntax.statements.objects import RenameObject, TransferObject

_DEFINED = (Kind.VIEW, Kind.EXTERNAL_TABLE, Kind.PROCEDURE)


def do_rename(run: Run, statement: RenameObject) -> None:
    """RENAME OBJECT a TO b: in the same schema; views that name `a` do not follow."""
    if statement.column:
        rename_column(run, statement.name, statement.column, statement.new_name)
        return
    if statement.name.is_temporary:
        raise UnsupportedSqlError("Temporary tables are not renamed.", "SELECT INTO another one.")
    _move(run, statement.name, Name(statement.new_name, statement.name.schema))
    run.rowcount = -1


def do_transfer(run: Run, statement: TransferObject) -> None:
    """ALTER SCHEMA s TRANSFER a.b: the object is s.b."""
    if fold(statement.schema) not in {fold(name) for name in schema_names(run.world)}:
        raise BindError(
            f"Cannot find the schema '{statement.schema}', because it does not exist or you do not have "
            "permission.",
            f"There is: {', '.join(schema_names(run.world))}.",
            name=statement.schema,
        )
    _move(run, statement.name, Name(statement.name.name, statement.schema))
    run.rowcount = -1


def rename_by_procedure(run: Run, old: str, new: str, kind: str) -> None:
    """`sp_rename 'dbo.t', 'u'` and `sp_rename 'dbo.t.a', 'b', 'COLUMN'`.

    Raises:
        BindError: There is none of that name.
        UnsupportedSqlError: Another kind than an object or a column.
    """
    parts = [part.strip('[]"') for part in old.split(".")]
    word = kind.upper() or "OBJECT"
    if word == "COLUMN" and len(parts) >= 2:
        rename_column(run, Name(*reversed(parts[:-1])), parts[-1], new)
    elif word == "OBJECT":
        _move(run, Name(*reversed(parts)), Name(new, parts[-2] if len(parts) > 1 else ""))
    else:
        raise UnsupportedSqlError(
            f"sp_rename of '{old}' as {word} is not supported.",
            "Rename an object: 'schema.name'; or a column: 'schema.table.column', with 'COLUMN'.",
        )
    run.rowcount = -1


def _move(run: Run, name: Name, new: Name) -> None:
    world = run.world
    key, to = world.key(name), world.key(new)
    if key == to:
        return
    if world.table(key) is not None:
        refuse_taken(run, new)
        _move_table(run, key, to, new)
        return
    for kind in _DEFINED:
        found = world.definitions.find(kind, key)
        if found is not None:
            refuse_taken(run, new)
            world.definitions.add(replace(found, schema=new.schema or found.schema, name=new.name))
            world.definitions.remove(kind, key)
            return
    raise world.unknown(name)


def _move_table(run: Run, key: Key, to: Key, new: Name) -> None:
    """What is declared of the table first: until the rows have moved, it belongs to nothing."""
    world, definitions = run.world, run.world.definitions
    declared = definitions.find(Kind.TABLE, key)
    if declared is not None:
        definitions.put(replace(declared, schema=new.schema or declared.schema, name=new.name))
    rename_table(world.storage, TableName(key.schema, key.name), TableName(to.schema, to.name))
    definitions.remove(Kind.TABLE, key)
    move_numbers(world.storage, key, to)
    for one in list(definitions.all(Kind.STATISTICS)):
        if one.body["table"] == str(key):
            name = f"{to.name}.{one.name.partition('.')[2]}"
            definitions.put(Definition(Kind.STATISTICS, to.schema, name, {**one.body, "table": str(to)}))
            definitions.remove(Kind.STATISTICS, one.key)
