"""Conversions to dates and times."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from engine.errors import UnsupportedSqlError
from engine.sql.meaning.conversion.to_number import moment_of_days
from engine.sql.meaning.dates.moments import EPOCH
from engine.sql.meaning.dates.rounding import rounded_tree
from engine.sql.meaning.dates.zones import local_time, zoned_time
from engine.sql.meaning.trees import binary, call, cast, text
from engine.sql.meaning.types import DATE, DATETIME2, NUMBERS, TEXT, TIME, Base, SqlType

if TYPE_CHECKING:
    from engine.sql.meaning.conversion.request import Request
    from engine.sql.meaning.values import Value


def to_moment(value: Value, target: SqlType, request: Request) -> exp.Expr:
    """Convert anything that converts to a date or a time."""
    if target.base is Base.DATETIMEOFFSET:
        return _to_instant(value, target, request)
    if value.type.base in TEXT:
        return _from_text(value, target, request)
    if target.base is Base.TIME and value.type.base is Base.TIME:
        return _rounded_time(value.tree, target)
    return _finished(as_timestamp(value), value.type, target, request)


def as_timestamp(value: Value) -> exp.Expr:
    """Give a date, time, datetimeoffset or number of days as the TIMESTAMP of its wall clock."""
    tree, base = value.tree, value.type.base
    if base in NUMBERS:
        return moment_of_days(value)
    if base is Base.DATE:
        return cast(tree, DATETIME2)
    if base is Base.TIME:
        return binary(exp.Add, cast(text(EPOCH.isoformat()), DATE), tree)
    if base is Base.DATETIMEOFFSET:
        return local_time(tree, known_zone(value.type))
    return tree


def known_zone(kind: SqlType) -> str:
    """Give the zone whose wall clock a datetimeoffset shows.

    Raises:
        UnsupportedSqlError: It differs from row to row.
    """
    if kind.zone is None:
        raise UnsupportedSqlError(
            "The offset of this datetimeoffset differs from row to row, and only instants are stored.",
            "Write AT TIME ZONE 'UTC' behind it.",
        )
    return kind.zone


def _finished(moment: exp.Expr, source: SqlType, target: SqlType, request: Request) -> exp.Expr:
    """Round a TIMESTAMP to what the target type keeps."""
    safe = exp.Boolean(this=request.safe)
    match target.base:
        case Base.DATE:
            return cast(moment, DATE)
        case Base.DATETIME:
            return moment if source.base is Base.SMALLDATETIME else call("tsql_datetime", moment, safe)
        case Base.SMALLDATETIME:
            return call("tsql_smalldatetime", moment, safe)
    if source.base is Base.DATETIME:
        moment = call("tsql_exact_datetime", moment)
    finer = source.base in (Base.DATE, Base.SMALLDATETIME) or (
        source.base is target.base and source.size <= target.size
    )
    rounded = moment if finer else rounded_tree(moment, target.size)
    return cast(rounded, TIME) if target.base is Base.TIME else rounded


def _rounded_time(tree: exp.Expr, target: SqlType) -> exp.Expr:
    moment = binary(exp.Add, cast(text(EPOCH.isoformat()), DATE), tree)
    return cast(rounded_tree(moment, target.size), TIME)


def _from_text(value: Value, target: SqlType, request: Request) -> exp.Expr:
    safe = exp.Boolean(this=request.safe)
    if target.base is Base.DATETIME:
        return call("tsql_read_datetime", value.tree, safe)
    moment = call("tsql_read_moment", value.tree, safe)
    return _finished(moment, DATETIME2, target, request)


def _to_instant(value: Value, target: SqlType, request: Request) -> exp.Expr:
    if value.type.base in TEXT:
        return call("tsql_read_instant", value.tree, exp.Boolean(this=request.safe))
    if value.type.base is Base.DATETIMEOFFSET:
        return value.tree if target.size >= min(value.type.size, 6) else _rounded_instant(value.tree, target)
    moment = _finished(as_timestamp(value), value.type, SqlType(Base.DATETIME2, target.size), request)
    return zoned_time(moment, "UTC")


def _rounded_instant(tree: exp.Expr, target: SqlType) -> exp.Expr:
    return zoned_time(rounded_tree(local_time(tree, "UTC"), target.size), "UTC")
