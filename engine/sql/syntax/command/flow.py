"""Control of flow: blocks, IF, WHILE, TRY, variables, messages and transactions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from engine.sql.syntax.statements.flow import (
    BeginTransaction,
    Block,
    Break,
    Commit,
    Continue,
    Declare,
    If,
    Print,
    RaiseError,
    Return,
    Rollback,
    Throw,
    TryCatch,
    Variable,
    While,
)
from engine.sql.syntax.tokens import Kind
from engine.sql.syntax.words import FUNCTION_WORDS

if TYPE_CHECKING:
    from engine.sql.syntax.query.grammar import Grammar
    from engine.sql.syntax.statements.base import Statement

_TRANSACTION = ("TRAN", "TRANSACTION")


def declare(p: Grammar, start: int) -> Statement:
    p.expect("DECLARE")
    if p.at_name() and p.at_any(("CURSOR",), 1):
        p.refuse("A cursor", "a pool works on sets of rows", "write one statement over the whole set")
    variables = tuple(p.listed(lambda: _variable(p)))
    return Declare(p.since(start), variables)


def _variable(p: Grammar) -> Variable:
    name = p.variable().name
    p.take("AS")
    kind = p.data_type()
    value = p.expression() if p.take("=") else None
    return Variable(name, kind, value)


def begin(p: Grammar, start: int) -> Statement:
    """A block, a TRY, or a transaction."""
    if p.at_any(_TRANSACTION, 1):
        p.expect("BEGIN")
        p.expect_any(_TRANSACTION)
        name = _transaction_name(p)
        if p.at("WITH", "MARK"):
            p.refuse("WITH MARK", "there is no log to mark", "leave it out")
        return BeginTransaction(p.since(start), name)
    if p.at("BEGIN", "TRY"):
        return _try(p, start)
    p.expect("BEGIN")
    body = _filled(p)
    p.expect("END")
    return Block(p.since(start), body)


def _filled(p: Grammar) -> tuple[Statement, ...]:
    return p.statements("END") or p.fail("a block needs a statement")


def _try(p: Grammar, start: int) -> Statement:
    p.expect("BEGIN", "TRY")
    body = _filled(p)
    p.expect("END", "TRY")
    p.take(";")
    p.expect("BEGIN", "CATCH")
    handler = p.statements("END")
    p.expect("END", "CATCH")
    return TryCatch(p.since(start), body, handler)


def if_else(p: Grammar, start: int) -> Statement:
    p.expect("IF")
    condition = p.condition()
    then = p.statement()
    if p.at(";", "ELSE"):
        p.expect(";")
    otherwise = p.statement() if p.take("ELSE") else None
    return If(p.since(start), condition, then, otherwise)


def while_loop(p: Grammar, start: int) -> Statement:
    p.expect("WHILE")
    condition = p.condition()
    body = p.statement()
    return While(p.since(start), condition, body)


def break_loop(p: Grammar, start: int) -> Statement:
    p.expect("BREAK")
    return Break(p.since(start))


def continue_loop(p: Grammar, start: int) -> Statement:
    p.expect("CONTINUE")
    return Continue(p.since(start))


def return_value(p: Grammar, start: int) -> Statement:
    p.expect("RETURN")
    value = p.expression() if _at_value(p) else None
    return Return(p.since(start), value)


def _at_value(p: Grammar) -> bool:
    literals = (Kind.NUMBER, Kind.VARIABLE, Kind.STRING, Kind.NATIONAL, Kind.BINARY, Kind.MONEY)
    words = ("(", "-", "+", "~", "CASE", "NULL", *FUNCTION_WORDS - {"UPDATE"})
    return p.at_kind(*literals) or p.at_any(words) or p.at_free_name()


def print_message(p: Grammar, start: int) -> Statement:
    p.expect("PRINT")
    value = p.expression()
    return Print(p.since(start), value)


def throw(p: Grammar, start: int) -> Statement:
    p.expect("THROW")
    if not p.at_kind(Kind.NUMBER, Kind.VARIABLE):
        return Throw(p.since(start))
    number = p.constant()
    p.expect(",")
    message = p.constant()
    p.expect(",")
    state = p.constant()
    return Throw(p.since(start), number, message, state)


def raise_error(p: Grammar, start: int) -> Statement:
    p.expect("RAISERROR")
    message, severity, state, *arguments = _raised(p)
    options = tuple(p.listed(lambda: p.expect_any(("LOG", "NOWAIT", "SETERROR")))) if p.take("WITH") else ()
    return RaiseError(p.since(start), message, severity, state, tuple(arguments), options)


def _raised(p: Grammar) -> list[exp.Expr]:
    arguments = p.wrapped_list(p.constant)
    if len(arguments) < 3:
        p.fail("write RAISERROR (message, severity, state, ...)", token=p.peek(-1))
    return arguments


def commit(p: Grammar, start: int) -> Statement:
    p.expect("COMMIT")
    name = _ended_transaction(p)
    if p.at("WITH", "("):
        p.refuse("COMMIT WITH (DELAYED_DURABILITY)", "a commit is durable when it returns", "leave it out")
    return Commit(p.since(start), name)


def rollback(p: Grammar, start: int) -> Statement:
    p.expect("ROLLBACK")
    name = _ended_transaction(p)
    return Rollback(p.since(start), name)


def _ended_transaction(p: Grammar) -> str:
    if p.take_any(_TRANSACTION):
        return _transaction_name(p)
    p.take("WORK")
    return ""


def _transaction_name(p: Grammar) -> str:
    if p.at_kind(Kind.VARIABLE):
        p.refuse("The name of a transaction in a variable", "names do nothing", "leave it out")
    return p.identifier().name if p.at_free_name() else ""
