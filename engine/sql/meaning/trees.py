"""Builders of DuckDB trees: short words for the nodes that the rules put together.

A node may stand in several places while a tree is being made; `to_duckdb` copies the finished tree once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import reduce
from typing import TYPE_CHECKING

from sqlglot import exp

from engine.sql.meaning.identifiers import identifier
from engine.sql.meaning.lake_types import duckdb_type

if TYPE_CHECKING:
    from engine.sql.meaning.types import SqlType

_LOOSE = (exp.Binary, exp.Unary, exp.Between, exp.In, exp.AtTimeZone, exp.Interval, exp.Escape)
_TIGHT = (exp.Paren, exp.Dot)


def call(name: str, *arguments: exp.Expr) -> exp.Expr:
    return exp.Anonymous(this=name, expressions=list(arguments))


def text(value: str) -> exp.Expr:
    return exp.Literal.string(value)


def number(value: int | str) -> exp.Expr:
    shown = str(value)
    return exp.Neg(this=exp.Literal.number(shown[1:])) if shown.startswith("-") else exp.Literal.number(shown)


def operand(tree: exp.Expr) -> exp.Expr:
    """Wrap what would fall apart beside another operator."""
    loose = isinstance(tree, _LOOSE) and not isinstance(tree, _TIGHT)
    return exp.Paren(this=tree) if loose else tree


def binary(kind: type[exp.Binary], left: exp.Expr, right: exp.Expr) -> exp.Expr:
    return kind(this=operand(left), expression=operand(right))


def cast(tree: exp.Expr, kind: SqlType, *, safe: bool = False) -> exp.Expr:
    return (exp.TryCast if safe else exp.Cast)(this=tree, to=duckdb_type(kind))


def cast_as(tree: exp.Expr, duckdb: str) -> exp.Expr:
    """Cast to a type of DuckDB's own, by name."""
    return exp.Cast(this=tree, to=exp.DataType.build(duckdb, dialect="duckdb"))


def case(branches: Iterable[tuple[exp.Expr, exp.Expr]], default: exp.Expr | None = None) -> exp.Expr:
    ifs = [exp.If(this=condition, true=value) for condition, value in branches]
    return exp.Case(ifs=ifs, default=default)


def both(*conditions: exp.Expr) -> exp.Expr:
    """Join by AND, which binds tighter than OR alone."""
    parts = [part for condition in conditions for part in _flat(condition, exp.And)]
    return _chain(exp.And, [exp.Paren(this=part) if isinstance(part, exp.Or) else part for part in parts])


def either(*conditions: exp.Expr) -> exp.Expr:
    """Join by OR, which binds loosest."""
    return _chain(exp.Or, [part for condition in conditions for part in _flat(condition, exp.Or)])


def _flat(tree: exp.Expr, kind: type[exp.Binary]) -> Iterator[exp.Expr]:
    """Take a chain of one operator apart, from left to right."""
    pending = [tree]
    while pending:
        part = pending.pop()
        if type(part) is kind:
            pending.extend((part.expression, part.this))
        else:
            yield part


def _chain(kind: type[exp.Binary], parts: Iterable[exp.Expr]) -> exp.Expr:
    return reduce(lambda left, right: kind(this=left, expression=right), parts)


def negate(condition: exp.Expr) -> exp.Expr:
    return exp.Not(this=operand(condition))


def is_null(tree: exp.Expr) -> exp.Expr:
    return exp.Is(this=operand(tree), expression=exp.Null())


def between(tree: exp.Expr, low: exp.Expr, high: exp.Expr) -> exp.Expr:
    return exp.Between(this=operand(tree), low=operand(low), high=operand(high))


def join_text(parts: Sequence[exp.Expr]) -> exp.Expr:
    return _chain(exp.DPipe, [operand(one) for part in parts for one in _flat(part, exp.DPipe)])


def column(table: str, name: str) -> exp.Column:
    return exp.Column(this=identifier(name), table=identifier(table))


def aliased(tree: exp.Expr, name: str) -> exp.Alias:
    return exp.Alias(this=tree, alias=identifier(name))


def table_alias(name: str, columns: Sequence[str] = ()) -> exp.TableAlias:
    return exp.TableAlias(this=identifier(name), columns=[identifier(column) for column in columns])


def derived(query: exp.Expr, alias: str) -> exp.Subquery:
    return exp.Subquery(this=query, alias=table_alias(alias))


def select(projections: Iterable[exp.Expr], source: exp.Expr | None = None) -> exp.Select:
    tree = exp.Select(expressions=list(projections))
    if source is not None:
        tree.set("from_", exp.From(this=source))
    return tree
