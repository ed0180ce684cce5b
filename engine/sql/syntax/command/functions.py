"""CREATE FUNCTION: a query with parameters, or statements that give one value."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from engine.sql.syntax.command.objects import parameter
from engine.sql.syntax.statements.flow import Return
from engine.sql.syntax.statements.objects import CreateFunction, CreateScalarFunction, Mode
from engine.sql.syntax.tokens import Kind

if TYPE_CHECKING:
    from engine.sql.syntax.query.grammar import Grammar
    from engine.sql.syntax.statements.base import Name, Statement
    from engine.sql.syntax.statements.objects import ProcedureParameter

_NULL_INPUT = ("ON", "NULL", "INPUT")


def create_function(p: Grammar, start: int, mode: Mode) -> Statement:
    """`name (parameters) RETURNS TABLE ...` gives rows, `RETURNS type ...` a value."""
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
    if p.at_kind(Kind.VARIABLE):
        p.refuse(
            "CREATE FUNCTION with a table variable",
            "its statements would run for every row",
            "RETURNS TABLE AS RETURN (SELECT ...), or a procedure that fills a temporary table",
            token=first,
        )
    if p.take("TABLE"):
        return _of_rows(p, start, name, parameters, mode)
    return _of_a_value(p, start, name, parameters, mode)


def _of_rows(
    p: Grammar, start: int, name: Name, parameters: tuple[ProcedureParameter, ...], mode: Mode
) -> Statement:
    """`[WITH SCHEMABINDING] [AS] RETURN [(] query [)]`."""
    p.take("WITH", "SCHEMABINDING")
    p.take("AS")
    p.expect("RETURN")
    query = p.definition()
    while isinstance(query, exp.Subquery) and isinstance(query.this, exp.Query):
        query = query.this
    return CreateFunction(p.since(start), query, name, parameters, mode)


def _of_a_value(
    p: Grammar, start: int, name: Name, parameters: tuple[ProcedureParameter, ...], mode: Mode
) -> Statement:
    """`type [WITH option, ...] [AS] BEGIN statements END`."""
    returns = p.data_type()
    strict = any(p.listed(lambda: _skips_null(p))) if p.take("WITH") else False
    p.take("AS")
    begin = p.mark()
    p.expect("BEGIN")
    body = p.statements("END")
    p.expect("END")
    if not body or not isinstance(body[-1], Return) or body[-1].value is None:
        p.fail(
            "end it with RETURN and a value",
            token=p.token_at(begin),
            message="The last statement included within a function must be a return statement.",
        )
    return CreateScalarFunction(p.since(start), name, parameters, returns, body, mode, strict)


def _skips_null(p: Grammar) -> bool:
    """One option; whether it is RETURNS NULL ON NULL INPUT."""
    if p.take("RETURNS", "NULL", *_NULL_INPUT):
        return True
    if not (p.take("CALLED", *_NULL_INPUT) or p.take("SCHEMABINDING") or p.take("INLINE", "=", "ON")):
        p.refuse(f"A function WITH {p.token.text}", "it becomes part of the queries", "leave it out")
    return False
