"""ALTER TABLE: columns and keys. Rows are written anew where they change, in one commit."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sqlglot import exp

from engine.errors import BindError, SqlRuntimeError, UnsupportedSqlError
from engine.lake import TableName, open_table
from engine.runtime import layout_of
from engine.session.binding.trees import column as column_tree
from engine.session.binding.trees import named
from engine.session.doing.inserting import default_of
from engine.session.doing.tables import column_of, declared_column
from engine.session.doing.targets import Target, find_target
from engine.sql.meaning import node_of_type
from engine.sql.plan import Hash

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.session.catalog.declarations import Declaration, DeclaredColumn
    from engine.session.doing.run import Run
    from engine.sql.syntax import Name
    from engine.sql.syntax.statements import tables

_ROWS = "altered"


def do_add_columns(run: Run, statement: tables.AddColumns) -> None:
    """ADD: new columns hold NULL in the rows that are there, or where they may not, their default."""
    target, told = _stored(run, statement.table)
    added = tuple(declared_column(column) for column in statement.columns)
    taken = {column.name.lower() for column in target.columns}
    for column in added:
        if column.name.lower() in taken:
            raise BindError(
                "Column names in each table must be unique. Column name "
                f"'{column.name}' in table '{statement.table}' is specified more than once.",
                "Choose another name.",
                name=column.name,
            )
        taken.add(column.name.lower())
    columns = (*target.columns, *added)
    for key in statement.keys:
        for name in key.columns:
            column_of(columns, name)
    if added:
        _refuse_empty(run, target, added)
        values = [column_tree(_ROWS, column.name) for column in target.columns]
        filled = [default_of(one if not one.nullable else replace(one, default="")) for one in added]
        _rewrite(run, target, columns, [*values, *filled])
    _declare(run, replace(told, columns=columns, keys=(*told.keys, *statement.keys)))


def do_alter_column(run: Run, statement: tables.AlterColumn) -> None:
    """ALTER COLUMN: every value is converted, or the table stays as it is."""
    target, told = _stored(run, statement.table)
    old = column_of(target.columns, statement.column.name)
    _refuse_placing(run, target, told, old, "altered")
    given = declared_column(statement.column)
    if old.identity is not None:
        raise UnsupportedSqlError(f"The IDENTITY column '{old.name}' cannot be altered.", "Make a new table.")
    new = replace(given, name=old.name, default=old.default)
    columns = tuple(new if column is old else column for column in target.columns)
    _rewrite(run, target, columns, [column_tree(_ROWS, column.name) for column in target.columns])
    _declare(run, replace(told, columns=columns))


def do_drop_columns(run: Run, statement: tables.DropColumns) -> None:
    target, told = _stored(run, statement.table)
    gone = []
    for name in statement.columns:
        known = [column for column in target.columns if column.name.lower() == name.lower()]
        if not known and statement.if_exists:
            continue
        if not known:
            raise BindError(
                f"ALTER TABLE DROP COLUMN failed because column '{name}' does not exist in table "
                f"'{statement.table}'.",
                f"There are: {', '.join(column.name for column in target.columns)}.",
                name=name,
                number=4924,
            )
        _refuse_placing(run, target, told, known[0], "dropped")
        gone += known
    kept = tuple(column for column in target.columns if column not in gone)
    if not kept:
        raise BindError("A table needs at least one column.", "DROP TABLE removes all of it.")
    if gone:
        _rewrite(run, target, kept, [column_tree(_ROWS, column.name) for column in kept])
        _declare(run, replace(told, columns=kept))


def do_drop_constraints(run: Run, statement: tables.DropConstraints) -> None:
    _, told = _stored(run, statement.table)
    known = {key.name.lower(): key for key in told.keys if key.name}
    for name in statement.constraints:
        if name.lower() not in known and not statement.if_exists:
            raise BindError(
                f"'{name}' is not a constraint.",
                f"There are: {', '.join(key.name for key in known.values()) or 'none'}.",
                name=name,
                number=3728,
            )
    dropped = {name.lower() for name in statement.constraints}
    keys = tuple(key for key in told.keys if key.name.lower() not in dropped)
    _declare(run, replace(told, keys=keys))


def rename_column(run: Run, table: Name, old: str, new: str) -> None:
    """RENAME OBJECT table COLUMN old TO new."""
    target, told = _stored(run, table)
    column = column_of(target.columns, old)
    if any(one.name.lower() == new.lower() for one in target.columns if one is not column):
        raise BindError(f"There is already a column '{new}' in table '{table}'.", "Choose another name.")
    _refuse_placing(run, target, told, column, "renamed")
    renamed = replace(column, name=new)
    columns = tuple(renamed if one is column else one for one in target.columns)
    _rewrite(run, target, columns, [column_tree(_ROWS, one.name) for one in target.columns])
    _declare(run, replace(told, columns=columns))


def _stored(run: Run, name: Name) -> tuple[Target, Declaration]:
    target = find_target(run, name)
    if target.declared is None:
        raise UnsupportedSqlError("Temporary tables are not altered.", "SELECT INTO another one.")
    return target, target.declared


def _rewrite(
    run: Run, target: Target, columns: tuple[DeclaredColumn, ...], values: Sequence[exp.Expr]
) -> None:
    """The table with these columns, a value for each computed over the old ones."""
    changed = replace(target, columns=columns, declared=replace(target.declared, columns=columns))  # type: ignore[type-var]
    items = [
        named(
            exp.Cast(this=value, to=node_of_type(column.type)) if isinstance(value, exp.Null) else value,
            column.name,
        )
        for value, column in zip(values, columns, strict=True)
    ]
    query = exp.Select(expressions=items).from_(target.table(_ROWS), copy=False)
    changed.write(run, changed.rows(run, run.bind(query)), "overwrite")


def _declare(run: Run, declaration: Declaration) -> None:
    run.world.definitions.put(declaration.definition())
    run.rowcount = -1


def _refuse_empty(run: Run, target: Target, added: Sequence[DeclaredColumn]) -> None:
    """A column without a value for the rows that are there must allow nulls."""
    needy = [one.name for one in added if not one.nullable and not one.default and one.identity is None]
    if needy:
        query = exp.Select(expressions=[exp.alias_(exp.Count(this=exp.Star()), "n")])
        found = run.answer(run.bind(query.from_(target.table()))).to_arrow()
        if found.column(0)[0].as_py():
            raise SqlRuntimeError(
                "ALTER TABLE only allows columns to be added that can contain nulls, or have a DEFAULT "
                f"definition specified. Column '{needy[0]}' cannot be added to non-empty table "
                f"'{target.name}'.",
                "Give it a DEFAULT.",
                number=4901,
            )


def _refuse_placing(run: Run, target: Target, told: Declaration, column: DeclaredColumn, done: str) -> None:
    """What decides where rows lie stays as it is."""
    key = run.world.key(target.name)
    layout = layout_of(open_table(run.world.storage, TableName(key.schema, key.name)))
    name = column.name.lower()
    placing = {one.lower(): "distribution" for one in layout.columns} if isinstance(layout, Hash) else {}
    if told.ranges is not None:
        placing[told.ranges.column.lower()] = "partition"
    placing |= {one.lower(): "key" for one_key in told.keys for one in one_key.columns if done == "dropped"}
    if name in placing:
        raise BindError(
            f"The {placing[name]} column '{column.name}' cannot be {done}.",
            "CREATE TABLE ... AS SELECT makes the table anew; RENAME OBJECT puts it in place.",
            name=column.name,
        )
