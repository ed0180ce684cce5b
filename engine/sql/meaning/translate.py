"""T-SQL queries to DuckDB queries of the same meaning."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sqlglot import exp

from engine.errors import BindError
from engine.sql.meaning.binding.context import Context, Relation, Schema, Settings, Told, Variable
from engine.sql.meaning.binding.relations import column_type, shown_name, wrapped
from engine.sql.meaning.binding.scopes import Scope
from engine.sql.meaning.collation import BIN2, Collation
from engine.sql.meaning.conversion.assign import assign
from engine.sql.meaning.queries.queries import query_relation
from engine.sql.meaning.rules import RULES
from engine.sql.meaning.trees import aliased, select
from engine.sql.meaning.values import settled

if TYPE_CHECKING:
    from engine.sql.meaning.types import SqlType


def to_duckdb(
    tree: exp.Expr,
    schema: Schema,
    *,
    collation: Collation = BIN2,
    now: dt.datetime | None = None,
    variables: Mapping[str, Variable] | None = None,
    into: Sequence[SqlType] | None = None,
) -> exp.Query:
    """Translate a query.

    Args:
        tree: The query as the T-SQL parser gives it; it is not changed.
        schema: Types of the columns of every table that the query names, by table (`t`, `dbo.t`; case
            ignored). A table's columns must reach DuckDB in the types of `duckdb_type`.
        collation: The collation of the database.
        now: The time of the statement, for GETDATE and its like; an aware one tells the zone.
        variables: The variables that the query names, by `@name` in lower case; functions of the session by
            `name()`.
        into: The types of the columns that the rows are assigned to, for INSERT; text that is too long then
            ends the statement.

    Returns:
        A query of the DuckDB dialect whose columns are all qualified, and whose outputs all have names. It
        may call the macros of `MACROS`, and expects the DuckDB setting `TimeZone` to be UTC.

    Raises:
        BindError: A name means nothing or two things, or types do not fit.
        UnsupportedSqlError: The meaning cannot be kept; there is never a wrong value instead.
    """
    return translate(tree, schema, collation=collation, now=now, variables=variables, into=into).tree


@dataclass(frozen=True, slots=True)
class Translation:
    """A query in both languages' terms.

    Attributes:
        tree: See `to_duckdb`; not to be changed.
        columns: Name and T-SQL type of every column of the result; the name is empty where it has none.
        asked: The names of the variables whose values it depends on, and `CLOCK` if on the time.
    """

    tree: exp.Query
    columns: tuple[tuple[str, SqlType], ...]
    asked: frozenset[str]


def translate(
    tree: exp.Expr,
    schema: Schema,
    *,
    collation: Collation = BIN2,
    now: dt.datetime | None = None,
    variables: Mapping[str, Variable] | None = None,
    into: Sequence[SqlType] | None = None,
) -> Translation:
    """Translate a query, and tell what else its translation depends on, so that it can be used again.

    The arguments and errors are those of `to_duckdb`.
    """
    asked: set[str] = set()
    context = _context(Settings(schema, collation, now, variables or {}, asked))
    relation = query_relation(tree, context)
    if into is not None:
        relation = _assigned(relation, into, context)
    columns = tuple((column.name, column_type(column)) for column in relation.columns)
    return Translation(relation.tree.copy(), columns, frozenset(asked))


def result_types(
    tree: exp.Expr,
    schema: Schema,
    *,
    collation: Collation = BIN2,
    now: dt.datetime | None = None,
    variables: Mapping[str, Variable] | None = None,
) -> list[tuple[str, SqlType]]:
    """Give name and T-SQL type of every column of a query's result; the name is empty where it has none.

    The arguments and errors are those of `to_duckdb`.
    """
    return list(translate(tree, schema, collation=collation, now=now, variables=variables).columns)


def _context(settings: Settings) -> Context:
    told = Told({name.lower(): value for name, value in settings.variables.items()}, settings.asked)
    return Context(replace(settings, variables=told), RULES, query_relation, Scope())


def _assigned(relation: Relation, into: Sequence[SqlType], context: Context) -> Relation:
    if len(into) != len(relation.columns):
        many = "more" if len(into) < len(relation.columns) else "fewer"
        raise BindError(
            f"The select list for the INSERT statement contains {many} items than the insert list."
        )
    source, values = wrapped(relation, context)
    projections = [
        aliased(settled(assign(value, kind)), shown_name(relation.columns, index))
        for index, (value, kind) in enumerate(zip(values, into, strict=True))
    ]
    columns = tuple(replace(column, type=kind) for column, kind in zip(relation.columns, into, strict=True))
    return Relation(select(projections, source), columns)
