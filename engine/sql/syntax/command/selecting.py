"""SELECT as a statement, and what WITH may stand before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from engine.sql.syntax.command.changing import delete, insert, update
from engine.sql.syntax.command.merging import merge
from engine.sql.syntax.nodes import Assign
from engine.sql.syntax.statements.base import Name, Statement
from engine.sql.syntax.statements.queries import Select, SelectAssign, SelectInto

if TYPE_CHECKING:
    from engine.sql.syntax.query.grammar import Grammar

_CHANGES = {"INSERT": insert, "UPDATE": update, "DELETE": delete, "MERGE": merge}


def select(p: Grammar, start: int, with_: exp.With | None = None) -> Statement:
    """A query, whose rows go to the client, into a new table or into variables."""
    query = p.outer_query(with_)
    first = _first_select(query)
    if first is None:
        return Select(p.since(start), query)
    if into := first.args.get("into"):
        into.pop()
        return SelectInto(p.since(start), query, Name.of(into.this))
    if not any(isinstance(item, Assign) for item in first.expressions):
        return Select(p.since(start), query)
    if first is not query or not all(isinstance(item, Assign) for item in first.expressions):
        p.fail(
            "assign in one SELECT, read in another",
            message="A SELECT statement that assigns a value to a variable must not be combined with "
            "data-retrieval operations.",
        )
    variables = tuple(item.this.name for item in first.expressions)
    first.set("expressions", [item.expression for item in first.expressions])
    return SelectAssign(p.since(start), query, variables)


def with_tables(p: Grammar, start: int) -> Statement:
    """`WITH ... SELECT | INSERT | UPDATE | DELETE | MERGE`."""
    with_ = p.with_clause()
    for word, rule in _CHANGES.items():
        if p.at(word):
            return rule(p, start, with_)
    return select(p, start, with_)


def _first_select(query: exp.Query) -> exp.Select | None:
    node: exp.Expr = query
    while isinstance(node, exp.SetOperation):
        node = node.this
    return node if isinstance(node, exp.Select) else None
