"""The type that several values take when they meet: in CASE, COALESCE, UNION, IN, and in a comparison."""

from __future__ import annotations

from collections.abc import Iterable

from engine.errors import BindError
from engine.sql.meaning.types import (
    BYTES,
    FIXED_TEXT,
    FRACTIONED,
    MAX,
    NULL,
    PRECEDENCE,
    TEXT,
    UNICODE,
    Base,
    SqlType,
    decimal,
)

_DIGITS = {
    Base.BIT: (1, 0),
    Base.TINYINT: (3, 0),
    Base.SMALLINT: (5, 0),
    Base.INT: (10, 0),
    Base.BIGINT: (19, 0),
    Base.SMALLMONEY: (10, 4),
    Base.MONEY: (19, 4),
}


def exact_digits(kind: SqlType) -> tuple[int, int]:
    """Give precision and scale of the decimal that holds every value of an exact number type."""
    return (kind.size, kind.scale) if kind.base is Base.DECIMAL else _DIGITS[kind.base]


def common_type(kinds: Iterable[SqlType]) -> SqlType:
    """Give the type of the highest precedence, wide enough for all.

    Raises:
        BindError: Two of the types never meet, such as date and int.
    """
    result = NULL
    for kind in kinds:
        result = _pair(result, kind)
    return result


def _pair(left: SqlType, right: SqlType) -> SqlType:
    if NULL in (left, right):
        return right if left == NULL else left
    high, low = sorted((left, right), key=lambda kind: PRECEDENCE[kind.base])
    _check_meeting(high, low)
    trimmed = left.trimmed and right.trimmed
    collation = left.collation or right.collation
    if high.base in TEXT and low.base in TEXT:
        return _text(high, low).with_facts(trimmed=trimmed, collation=collation)
    if high.base in BYTES and low.base in BYTES:
        return SqlType(high.base, _longer(high.size, low.size))
    if high.base is Base.DECIMAL and low.is_number:
        return _decimal(exact_digits(high), exact_digits(low))
    if high.base in FRACTIONED:
        zone = high.zone if high.zone == low.zone or low.base is not high.base else "UTC"
        return SqlType(high.base, max(high.size, low.size), zone=zone)
    return high


def _check_meeting(high: SqlType, low: SqlType) -> None:
    modern = high.is_temporal and high.base not in (Base.DATETIME, Base.SMALLDATETIME)
    clash = (
        (modern and low.is_number)
        or (high.base is Base.DATE and low.base is Base.TIME)
        or (high.is_temporal and low.base is Base.UNIQUEIDENTIFIER)
        or (high.is_number and low.base is Base.UNIQUEIDENTIFIER)
        or (high.is_temporal and low.is_bytes)
    )
    if clash:
        raise clash_of(high, low)


def clash_of(left: SqlType, right: SqlType) -> BindError:
    """Word the error of two types that never meet (SQL Server's message 206)."""
    return BindError(
        f"Operand type clash: {left.base} is incompatible with {right.base}.",
        "Convert one of the two with CAST or CONVERT.",
        left=str(left),
        right=str(right),
    )


def _text(high: SqlType, low: SqlType) -> SqlType:
    size = _longer(high.size, low.size)
    fixed = high.base in FIXED_TEXT and low.base in FIXED_TEXT
    wide = high.base in UNICODE or low.base in UNICODE
    base = (Base.NCHAR if fixed else Base.NVARCHAR) if wide else (Base.CHAR if fixed else Base.VARCHAR)
    return SqlType(base, min(size, 4000) if wide and size != MAX else size)


def _longer(left: int, right: int) -> int:
    return MAX if MAX in (left, right) else max(left, right)


def _decimal(left: tuple[int, int], right: tuple[int, int]) -> SqlType:
    """Keep the digits before the point when there is no room for all ("Precision, scale, and length")."""
    scale = max(left[1], right[1])
    whole = max(left[0] - left[1], right[0] - right[1])
    digits = min(38, whole + scale)
    return decimal(digits, min(scale, digits - whole) if whole + scale > 38 else scale)
