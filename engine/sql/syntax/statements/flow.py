"""Statements that steer a script, and those that set up its session."""

from __future__ import annotations

from dataclasses import dataclass

from sqlglot import exp

from engine.sql.syntax.statements.base import Name, Statement


@dataclass(frozen=True, slots=True)
class Variable:
    """`@name type [= value]` of a DECLARE; the name has no `@`."""

    name: str
    kind: exp.DataType
    value: exp.Expr | None = None


@dataclass(frozen=True, slots=True)
class Declare(Statement):
    variables: tuple[Variable, ...]


@dataclass(frozen=True, slots=True)
class SetVariable(Statement):
    """`SET @name = value`; `+=` and its like are written out."""

    name: str
    value: exp.Expr


@dataclass(frozen=True, slots=True)
class SetOption(Statement):
    """`SET name, ... value`: True and False for ON and OFF, a word in upper case, or an expression."""

    names: tuple[str, ...]
    value: bool | str | exp.Expr


@dataclass(frozen=True, slots=True)
class SetIdentityInsert(Statement):
    table: Name
    on: bool


@dataclass(frozen=True, slots=True)
class SetResultSetCaching(Statement):
    """For the session, or with `database` for a database."""

    on: bool
    database: str = ""


@dataclass(frozen=True, slots=True)
class Block(Statement):
    """`BEGIN ... END`."""

    body: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class If(Statement):
    condition: exp.Expr
    then: Statement
    otherwise: Statement | None = None


@dataclass(frozen=True, slots=True)
class While(Statement):
    condition: exp.Expr
    body: Statement


@dataclass(frozen=True, slots=True)
class Break(Statement):
    pass


@dataclass(frozen=True, slots=True)
class Continue(Statement):
    pass


@dataclass(frozen=True, slots=True)
class TryCatch(Statement):
    body: tuple[Statement, ...]
    handler: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class Throw(Statement):
    """All three are None for a THROW that passes the caught error on."""

    number: exp.Expr | None = None
    message: exp.Expr | None = None
    state: exp.Expr | None = None


@dataclass(frozen=True, slots=True)
class RaiseError(Statement):
    """`RAISERROR (message, severity, state, argument, ...) [WITH option, ...]`."""

    message: exp.Expr
    severity: exp.Expr
    state: exp.Expr
    arguments: tuple[exp.Expr, ...] = ()
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Print(Statement):
    value: exp.Expr


@dataclass(frozen=True, slots=True)
class Return(Statement):
    value: exp.Expr | None = None


@dataclass(frozen=True, slots=True)
class BeginTransaction(Statement):
    name: str = ""


@dataclass(frozen=True, slots=True)
class Commit(Statement):
    name: str = ""


@dataclass(frozen=True, slots=True)
class Rollback(Statement):
    name: str = ""


@dataclass(frozen=True, slots=True)
class Explain(Statement):
    statement: Statement
    recommendations: bool = False


@dataclass(frozen=True, slots=True)
class Use(Statement):
    database: str


@dataclass(frozen=True, slots=True)
class Dbcc(Statement):
    """`DBCC command (argument, ...)`; the command is in upper case, a name as argument is a string."""

    command: str
    arguments: tuple[exp.Expr, ...] = ()
    options: tuple[str, ...] = ()
