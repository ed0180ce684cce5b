"""Conversions to numbers.

Roundings are those of "CAST and CONVERT": decimal and float become integers by cutting, money and datetime by
rounding; everything becomes decimal and money by rounding half away from zero.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from engine.sql.meaning.dates.moments import EPOCH
from engine.sql.meaning.trees import binary, call, cast, cast_as, number, text
from engine.sql.meaning.types import (
    APPROXIMATE,
    BIGINT,
    DATETIME2,
    INTEGERS,
    LEGACY_DATES,
    MONEYS,
    TEXT,
    Base,
    SqlType,
)

if TYPE_CHECKING:
    from engine.sql.meaning.conversion.request import Request
    from engine.sql.meaning.values import Value

_READERS = {Base.DECIMAL: "tsql_decimal_text", Base.FLOAT: "tsql_float_text", Base.REAL: "tsql_float_text"}
_DAY = 86_400_000_000  # microseconds


def to_number(value: Value, target: SqlType, request: Request) -> exp.Expr:
    """Convert anything that converts to a number."""
    tree, source = value.tree, value.type
    if source.base in TEXT:
        return _from_text(tree, target, request)
    if source.base in LEGACY_DATES:
        tree, source = days_since_epoch(tree), SqlType(Base.FLOAT)
        tree = call("ROUND", tree) if target.base in INTEGERS else tree
    if target.base is Base.BIT:
        return binary(exp.NEQ, tree, number(0))
    if target.base in INTEGERS and source.base in MONEYS:
        tree = call("ROUND", tree, number(0))
    elif target.base in INTEGERS and source.base in APPROXIMATE | {Base.DECIMAL}:
        tree = call("TRUNC", tree)
    return cast(tree, target, safe=request.safe)


def _from_text(tree: exp.Expr, target: SqlType, request: Request) -> exp.Expr:
    safe = exp.Boolean(this=request.safe)
    if target.base is Base.BIT:
        return call("tsql_bit", tree, safe)
    if target.base in INTEGERS:
        whole = call("tsql_integer", tree, text(target.base), safe)
        return whole if target == BIGINT else cast(whole, target, safe=request.safe)
    reader = _READERS.get(target.base, "tsql_money_text")
    shown = "numeric" if target.base is Base.DECIMAL else target.base
    return cast(call(reader, tree, text(shown), safe), target, safe=request.safe)


def days_since_epoch(moment: exp.Expr) -> exp.Expr:
    """Give the days since 1900-01-01, with the time of day as a fraction: what a datetime is as a float."""
    origin = cast(text(EPOCH.isoformat()), DATETIME2)
    passed = call("DATE_DIFF", text("microsecond"), origin, moment)
    return binary(exp.Div, cast_as(passed, "DOUBLE"), number(_DAY))


def moment_of_days(days: Value) -> exp.Expr:
    """Give the moment so many days after 1900-01-01, not yet rounded to datetime."""
    return binary(exp.Add, cast(text(EPOCH.isoformat()), DATETIME2), interval_of_days(days))


def interval_of_days(days: Value) -> exp.Expr:
    """Give a number of days, with the time of day as a fraction, as an interval."""
    if days.type.base in INTEGERS:
        return call("TO_DAYS", cast_as(days.tree, "INT"))
    exact = binary(exp.Mul, cast_as(days.tree, "DOUBLE"), number(_DAY))
    return call("TO_MICROSECONDS", cast_as(call("ROUND", exact), "BIGINT"))
