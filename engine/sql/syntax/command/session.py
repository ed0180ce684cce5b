"""SET, USE, DBCC, EXPLAIN and ALTER DATABASE: what belongs to the session or its database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from engine.sql.syntax.statements.flow import (
    Dbcc,
    Explain,
    SetIdentityInsert,
    SetOption,
    SetResultSetCaching,
    SetVariable,
    Use,
)
from engine.sql.syntax.tokens import Kind

if TYPE_CHECKING:
    from engine.sql.syntax.query.grammar import Grammar
    from engine.sql.syntax.statements.base import Statement

# Options that are ON or OFF; several may stand in one SET.
_SWITCHES = frozenset(
    """
    ANSI_DEFAULTS ANSI_NULLS ANSI_NULL_DFLT_OFF ANSI_NULL_DFLT_ON ANSI_PADDING ANSI_WARNINGS ARITHABORT
    ARITHIGNORE CONCAT_NULL_YIELDS_NULL CURSOR_CLOSE_ON_COMMIT FMTONLY FORCEPLAN IMPLICIT_TRANSACTIONS NOCOUNT
    NOEXEC NUMERIC_ROUNDABORT PARSEONLY QUOTED_IDENTIFIER REMOTE_PROC_TRANSACTIONS SHOWPLAN_ALL SHOWPLAN_TEXT
    SHOWPLAN_XML XACT_ABORT
    """.split()
)
# Options with a value.
_VALUES = (
    "CONTEXT_INFO",
    "DATEFIRST",
    "DATEFORMAT",
    "DEADLOCK_PRIORITY",
    "LANGUAGE",
    "LOCK_TIMEOUT",
    "ROWCOUNT",
    "TEXTSIZE",
)
_STATISTICS = ("IO", "PROFILE", "TIME", "XML")
_DBCC = ("PDW_SHOWSPACEUSED", "SHOWRESULTCACHESPACEUSED", "DROPRESULTSETCACHE", "SHOW_STATISTICS")
_ISOLATION = ("READ UNCOMMITTED", "READ COMMITTED", "REPEATABLE READ", "SNAPSHOT", "SERIALIZABLE")


def set_something(p: Grammar, start: int) -> Statement:
    """A variable, or options of the session."""
    p.expect("SET")
    if p.at_kind(Kind.VARIABLE):
        return _set_variable(p, start)
    if p.take("RESULT_SET_CACHING"):
        on = p.on_off()
        return SetResultSetCaching(p.since(start), on)
    if p.take("IDENTITY_INSERT"):
        table = p.object_name()
        on = p.on_off()
        return SetIdentityInsert(p.since(start), table, on)
    names, value = _option(p)
    return SetOption(p.since(start), names, value)


def _set_variable(p: Grammar, start: int) -> Statement:
    target = p.variable()
    if p.at("=", "CURSOR"):
        p.refuse("A cursor", "a pool works on sets of rows", "write one statement over the whole set")
    value = p.assigned_value(target)
    return SetVariable(p.since(start), target.name, value)


def _option(p: Grammar) -> tuple[tuple[str, ...], bool | str | exp.Expr]:
    if p.take("TRANSACTION", "ISOLATION", "LEVEL"):
        return ("TRANSACTION ISOLATION LEVEL",), _isolation(p)
    if p.take("STATISTICS"):
        parts = p.listed(lambda: p.expect_any(_STATISTICS))
        return tuple(f"STATISTICS {part}" for part in parts), p.on_off()
    if name := p.take_any(_VALUES):
        return (name,), _value(p)
    names = tuple(p.listed(lambda: p.take_any(_SWITCHES) or p.fail("T-SQL has no such option for SET")))
    token = p.token
    on = p.on_off()
    if not on and "QUOTED_IDENTIFIER" in names:
        p.refuse(
            "SET QUOTED_IDENTIFIER OFF",
            "double quotes hold names",
            "write strings in single quotes",
            token=token,
        )
    return names, on


def _isolation(p: Grammar) -> str:
    for level in _ISOLATION:
        if p.take(*level.split()):
            return level
    return p.fail(f"expected one of {', '.join(_ISOLATION)}")


def _value(p: Grammar) -> str | exp.Expr:
    if p.at_kind(Kind.STRING, Kind.NATIONAL):
        return p.text()
    return p.identifier().name.upper() if p.at_name() else p.constant()


def use(p: Grammar, start: int) -> Statement:
    p.expect("USE")
    database = p.identifier().name
    return Use(p.since(start), database)


def dbcc(p: Grammar, start: int) -> Statement:
    p.expect("DBCC")
    token = p.token
    command = p.identifier().name.upper()
    if command not in _DBCC:
        p.refuse(
            f"DBCC {command}", "it looks into SQL Server's own pages", f"use DBCC {_DBCC[0]}", token=token
        )
    arguments = tuple(p.wrapped_list(lambda: _argument(p))) if p.at("(") else ()
    options = tuple(p.listed(lambda: _word(p))) if p.take("WITH") else ()
    return Dbcc(p.since(start), command, arguments, options)


def _word(p: Grammar) -> str:
    return p.identifier().name.upper()


def _argument(p: Grammar) -> exp.Expr:
    if not p.at_name():
        return p.constant()
    return exp.Literal.string(str(p.object_name()))


def explain(p: Grammar, start: int) -> Statement:
    p.expect("EXPLAIN")
    recommendations = p.take("WITH_RECOMMENDATIONS")
    statement = p.statement()
    return Explain(p.since(start), statement, recommendations)


def alter_database(p: Grammar, start: int) -> Statement:
    p.expect("ALTER", "DATABASE")
    token = p.token
    database = p.advance().value if p.at("CURRENT") else p.identifier().name
    if not p.take("SET", "RESULT_SET_CACHING"):
        p.refuse(
            "This ALTER DATABASE",
            "a workspace has no such setting",
            "resize a pool from the client",
            token=token,
        )
    on = p.on_off()
    return SetResultSetCaching(p.since(start), on, database)
