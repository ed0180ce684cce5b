"""Tables that statements change: stored ones by a commit, temporary ones in the session."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from sqlglot import exp

from engine.errors import BindError
from engine.runtime import Held, bind_held
from engine.runtime.numbering import number_rows
from engine.session.binding.world import TempTable
from engine.session.catalog.declarations import (
    Declaration,
    DeclaredColumn,
    columns_of,
    declaration_of,
)
from engine.session.catalog.numbering import claim_numbers
from engine.session.storing import arrow_schema, stored_query
from engine.sql.syntax import Name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.runtime import Answer
    from engine.session.binding.binder import Bound
    from engine.session.catalog.definitions import Key
    from engine.session.doing.run import Run
    from engine.sql.plan import Layout


@dataclass(frozen=True, slots=True)
class Target:
    """A table whose rows change.

    Attributes:
        name: As queries name it.
        columns: Its columns.
        layout: How the rows of a new table are to lie; None for as they do.
        version: The version of a stored table that the statement reads; a commit after it loses.
        declared: What was declared of a stored table; None for a temporary one.
    """

    name: Name
    columns: tuple[DeclaredColumn, ...]
    layout: Layout | None = None
    version: int | None = None
    declared: Declaration | None = None

    def rows(self, run: Run, bound: Bound) -> Answer:
        """Run a query that gives rows of this table, one column for each, in order."""
        tree = run.translated(bound, [column.type for column in self.columns])
        stored = stored_query(tree, self.columns, str(self.name))
        return run.world.machine.answer_to_write(stored, bound.relations)

    def write(self, run: Run, rows: Answer, mode: str) -> int:
        """Make rows the table's (`create`, `overwrite`) or add them (`append`); return how many.

        Raises:
            ConflictError: The table was changed by another write since the statement read it.
        """
        if self.name.is_temporary:
            return _hold(run, self, rows, mode)
        key = run.world.key(self.name)
        base = self.version if mode == "overwrite" else None
        ranges = None if self.declared is None else self.declared.ranges
        held = self._numbered(run, rows.held(), key)
        work, machine = run.world.work.transaction, run.world.machine
        if work is not None:
            return work.write(machine.pool, held, key, base=base, ranges=ranges)
        return machine.write(held, key, mode=mode, layout=self.layout, base=base, ranges=ranges)

    def _numbered(self, run: Run, rows: Held, key: Key) -> Held:
        """The rows with numbers in the IDENTITY column, where they have none."""
        for column in self.columns:
            if column.identity is not None:
                claim = partial(claim_numbers, run.world.storage, key, column.identity)
                step = column.identity.increment
                rows = number_rows(run.world.machine.pool, rows, column.name, claim, step)
        return rows

    def clear(self, run: Run, mode: str) -> None:
        """Write no rows: an empty table, or a table that is emptied."""
        empty = arrow_schema(self.columns).empty_table()
        held = Held((empty,), empty.schema, 0)
        if self.name.is_temporary:
            name = self.name.name
            run.world.temps[name.lower()] = TempTable(name, self.columns, bind_held(name.lower(), held))
        else:
            run.world.machine.write(held, run.world.key(self.name), mode=mode, layout=self.layout)

    def table(self, alias: str = "") -> exp.Table:
        """The table as a query reads it."""
        return exp.Table(
            this=exp.to_identifier(self.name.name, quoted=True),
            db=exp.to_identifier(self.name.schema, quoted=True) if self.name.schema else None,
            alias=exp.TableAlias(this=exp.to_identifier(alias, quoted=True)) if alias else None,
        )


def find_target(run: Run, name: Name) -> Target:
    """The table of that name, to be changed.

    Raises:
        BindError: There is none, or it is no table.
    """
    from engine.lake import TableName, open_table

    world = run.world
    if name.is_temporary:
        found = world.temps.get(name.name.lower())
        if found is None:
            raise world.unknown(name)
        return Target(Name(found.name), found.columns)
    key = world.key(name)
    if world.table(key) is None:
        raise _no_table(run, name, key)
    table = open_table(world.storage, TableName(key.schema, key.name))
    told = declaration_of(world.definitions, key) or Declaration(key.schema, key.name, ())
    columns = columns_of(told, table.schema, f"table '{key}'")
    declared = replace(told, columns=columns)
    return Target(Name(key.name, key.schema), columns, version=table.version, declared=declared)


def _no_table(run: Run, name: Name, key: Key) -> BindError:
    from engine.session.catalog.definitions import Kind

    for kind in (Kind.VIEW, Kind.EXTERNAL_TABLE):
        if run.world.definitions.find(kind, key) is not None:
            return BindError(
                f"'{name}' is a {kind.value}; its rows are not changed.", "Change the table that it reads."
            )
    return run.world.unknown(name)


def _hold(run: Run, target: Target, rows: Answer, mode: str) -> int:
    key = target.name.name.lower()
    before = run.world.temps.get(key)
    held = rows.held()
    if mode == "append" and before is not None and isinstance(before.rows.rows, Held):
        earlier = before.rows.rows
        held = Held((*earlier.parts, *held.parts), held.schema, (earlier.rows or 0) + rows.num_rows)
    run.world.temps[key] = TempTable(target.name.name, target.columns, bind_held(key, held))
    return int(rows.num_rows)


def columns_named(target: Target, names: Sequence[str]) -> list[DeclaredColumn]:
    """The target's columns of these names; all of them where none is named.

    Raises:
        BindError: It has no such column, or one is named twice.
    """
    known = {column.name.lower(): column for column in target.columns}
    found = []
    for name in names:
        column = known.get(name.lower())
        if column is None:
            raise BindError(f"Invalid column name '{name}'.", f"There are: {', '.join(known)}.", name=name)
        if column in found:
            raise BindError(
                f"The column name '{name}' is specified more than once in the column list.", "Name it once."
            )
        found.append(column)
    return found or list(target.columns)
