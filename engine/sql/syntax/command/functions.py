"""CREATE FUNCTION of rows: a query with parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from engine.sql.syntax.command.objects import parameter
from engine.sql.syntax.statements.objects import CreateFunction, Mode
from engine.sql.syntax.tokens import Kind

if TYPE_CHECKING:
    from engine.sql.syntax.query.grammar import Grammar
    from engine.sql.syntax.statements.base import Statement


def create_function(p: Grammar, start: int, mode: Mode) -> Statement:
    """`name (parameters) RETURNS TABLE [WITH SCHEMABINDING] [AS] RETURN [(] query [)]`."""
    if start != 0:
        p.fail(
            "put GO on a line of its own before it",
            token=p.token_at(start),
            message=f"'{mode.value} FUNCTION' must be the first statement in a query batch.",
        )
    first = p.token_at(start)
    name = p.object_name()
    p.expect("(")
    parameters = () if p.at(")") else tuple(p.listed(lambda: parameter(p)))
    p.expect(")")
    p.expect("RETURNS")
    if not p.take("TABLE"):
        rows = p.at_kind(Kind.VARIABLE)
        p.refuse(
            f"CREATE FUNCTION with {'statements' if rows else 'a value'}",
            "a pool runs queries, not functions",
            "RETURNS TABLE AS RETURN (SELECT ...), or use a view, a procedure or an expression",
            token=first,
        )
    p.take("WITH", "SCHEMABINDING")
    p.take("AS")
    p.expect("RETURN")
    query = p.definition()
    while isinstance(query, exp.Subquery) and isinstance(query.this, exp.Query):
        query = query.this
    return CreateFunction(p.since(start), query, name, parameters, mode)
