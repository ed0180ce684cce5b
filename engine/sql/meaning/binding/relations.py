"""Translated queries as the source of further ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from sqlglot import exp

from engine.errors import BindError
from engine.sql.meaning.binding.scopes import Column
from engine.sql.meaning.trees import aliased, column, derived, select, table_alias
from engine.sql.meaning.types import INT, NULL, SqlType
from engine.sql.meaning.values import Value

if TYPE_CHECKING:
    from engine.sql.meaning.binding.context import Context, Relation


def shown_name(columns: Sequence[Column], index: int) -> str:
    """Give the name of a column in the DuckDB tree, where every column has one."""
    return columns[index].name or f"_col_{index + 1}"


def wrapped(relation: Relation, context: Context) -> tuple[exp.Subquery, list[Value]]:
    """Make a query the only source of another: the FROM item, and its columns as values."""
    alias = context.fresh("q")
    names = [shown_name(relation.columns, index) for index in range(len(relation.columns))]
    source = derived(relation.tree, alias)
    if len({name.lower() for name in names}) < len(names):  # a result may have two columns of one name
        names = [f"c{index}" for index in range(1, len(names) + 1)]
        source.set("alias", table_alias(alias, names))
    values = [
        Value(column(alias, name), found.type) for name, found in zip(names, relation.columns, strict=True)
    ]
    return source, values


def single_column(relation: Relation, key: Callable[[Value], exp.Expr], context: Context) -> exp.Expr:
    """Apply a function to the one column of a query."""
    source, (value,) = wrapped(relation, context)
    tree = key(value)
    if tree == value.tree:
        return relation.tree
    return select([aliased(tree, shown_name(relation.columns, 0))], source)


def named_columns(columns: Sequence[Column], names: Sequence[str], what: str) -> tuple[Column, ...]:
    """Give columns the names of an alias, and check that each has one of its own.

    Raises:
        BindError: Another number of names, a column without a name, or a name twice.
    """
    if names and len(names) != len(columns):
        more = "more" if len(names) < len(columns) else "fewer"
        raise BindError(f"'{what}' has {more} columns than were specified in the column list.", source=what)
    found = tuple(
        Column(name or column.name, column_type(column))
        for name, column in zip(names or [""] * len(columns), columns, strict=True)
    )
    seen: set[str] = set()
    for place_, one in enumerate(found, 1):
        if not one.name:
            raise BindError(
                f"No column name was specified for column {place_} of '{what}'.", "Give it one with AS."
            )
        if one.name.lower() in seen:
            raise BindError(f"The column '{one.name}' was specified multiple times for '{what}'.")
        seen.add(one.name.lower())
    return found


def column_type(column: Column) -> SqlType:
    """Give the type of a column; one of NULLs alone is int."""
    return INT if column.type == NULL else column.type
