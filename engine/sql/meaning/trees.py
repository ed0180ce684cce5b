"""Builders of DuckDB trees: short words for the nodes that the rules put together.

A node may stand in several places while a tree is being made; `to_duckdb` copies the finished tree once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import reduce

from sqlglot import exp

from engine.sql.meaning.identifiers import identifier
from engine.sql.meaning.lake_types import duckdb_type
from engine.sql.meaning.types import SqlType

_LOOSE = (exp.Binary, exp.Unary, exp.Between, exp.In, exp.AtTimeZone, exp.Interval, exp.Escape)
_TIGHT = (exp.Paren, exp.Dot)


def call(name: str, *arguments: exp.Expression) -> exp.Expression:
    return exp.Anonymous(this=name, expressions=list(arguments))


def text(value: str) -> exp.Expression:
    return exp.Literal.string(value)


def number(value: int | str) -> exp.Expression:
    shown = str(value)
    return exp.Neg(this=exp.Literal.number(shown[1:])) if shown.startswith("-") else exp.Literal.number(shown)


def operand(tree: exp.Expression) -> exp.Expression:
    """Wrap what would fall apart beside another operator."""
    loose = isinstance(tree, _LOOSE) and not isinstance(tree, _TIGHT)
    return exp.Paren(this=tree) if loose else tree


def binary(kind: type[exp.Binary], left: exp.Expression, right: exp.Expression) -> exp.Expression:
    return kind(this=operand(left), expression=operand(right))


def cast(tree: exp.Expression, kind: SqlType, *, safe: bool = False) -> exp.Expression:
    return (exp.TryCast if safe else exp.Cast)(this=tree, to=duckdb_type(kind))


def cast_as(tree: exp.Expression, duckdb: str) -> exp.Expression:
    """Cast to a type of DuckDB's own, by name."""
    return exp.Cast(this=tree, to=exp.DataType.build(duckdb, dialect="duckdb"))


def case(
    branches: Iterable[tuple[exp.Expression, exp.Expression]], default: exp.Expression | None = None
) -> exp.Expression:
    ifs = [exp.If(this=condition, true=value) for condition, value in branches]
    return exp.Case(ifs=ifs, default=default)


def both(*conditions: exp.Expression) -> exp.Expression:
    """Join by AND, which binds tighter than OR alone."""
    parts = [part for condition in conditions for part in _flat(condition, exp.And)]
    return _chain(exp.And, [exp.Paren(this=part) if isinstance(part, exp.Or) else part for part in parts])


def either(*conditions: exp.Expression) -> exp.Expression:
    """Join by OR, which binds loosest."""
    return _chain(exp.Or, [part for condition in conditions for part in _flat(condition, exp.Or)])


def _flat(tree: exp.Expression, kind: type[exp.Binary]) -> Iterator[exp.Expression]:
    """Take a chain of one operator apart, from left to right."""
    pending = [tree]
    while pending:
        part = pending.pop()
        if type(part) is kind:
            pending.extend((part.expression, part.this))
        else:
            yield part


def _chain(kind: type[exp.Binary], parts: Iterable[exp.Expression]) -> exp.Expression:
    return reduce(lambda left, right: kind(this=left, expression=right), parts)


def negate(condition: exp.Expression) -> exp.Expression:
    return exp.Not(this=operand(condition))


def is_null(tree: exp.Expression) -> exp.Expression:
    return exp.Is(this=operand(tree), expression=exp.Null())


def between(tree: exp.Expression, low: exp.Expression, high: exp.Expression) -> exp.Expression:
    return exp.Between(this=operand(tree), low=operand(low), high=operand(high))


def join_text(parts: Sequence[exp.Expression]) -> exp.Expression:
    return _chain(exp.DPipe, [operand(one) for part in parts for one in _flat(part, exp.DPipe)])


def column(table: str, name: str) -> exp.Column:
    return exp.Column(this=identifier(name), table=identifier(table))


def aliased(tree: exp.Expression, name: str) -> exp.Alias:
    return exp.Alias(this=tree, alias=identifier(name))


def table_alias(name: str, columns: Sequence[str] = ()) -> exp.TableAlias:
    return exp.TableAlias(this=identifier(name), columns=[identifier(column) for column in columns])


def derived(query: exp.Expression, alias: str) -> exp.Subquery:
    return exp.Subquery(this=query, alias=table_alias(alias))


def select(projections: Iterable[exp.Expression], source: exp.Expression | None = None) -> exp.Select:
    tree = exp.Select(expressions=list(projections))
    if source is not None:
        tree.set("from_", exp.From(this=source))
    return tree
