"""Statements that make, empty and drop tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from engine.errors import BindError, UnsupportedSqlError
from engine.lake import TableName, drop_table
from engine.lake.names import DEFAULT_SCHEMA
from engine.lake.ranges import Ranges
from engine.session.binding.rowsets import declared_type
from engine.session.catalog.declarations import COLUMNSTORE, Declaration, DeclaredColumn
from engine.session.catalog.definitions import SYSTEM_SCHEMAS, Kind, already_there
from engine.session.catalog.numbering import forget_numbers
from engine.session.doing.targets import Target, find_target
from engine.session.nullability import never_null
from engine.session.storing import declared_columns
from engine.sql.meaning import named_collation
from engine.sql.meaning.types import Base
from engine.sql.plan import Hash, Layout, Replicate, RoundRobin
from engine.sql.syntax import Name
from engine.sql.syntax.statements import tables

if TYPE_CHECKING:
    from engine.session.doing.run import Run
    from engine.sql.syntax.statements.objects import Drop
    from engine.sql.syntax.statements.queries import SelectInto, Truncate


def do_create_table(run: Run, statement: tables.CreateTable) -> None:
    """An empty table; keys are promises that nobody checks, as in a dedicated pool."""
    columns = tuple(declared_column(column) for column in statement.columns)
    create_for(run, statement.name, columns, statement.options, statement.keys)
    run.rowcount = -1


def do_create_table_as(run: Run, statement: tables.CreateTableAs) -> None:
    """CREATE TABLE ... AS SELECT: one commit, or nothing."""
    bound = run.bind(statement.query)
    target = _new(
        run,
        statement.name,
        declared_columns(run.types(bound), statement.columns, never_null(bound)),
        statement.table,
    )
    run.counted(target.write(run, target.rows(run, bound), "create"))
    _declare(run, target)


def do_select_into(run: Run, statement: SelectInto) -> None:
    bound = run.bind(statement.query)
    target = _new(
        run,
        statement.target,
        declared_columns(run.types(bound), required=never_null(bound)),
        tables.TableOptions(),
    )
    run.counted(target.write(run, target.rows(run, bound), "create"))
    _declare(run, target)


def do_truncate(run: Run, statement: Truncate) -> None:
    """An empty table, whose IDENTITY begins again."""
    find_target(run, statement.table).clear(run, "overwrite")
    if not statement.table.is_temporary:
        forget_numbers(run.world.storage, run.world.key(statement.table))
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
    forget_numbers(world.storage, key)
    for one in list(world.definitions.all(Kind.STATISTICS)):
        if one.body["table"] == str(key):
            world.definitions.remove(Kind.STATISTICS, one.key)


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
        world.definitions.find(kind, key)
        for kind in (Kind.VIEW, Kind.EXTERNAL_TABLE, Kind.PROCEDURE, Kind.FUNCTION)
    )
    if taken or world.table(key) is not None:
        raise already_there(name.name)


def create_for(
    run: Run,
    name: Name,
    columns: tuple[DeclaredColumn, ...],
    options: tables.TableOptions,
    keys: tuple[tables.KeyConstraint, ...] = (),
) -> Target:
    """An empty table."""
    target = _new(run, name, columns, options, keys)
    target.clear(run, "create")
    _declare(run, target)
    return target


def _new(
    run: Run,
    name: Name,
    columns: tuple[DeclaredColumn, ...],
    options: tables.TableOptions,
    keys: tuple[tables.KeyConstraint, ...] = (),
) -> Target:
    refuse_taken(run, name)
    for key in keys:
        for column in key.columns:
            column_of(columns, column)
    layout, ranges = _layout(options, columns), declared_ranges(run, options.partition, columns)
    _refuse_defaults(options, columns)
    if name.is_temporary:
        return _new_temporary(name, columns, ranges)
    place = run.world.key(name)
    declared = Declaration(
        name.schema or DEFAULT_SCHEMA, name.name, columns, keys, _index(options, columns), ranges
    )
    return Target(Name(place.name, place.schema), columns, layout, declared=declared)


def _new_temporary(name: Name, columns: tuple[DeclaredColumn, ...], ranges: Ranges | None) -> Target:
    if ranges is not None:
        raise UnsupportedSqlError("Temporary tables have no partitions.", "Leave PARTITION out.")
    if any(column.identity is not None for column in columns):
        raise UnsupportedSqlError(
            "Temporary tables have no IDENTITY columns.", "Number the rows with ROW_NUMBER()."
        )
    return Target(name, columns)


def _declare(run: Run, target: Target) -> None:
    if target.declared is not None:
        run.world.definitions.put(target.declared.definition())


def declared_column(column: tables.ColumnDefinition) -> DeclaredColumn:
    """A column as CREATE TABLE and ALTER TABLE write it.

    Raises:
        BindError: An IDENTITY of another type than int or bigint, or with a default.
    """
    kind = declared_type(column.kind)
    if column.identity is not None and kind.base not in (Base.INT, Base.BIGINT):
        raise BindError(
            f"Identity column '{column.name}' must be of data type int or bigint.", "Change its type."
        )
    if column.identity is not None and column.default is not None:
        raise BindError(
            f"Defaults cannot be created on the IDENTITY column '{column.name}'.", "Leave it out."
        )
    if column.collation:
        kind = kind.with_facts(collation=named_collation(column.collation))
    default = "" if column.default is None else exp.select(column.default).sql(dialect="tsql")
    nullable = column.nullable is not False and column.identity is None
    return DeclaredColumn(column.name, kind, nullable, default, column.identity)


def _index(options: tables.TableOptions, columns: tuple[DeclaredColumn, ...]) -> str:
    match options.index:
        case tables.Heap():
            return "HEAP"
        case tables.ClusteredIndex(names):
            for name in names:
                column_of(columns, name)
            return "CLUSTERED"
        case tables.ColumnstoreIndex(names):
            for name in names:
                column_of(columns, name)
    return COLUMNSTORE


def column_of(columns: tuple[DeclaredColumn, ...], name: str) -> DeclaredColumn:
    """The column of that name.

    Raises:
        BindError: There is none.
    """
    for column in columns:
        if column.name.lower() == name.lower():
            return column
    there = ", ".join(column.name for column in columns)
    raise BindError(f"Invalid column name '{name}'.", f"There are: {there}.", name=name)


def _refuse_defaults(options: tables.TableOptions, columns: tuple[DeclaredColumn, ...]) -> None:
    """A column that decides where rows lie has no default and no numbers of its own."""
    if isinstance(options.distribution, tables.HashDistribution):
        for name in options.distribution.columns:
            column = column_of(columns, name)
            if column.default or column.identity is not None:
                what = "a DEFAULT" if column.default else "IDENTITY"
                raise BindError(
                    f"The distribution column '{column.name}' cannot have {what}.", "Distribute by another."
                )


def declared_ranges(
    run: Run, partition: tables.Partitioning | None, columns: tuple[DeclaredColumn, ...]
) -> Ranges | None:
    """The partitions of a table.

    Raises:
        BindError: No such column, a boundary that is none of its values, or the same boundary twice.
    """
    if partition is None:
        return None
    column = column_of(columns, partition.column)
    bounds = [run.value(value, column.type)[0] for value in partition.values]
    known = [bound for bound in bounds if bound is not None]
    if len(known) < len(bounds) or len(set(known)) < len(known):
        raise BindError(
            "Duplicate range boundary values are not allowed in partition function boundary values list.",
            "Give each boundary once; NULL is none.",
            name=column.name,
        )
    return Ranges(column.name, tuple(sorted(known)), partition.right)


def _layout(options: tables.TableOptions, columns: tuple[DeclaredColumn, ...]) -> Layout:
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
