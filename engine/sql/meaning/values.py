"""A DuckDB expression together with the T-SQL type of what it gives."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import Enum
from uuid import UUID

from sqlglot import exp

from engine.errors import UnsupportedSqlError
from engine.sql.meaning.trees import call, cast, number, text
from engine.sql.meaning.types import MONEYS, PREDICATE, Base, SqlType


class _Unknown(Enum):
    UNKNOWN = "only the data can tell"


UNKNOWN = _Unknown.UNKNOWN
Constant = None | bool | int | Decimal | float | str | bytes | dt.date | dt.time | UUID


@dataclass(frozen=True, slots=True)
class Value:
    """An expression and its T-SQL type.

    The expression has exactly the DuckDB type of `type`; only constants may have another one, since DuckDB
    gives literals the type that their place wants.

    Attributes:
        tree: The DuckDB expression.
        type: The T-SQL type.
        constant: The value itself if it is known before any data is read; a datetime stands for all types
            that have a date and a time, an aware one for datetimeoffset.
    """

    tree: exp.Expr
    type: SqlType
    constant: Constant | _Unknown = UNKNOWN

    @property
    def is_constant(self) -> bool:
        return self.constant is not UNKNOWN

    @property
    def is_null(self) -> bool:
        """It is the constant NULL, of whatever type."""
        return self.constant is None

    def retyped(self, kind: SqlType) -> Value:
        """Give the same expression another T-SQL type of the same DuckDB type."""
        return replace(self, type=kind)


def constant(value: Constant, kind: SqlType) -> Value:
    """Give a value that is known before any data is read.

    Args:
        value: None, or a Python value that fits the type.
        kind: Its T-SQL type.
    """
    return Value(_literal(value, kind), kind, value)


def predicate(tree: exp.Expr) -> Value:
    return Value(tree, PREDICATE)


def settled(value: Value) -> exp.Expr:
    """Give the expression with its exact DuckDB type, for places where DuckDB would choose one itself."""
    constant = value.constant
    natural = (
        isinstance(constant, str | bytes | bool)
        or (isinstance(constant, int) and value.type.base is Base.INT)
        or (isinstance(constant, float) and value.type.base is Base.FLOAT)
        or isinstance(value.tree, exp.Cast)
    )
    return value.tree if natural or not value.is_constant else cast(value.tree, value.type)


def _literal(value: Constant, kind: SqlType) -> exp.Expr:
    if value is None:
        return exp.Null() if kind.base in (Base.NULL, Base.PREDICATE) else cast(exp.Null(), kind)
    if isinstance(value, bool):
        return exp.Boolean(this=value)
    if isinstance(value, int | Decimal | float):
        return number(_digits(value, kind))
    if isinstance(value, bytes):
        return call("UNHEX", text(value.hex()))
    return text(value) if isinstance(value, str) else cast(text(_shown(value)), kind)


def _digits(value: float | Decimal, kind: SqlType) -> str:
    """Write a number so that DuckDB takes it for an integer, a decimal or a float as it is."""
    if isinstance(value, Decimal):
        return f"{value:.{4 if kind.base in MONEYS else kind.scale}f}"
    shown = repr(value)
    return f"{shown}e0" if isinstance(value, float) and "e" not in shown else shown


def _shown(value: dt.date | dt.time | UUID) -> str:
    if isinstance(value, dt.datetime):
        return value.isoformat(sep=" ")
    return str(value) if isinstance(value, UUID) else value.isoformat()


def integer_of(value: Value, what: str) -> int:
    """Read an integer that must be known before any data is read.

    Raises:
        UnsupportedSqlError: It is not a constant.
    """
    if isinstance(value.constant, int) and not isinstance(value.constant, bool):
        return value.constant
    if isinstance(value.constant, Decimal | float):
        return int(value.constant)
    raise UnsupportedSqlError(f"{what} must be a constant here.", "Write a number or a variable.")


def string_of(value: Value, what: str) -> str:
    """Read a text that must be known before any data is read.

    Raises:
        UnsupportedSqlError: It is not a constant.
    """
    if isinstance(value.constant, str):
        return value.constant
    raise UnsupportedSqlError(f"{what} must be a constant here.", "Write a string or a variable.")
