"""From the rows of a query to the rows of a table: names, storage types, NULLs that are not allowed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
from sqlglot import exp

from engine.errors import BindError, UnsupportedSqlError
from engine.runtime.types import duckdb_name
from engine.session.catalog.declarations import DeclaredColumn
from engine.session.types import stored_type
from engine.sql.meaning.failures import failure
from engine.sql.meaning.trees import aliased, case, derived, is_null, select
from engine.sql.meaning.trees import column as column_tree
from engine.sql.meaning.types import Base

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.sql.meaning import SqlType

_ROWS = "rows_of_query"
_NULL_REFUSED = 515


def stored_query(tree: exp.Query, columns: Sequence[DeclaredColumn], table: str) -> exp.Query:
    """The translated query with its columns as the table stores them.

    Args:
        tree: What `to_duckdb` made; one column for each of the table, in order, of its type.
        columns: The columns of the table.
        table: Its name, for the error of a NULL that is not allowed.
    """
    given = [item.alias_or_name for item in tree.selects]
    names = [f"c{at}" for at in range(len(given))]
    source = derived(tree, _ROWS)
    source.args["alias"].set("columns", [exp.to_identifier(name) for name in names])
    projections = [
        aliased(_stored(column_tree(_ROWS, name), column, table), column.name)
        for name, column in zip(names, columns, strict=True)
    ]
    return select(projections, source)


def _stored(value: exp.Expr, column: DeclaredColumn, table: str) -> exp.Expr:
    if not column.nullable and column.identity is None:
        place = f"column '{column.name}', table '{table}'"
        message = f"Cannot insert the value NULL into {place}; column does not allow nulls."
        value = case([(is_null(value), failure(_NULL_REFUSED, message))], value)
    if column.type.base in (Base.TIME, Base.UNIQUEIDENTIFIER, Base.TINYINT):
        kind = duckdb_name(stored_type(column.type))
        return exp.Cast(this=value, to=exp.DataType.build(kind, dialect="duckdb"))
    return value


def declared_columns(
    types: Sequence[tuple[str, SqlType]], names: Sequence[str] = (), required: Sequence[bool] = ()
) -> tuple[DeclaredColumn, ...]:
    """The columns of a table that is made of a query; `required` says which of them never hold NULL.

    Raises:
        BindError: A column without a name, or two of one name; or another number of names than columns.
    """
    if names and len(names) != len(types):
        raise BindError(
            f"{len(names)} columns are named and the query gives {len(types)}.", "Name every column, or none."
        )
    found = [names[at] if names else name for at, (name, _) in enumerate(types)]
    for at, name in enumerate(found, 1):
        if not name:
            raise BindError(
                "An object or column name is missing or empty. For SELECT INTO and CREATE TABLE AS SELECT "
                "statements, verify each column has a name.",
                f"Column {at} has none: give it an alias.",
            )
    _refuse_twice(found)
    certain = required if len(required) == len(types) else [False] * len(types)
    return tuple(
        DeclaredColumn(name, _held(kind), nullable=not never)
        for name, (_, kind), never in zip(found, types, certain, strict=True)
    )


def _refuse_twice(names: Sequence[str]) -> None:
    seen = set()
    for name in names:
        if name.lower() in seen:
            raise BindError(
                f"Column names in each table must be unique. Column name '{name}' is specified more than "
                "once.",
                "Give one of them an alias.",
                name=name,
            )
        seen.add(name.lower())


def _held(kind: SqlType) -> SqlType:
    if kind.base is Base.PREDICATE:
        raise UnsupportedSqlError("A condition is no column.", "Write CASE WHEN ... THEN 1 ELSE 0 END.")
    return kind


def arrow_schema(columns: Sequence[DeclaredColumn]) -> pa.Schema:
    """What rows of these columns are stored as."""
    return pa.schema([pa.field(column.name, stored_type(column.type)) for column in columns])
