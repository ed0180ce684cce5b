"""Statements that keep house: statistics."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from engine.errors import BindError, UnsupportedSqlError
from engine.session.catalog.definitions import Definition, Kind, already_there
from engine.session.doing.caching import drop_cache, show_space_used
from engine.session.doing.targets import find_target
from engine.session.system.columns import columns_of_table

if TYPE_CHECKING:
    from engine.session.doing.run import Run
    from engine.sql.syntax.statements.flow import Dbcc
    from engine.sql.syntax.statements.tables import CreateStatistics, UpdateStatistics


def do_dbcc(run: Run, statement: Dbcc) -> None:
    """DBCC, where there is something to look into."""
    does = _DBCC.get(statement.command)
    if does is None:
        raise UnsupportedSqlError(
            f"DBCC {statement.command} is not supported.", f"There is DBCC {', '.join(_DBCC)}."
        )
    if statement.arguments:
        raise BindError(f"DBCC {statement.command} takes no argument.", "Leave it out.")
    does(run)


_DBCC: dict[str, Callable[[Run], None]] = {
    "DROPRESULTSETCACHE": drop_cache,
    "SHOWRESULTCACHESPACEUSED": show_space_used,
}


def do_create_statistics(run: Run, statement: CreateStatistics) -> None:
    """Accepted and recorded: the planner goes by the statistics of the files, which are always fresh."""
    key = run.world.key(statement.table)
    find_target(run, statement.table)
    known = {column.name.lower() for column in columns_of_table(run.world, key)}
    for name in statement.columns:
        if name.lower() not in known:
            raise BindError(
                f"Invalid column name '{name}'.", f"There are: {', '.join(sorted(known))}.", name=name
            )
    name = f"{key.name}.{statement.name}"
    made = Definition(
        Kind.STATISTICS, key.schema, name, {"table": str(key), "columns": list(statement.columns)}
    )
    if run.world.definitions.find(Kind.STATISTICS, made.key) is not None:
        raise already_there(statement.name)
    run.world.definitions.add(made)


def do_update_statistics(run: Run, statement: UpdateStatistics) -> None:
    """Nothing is to be done, as long as the table and its statistics are there."""
    key = run.world.key(statement.table)
    find_target(run, statement.table)
    there = {
        one.name.rpartition(".")[2].lower()
        for one in run.world.definitions.all(Kind.STATISTICS)
        if one.body["table"] == str(key)
    }
    for name in statement.names:
        if name.lower() not in there:
            raise BindError(
                f"Cannot find the statistics '{name}' of table '{key}'.",
                f"There are: {', '.join(sorted(there)) or 'none'}.",
                name=name,
            )
