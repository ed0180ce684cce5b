"""EXEC, of a procedure or of a text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from engine.sql.syntax.nodes import Default
from engine.sql.syntax.statements.queries import Argument, Execute, ExecuteText
from engine.sql.syntax.tokens import Kind

if TYPE_CHECKING:
    from engine.sql.syntax.query.grammar import Grammar
    from engine.sql.syntax.statements.base import Name


def execute(p: Grammar, start: int) -> Execute | ExecuteText:
    """`EXEC[UTE] procedure ...` or `EXEC[UTE] (text)`."""
    p.expect_any(("EXEC", "EXECUTE"))
    if p.at("AS"):
        p.refuse("EXECUTE AS", "a session has one user", "connect as that user")
    if not p.at("("):
        return _procedure(p, start)
    text = p.wrapped(p.expression)
    if p.at("AT") or p.at("AS"):
        p.refuse(
            f"EXEC (...) {p.token.text}", "there are no linked servers and no other users", "leave it out"
        )
    return ExecuteText(p.since(start), text)


def implicit_execute(p: Grammar, start: int) -> Execute:
    """The name of a procedure that begins a batch needs no EXEC."""
    return _procedure(p, start)


def _procedure(p: Grammar, start: int) -> Execute:
    result = ""
    if p.at_kind(Kind.VARIABLE) and p.at_any(("=",), 1):
        result = p.variable().name
        p.expect("=")
    procedure: Name | exp.Parameter = p.variable() if p.at_kind(Kind.VARIABLE) else p.object_name()
    arguments = p.listed(lambda: _argument(p)) if _at_argument(p) else []
    if p.at("WITH", "RECOMPILE") or p.at("WITH", "RESULT", "SETS"):
        p.refuse(
            f"EXEC ... WITH {p.peek().text}",
            "every run is planned anew, and rows keep their types",
            "leave it out",
        )
    return Execute(p.since(start), procedure, tuple(arguments), result)


def _at_argument(p: Grammar) -> bool:
    literals = (Kind.VARIABLE, Kind.STRING, Kind.NATIONAL, Kind.BINARY, Kind.NUMBER, Kind.MONEY)
    return p.at_kind(*literals) or p.at_any(("-", "+", "NULL", "DEFAULT")) or p.at_free_name()


def _argument(p: Grammar) -> Argument:
    name = ""
    if p.at_kind(Kind.VARIABLE) and p.at_any(("=",), 1):
        name = p.variable().name
        p.expect("=")
    value = _value(p)
    output = bool(p.take_any(("OUTPUT", "OUT")))
    if output and not isinstance(value, exp.Parameter):
        p.fail("only a variable can take an OUTPUT")
    return Argument(value, name, output)


def _value(p: Grammar) -> exp.Expr:
    if p.take("DEFAULT"):
        return Default()
    if p.at_name():
        return exp.Literal.string(p.identifier().name)
    return p.constant()
