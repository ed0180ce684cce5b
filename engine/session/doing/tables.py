"""Statements that make, empty and drop tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from engine.errors import BindError, UnsupportedSqlError
from engine.lake import TableName, drop_table
from engine.lake.names import DEFAULT_SCHEMA
from engine.session.binding.rowsets import declared_type
from engine.session.binding.world import SYSTEM_SCHEMAS
from engine.session.catalog.declarations import Declaration, DeclaredColumn
from engine.session.catalog.definitions import Kind, already_there
from engine.session.doing.targets import Target, find_target
from engine.session.storing import declared_columns
from engine.sql.meaning import named_collation
from engine.sql.plan import Hash, Layout, Replicate, RoundRobin
from engine.sql.syntax import Name
from engine.sql.syntax.statements import tables

if TYPE_CHECKING:
    from engine.session.doing.run import Run
    from engine.sql.syntax.statements.objects import Drop
    from engine.sql.syntax.statements.queries import SelectInto, Truncate


def do_create_table(run: Run, statement: tables.CreateTable) -> None:
    """An empty table; keys are promises that nobody checks, as in a dedicated pool."""
    columns = tuple(_declared(column) for column in statement.columns)
    create_for(run, statement.name, columns, statement.options)
    run.rowcount = -1


def do_create_table_as(run: Run, statement: tables.CreateTableAs) -> None:
    """CREATE TABLE ... AS SELECT: one commit, or nothing."""
    bound = run.bind(statement.query)
    target = _new(run, statement.name, declared_columns(run.types(bound), statement.columns), statement.table)
    run.counted(target.write(run, target.rows(run, bound), "create"))
    _declare(run, target, statement.name)


def do_select_into(run: Run, statement: SelectInto) -> None:
    bound = run.bind(statement.query)
    target = _new(run, statement.target, declared_columns(run.types(bound)), tables.TableOptions())
    run.counted(target.write(run, target.rows(run, bound), "create"))
    _declare(run, target, statement.target)


def do_truncate(run: Run, statement: Truncate) -> None:
    find_target(run, statement.table).clear(run, "overwrite")
    run.rowcount = -1


def drop_one_table(run: Run, name: Name, statement: Drop) -> None:
    """DROP TABLE of one name."""
    world = run.world
    if name.is_temporary:
        if world.temps.pop(name.name.lower(), None) is None and not statement.if_exists:
            raise _cannot_drop(name)
        return
    key = world.key(name)
    if world.table(key) is None:
        if statement.if_exists:
            return
        raise _cannot_drop(name)
    drop_table(world.storage, TableName(key.schema, key.name))
    world.definitions.remove(Kind.TABLE, key)


def _cannot_drop(name: Name) -> BindError:
    return BindError(
        f"Cannot drop the table '{name}', because it does not exist or you do not have permission.",
        "DROP TABLE IF EXISTS does nothing where there is none.",
        name=str(name),
    )


def refuse_taken(run: Run, name: Name) -> None:
    """A new object's name must be free.

    Raises:
        BindError: It is taken, or its schema is the system's.
    """
    world = run.world
    if name.is_temporary:
        if name.name.lower() in world.temps:
            raise already_there(name.name)
        return
    key = world.key(name)
    if key.schema in SYSTEM_SCHEMAS:
        raise BindError(f"The schema '{key.schema}' is the system's.", "Use another schema.", name=str(name))
    taken = any(
        world.definitions.find(kind, key) for kind in (Kind.VIEW, Kind.EXTERNAL_TABLE, Kind.PROCEDURE)
    )
    if taken or world.table(key) is not None:
        raise already_there(name.name)


def create_for(
    run: Run, name: Name, columns: tuple[DeclaredColumn, ...], options: tables.TableOptions
) -> Target:
    """An empty table."""
    target = _new(run, name, columns, options)
    target.clear(run, "create")
    _declare(run, target, name)
    return target


def _new(run: Run, name: Name, columns: tuple[DeclaredColumn, ...], options: tables.TableOptions) -> Target:
    refuse_taken(run, name)
    layout = _layout(options, columns)
    if name.is_temporary:
        return Target(name, columns)
    key = run.world.key(name)
    return Target(Name(key.name, key.schema), columns, layout)


def _declare(run: Run, target: Target, written: Name) -> None:
    if not written.is_temporary:
        made = Declaration(written.schema or DEFAULT_SCHEMA, written.name, target.columns)
        run.world.definitions.put(made.definition())


def _declared(column: tables.ColumnDefinition) -> DeclaredColumn:
    if column.identity is not None:
        raise UnsupportedSqlError(
            f"IDENTITY of column '{column.name}' is not supported.",
            "Number the rows with ROW_NUMBER() in a SELECT.",
        )
    kind = declared_type(column.kind)
    if column.collation:
        kind = kind.with_facts(collation=named_collation(column.collation))
    default = "" if column.default is None else exp.select(column.default).sql(dialect="tsql")
    return DeclaredColumn(column.name, kind, column.nullable is not False, default)


def _layout(options: tables.TableOptions, columns: tuple[DeclaredColumn, ...]) -> Layout:
    if options.partition is not None:
        raise UnsupportedSqlError(
            f"PARTITION by '{options.partition.column}' is not supported.",
            "Leave it out: row groups are skipped by their statistics.",
        )
    match options.distribution:
        case tables.HashDistribution(names):
            known = {column.name.lower() for column in columns}
            for name in names:
                if name.lower() not in known:
                    raise BindError(
                        f"Invalid column name '{name}'.", f"There are: {', '.join(known)}.", name=name
                    )
            return Hash(tuple(name.lower() for name in names))
        case tables.Distribution.REPLICATE:
            return Replicate()
        case _:
            return RoundRobin()
