"""Conversions of constants, done before any data is read: so that files can be pruned by them."""

from __future__ import annotations

import datetime as dt
import re
import struct
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal, InvalidOperation, localcontext
from typing import TYPE_CHECKING, TypeVar
from uuid import UUID

from engine.errors import UnsupportedSqlError
from engine.sql.meaning.dates import grammar
from engine.sql.meaning.dates.moments import EPOCH, Moment, read_moment
from engine.sql.meaning.dates.rounding import rounded_clock, rounded_datetime, rounded_smalldatetime
from engine.sql.meaning.dates.zones import shown_offset
from engine.sql.meaning.failures import CONVERSION, DATE_CONVERSION, OVERFLOW, failure
from engine.sql.meaning.trees import cast
from engine.sql.meaning.types import (
    APPROXIMATE,
    FIXED_TEXT,
    INTEGERS,
    LEGACY_DATES,
    MAX,
    MONEYS,
    TEMPORAL,
    TEXT,
    Base,
    SqlType,
)
from engine.sql.meaning.values import Constant, Value, constant

if TYPE_CHECKING:
    from engine.sql.meaning.conversion.request import Request

_RANGES: dict[Base, tuple[int | Decimal, int | Decimal]] = {
    Base.TINYINT: (0, 255),
    Base.SMALLINT: (-(2**15), 2**15 - 1),
    Base.INT: (-(2**31), 2**31 - 1),
    Base.BIGINT: (-(2**63), 2**63 - 1),
    Base.MONEY: (Decimal(-(2**63)) / 10000, Decimal(2**63 - 1) / 10000),
    Base.SMALLMONEY: (Decimal(-(2**31)) / 10000, Decimal(2**31 - 1) / 10000),
}
Number = TypeVar("Number", int, Decimal)

_INTEGER = re.compile(r" *([+-]?\d*) *", re.ASCII)
_DECIMAL = re.compile(r" *([+-]?(?:\d+\.?\d*|\.\d+)) *", re.ASCII)
_FLOAT = re.compile(r" *([+-]?(?:\d+\.?\d*|\.\d+)(?:[eEdD][+-]?\d{1,3})?) *", re.ASCII)
_MONEY = re.compile(r" *(?:[+-]? *[$£€¥]?|[$£€¥] *[+-]?) *(?:\d[\d,]*\.?\d*|\.\d+) *", re.ASCII)
_GUID = re.compile(r"\{?([0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}).*", re.DOTALL)
_DAY = 86_400_000_000


class _FoldError(Exception):
    """The constant has no such value; args are number and text of SQL Server's message."""


def folded(value: Value, target: SqlType, request: Request) -> Value | None:
    """Convert a constant now; None where that is left to DuckDB.

    A text that cannot be converted becomes an expression that fails when it is reached, or NULL when the
    conversion is a safe one.
    """
    try:
        if isinstance(value.constant, str):
            result = _from_text(value.constant, target, request)
        elif isinstance(value.constant, int | Decimal | float):
            rounding = ROUND_HALF_UP if value.type.base in MONEYS else ROUND_DOWN
            result = _from_number(value.constant, target, rounding)
        else:
            return None
    except _FoldError as error:
        if request.safe:
            return constant(None, target)
        return Value(cast(failure(*error.args), target), target)
    if result is None:
        return None
    if isinstance(result, str):
        facts = target.with_facts(trimmed=not result.endswith(" "), collation=value.type.collation)
        return constant(result, facts)
    return constant(result, target.with_facts(zone=_zone(result)))


