"""CREATE TABLE, with columns or with a query, and its options."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from engine.sql.syntax.command.columns import definitions
from engine.sql.syntax.statements.tables import (
    ClusteredIndex,
    ColumnstoreIndex,
    CreateTable,
    CreateTableAs,
    Distribution,
    HashDistribution,
    Heap,
    Partitioning,
    TableOptions,
)

if TYPE_CHECKING:
    from engine.sql.syntax.query.grammar import Grammar
    from engine.sql.syntax.statements.base import Statement


def create_table(p: Grammar, start: int) -> Statement:
    """`name (columns) [WITH (...)]` or `name [(names)] [WITH (...)] AS SELECT ...`."""
    name = p.object_name()
    if p.at("(") and not at_name_list(p):
        found = p.wrapped(lambda: definitions(p))
        options = table_options(p)
        return CreateTable(p.since(start), name, tuple(found.columns), tuple(found.keys), options)
    columns = name_list(p)
    options = table_options(p)
    p.expect("AS")
    if p.at("CLONE", "OF"):
        p.refuse("CREATE TABLE AS CLONE OF", "tables share no files", "copy it with AS SELECT * FROM")
    query = p.outer_query()
    return CreateTableAs(p.since(start), query, name, columns, options)


def at_name_list(p: Grammar) -> bool:
    """Do names without types come next?"""
    return p.at("(") and p.at_name(1) and p.at_any((",", ")"), 2)


def name_list(p: Grammar) -> tuple[str, ...]:
    """`(name, ...)`, or nothing."""
    return tuple(p.wrapped_list(lambda: p.identifier().name)) if p.at("(") else ()


def table_options(p: Grammar, extra: dict[str, Callable[[], Any]] | None = None) -> TableOptions:
    """`WITH (DISTRIBUTION = ..., index, PARTITION (...))`, or nothing.

    Args:
        p: Before WITH.
        extra: Further options of one word, and what to do when they come.
    """
    given: dict[str, Any] = {}
    if p.take("WITH"):
        p.wrapped_list(lambda: _option(p, given, extra or {}))
    return TableOptions(**given)


def _option(p: Grammar, given: dict[str, Any], extra: dict[str, Callable[[], Any]]) -> None:
    token = p.token
    if word := p.take_any(extra):
        extra[word]()
        return
    rules = {"DISTRIBUTION": _distribution, "PARTITION": _partition, "LOCATION": _location}
    word = p.take_any(rules)
    key = word.lower() or "index"
    if key in given:
        p.fail(f"{token.text} is given twice", token=token)
    given[key] = rules[word](p) if word else _index(p, (*rules, *extra))


def _distribution(p: Grammar) -> HashDistribution | Distribution:
    p.expect("=")
    if p.take("HASH"):
        return HashDistribution(tuple(p.wrapped_list(lambda: p.identifier().name)))
    return Distribution[p.expect_any(tuple(Distribution.__members__))]


def _index(p: Grammar, others: Iterable[str]) -> ColumnstoreIndex | ClusteredIndex | Heap:
    if p.take("HEAP"):
        return Heap()
    if not p.take("CLUSTERED"):
        p.expect_any((*others, "CLUSTERED", "HEAP"))
    if p.take("COLUMNSTORE", "INDEX"):
        return ColumnstoreIndex(name_list(p) if p.take("ORDER") else ())
    p.expect("INDEX")
    columns = p.wrapped_list(lambda: (p.identifier().name, p.take_any(("ASC", "DESC")) == "DESC"))
    return ClusteredIndex(tuple(name for name, _ in columns), tuple(descending for _, descending in columns))


def _partition(p: Grammar) -> Partitioning:
    return p.wrapped(lambda: _partitioning(p))


def _partitioning(p: Grammar) -> Partitioning:
    column = p.identifier().name
    p.expect("RANGE")
    # LEFT is T-SQL's default: a boundary belongs to the partition before it.
    right = p.take_any(("LEFT", "RIGHT")) == "RIGHT"
    p.expect("FOR", "VALUES")
    values = () if p.take("(", ")") else tuple(p.wrapped_list(p.expression))
    return Partitioning(column, right, values)


def _location(p: Grammar) -> str:
    p.expect("=")
    return p.expect_any(("USER_DB",))