def _zone(value: Constant) -> str | None:
    offset = value.utcoffset() if isinstance(value, dt.datetime) else None
    return None if offset is None else shown_offset(int(offset.total_seconds()) // 60)


def _from_text(text: str, target: SqlType, request: Request) -> Constant:
    base = target.base
    if base in TEMPORAL:
        return _moment(text, target, request)
    if base is Base.UNIQUEIDENTIFIER:
        match = _GUID.fullmatch(text)
        if match is None:
            raise _FoldError(
                8169, "Conversion failed when converting from a character string to uniqueidentifier."
            )
        return UUID(match[1])
    if base is Base.BIT and text.strip(" ").lower() in ("true", "false"):
        return text.strip(" ").lower() == "true"
    if base in INTEGERS or base is Base.BIT:
        return _from_number(_integer(text, target), target)
    if base in APPROXIMATE or base is Base.DECIMAL or base in MONEYS:
        return _from_number(_number(text, target), target)
    return _cut(text, target) if base in TEXT else None


def _cut(text: str, target: SqlType) -> str:
    if target.size == MAX:
        return text
    return text[: target.size].ljust(target.size if target.base in FIXED_TEXT else 0)


def _integer(text: str, target: SqlType) -> int:
    match = _INTEGER.fullmatch(text)
    if match is None:
        raise _unreadable(text, target)
    return int(match[1]) if match[1].strip("+-") else 0


def _number(text: str, target: SqlType) -> Decimal:
    pattern = _DECIMAL if target.base is Base.DECIMAL else _MONEY if target.base in MONEYS else _FLOAT
    if not text.strip(" ") and pattern is not _DECIMAL:
        return Decimal(0)
    if pattern.fullmatch(text) is None:
        raise _unreadable(text, target)
    bare = re.sub(r"[$£€¥, ]", "", text) if pattern is _MONEY else text.strip(" ").lower().replace("d", "e")
    return Decimal(bare)


def _unreadable(text: str, target: SqlType) -> _FoldError:
    return _FoldError(
        CONVERSION, f"Conversion failed when converting the varchar value '{text}' to data type {target}."
    )


def _from_number(value: float | Decimal, target: SqlType, rounding: str = ROUND_DOWN) -> Constant:
    base = target.base
    if base in APPROXIMATE:
        return float(value) if base is Base.FLOAT else _single(float(value))
    if base is Base.BIT:
        return value != 0
    if base in LEGACY_DATES:
        return _moment_of_days(value, target)
    # DuckDB rounds floats: constants as columns.
    return None if isinstance(value, float) else _exact(Decimal(value), target, rounding)


def _exact(value: Decimal, target: SqlType, rounding: str) -> int | Decimal | None:
    if target.base in INTEGERS:
        return _in_range(int(value.to_integral_value(rounding)), target)
    if target.base in MONEYS:
        return _in_range(_quantized(value, 4, 19), target)
    return _quantized(value, target.scale, target.size) if target.base is Base.DECIMAL else None


def _quantized(value: Decimal, scale: int, digits: int) -> Decimal:
    try:
        with localcontext(prec=digits):
            return value.quantize(Decimal(1).scaleb(-scale), ROUND_HALF_UP)
    except InvalidOperation:
        raise _FoldError(
            OVERFLOW, "Arithmetic overflow error converting a value to data type numeric."
        ) from None


def _single(value: float) -> float:
    """Round to the 24 bits of a real."""
    try:
        return float(struct.unpack("f", struct.pack("f", value))[0])
    except OverflowError:
        raise _FoldError(
            OVERFLOW, "Arithmetic overflow error converting a value to data type real."
        ) from None


def _in_range(value: Number, target: SqlType) -> Number:
    low, high = _RANGES[target.base]
    if not low <= value <= high:
        raise _FoldError(
            OVERFLOW, f"Arithmetic overflow error converting the value {value} to data type {target}."
        )
    return value


def _moment_of_days(days: float | Decimal, target: SqlType) -> dt.datetime:
    try:
        passed = dt.timedelta(microseconds=round(Decimal(days) * _DAY))
        return _legacy(_midnight(EPOCH) + passed, target)
    except OverflowError:
        raise _FoldError(
            OVERFLOW, f"Arithmetic overflow error converting a value to data type {target}."
        ) from None


def _midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time())


def _moment(text: str, target: SqlType, request: Request) -> Constant:
    moment = read_moment(day_first(text) if request.style in grammar.DAY_FIRST_STYLES else text)
    if moment is None or (target.base in LEGACY_DATES and not _suits_legacy(moment)):
        raise _FoldError(
            DATE_CONVERSION, "Conversion failed when converting date and/or time from character string."
        )
    if target.base is Base.DATE:
        return moment.date
    if target.base in LEGACY_DATES:
        return _legacy(_midnight(moment.date) + dt.timedelta(microseconds=moment.clock // 10), target)
    return _precise(moment, target)


def _precise(moment: Moment, target: SqlType) -> Constant:
    """Give a time, datetime2 or datetimeoffset, rounded to its digits."""
    passed = dt.timedelta(microseconds=_microseconds(rounded_clock(moment.clock, target.size)))
    if target.base is Base.TIME:
        return (_midnight(EPOCH) + passed).time()
    exact = _midnight(moment.date) + passed
    if target.base is Base.DATETIMEOFFSET:
        return exact.replace(tzinfo=dt.timezone(dt.timedelta(minutes=moment.offset or 0)))
    return exact


def day_first(text: str) -> str:
    """Bring a text of a style that puts the day first into the order of DATEFORMAT mdy.

    >>> day_first("29/02/2024"), day_first("2024-02-29")
    ('02/29/2024', 'day first')
    """
    if re.match(grammar.DAY_FIRST[0], text):
        return re.sub(*grammar.DAY_FIRST, text)
    return text if re.search(grammar.ANY_ORDER, text) else "day first"


def _suits_legacy(moment: Moment) -> bool:
    """Whether datetime reads it: three digits of a fraction at most, and no offset but Z."""
    return moment.digits <= 3 and not moment.offset


def _legacy(moment: dt.datetime, target: SqlType) -> dt.datetime:
    rounded = rounded_smalldatetime(moment) if target.base is Base.SMALLDATETIME else rounded_datetime(moment)
    if rounded is None:
        raise _FoldError(242, f"The conversion to a {target} data type resulted in an out-of-range value.")
    return rounded


def _microseconds(ticks: int) -> int:
    if ticks % 10:
        raise UnsupportedSqlError(
            "A time with seven digits of a second's fraction cannot be kept: tables hold microseconds.",
            "Write at most six digits.",
        )
    return ticks // 10
