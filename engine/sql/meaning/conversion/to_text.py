"""Conversions to char, varchar, nchar and nvarchar."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from engine.errors import UnsupportedSqlError
from engine.sql.meaning.conversion.to_moment import as_timestamp, known_zone
from engine.sql.meaning.dates.pictures import render_picture
from engine.sql.meaning.dates.styles import picture_of_style
from engine.sql.meaning.dates.zones import offset_minutes, shown_offset
from engine.sql.meaning.precedence import exact_digits
from engine.sql.meaning.trees import call, cast_as, join_text, number, text
from engine.sql.meaning.types import (
    APPROXIMATE,
    BYTES,
    FIXED_TEXT,
    INTEGERS,
    LEGACY_DATES,
    MAX,
    MONEYS,
    TEMPORAL,
    TEXT,
    UNICODE,
    Base,
    SqlType,
)

if TYPE_CHECKING:
    from engine.sql.meaning.conversion.request import Request
    from engine.sql.meaning.values import Value

# The styles of float: digits behind the point in scientific notation; style 0 has six digits in all.
_FLOAT_STYLES = {0: "%.6g", 1: "%.7e", 2: "%.15e", 3: "%.16e"}
_MONEY_STYLES = {0: 2, 1: 2, 2: 4, 126: 4}
# The most characters that an integer needs, sign included.
_INTEGER_LENGTH = {Base.TINYINT: 3, Base.SMALLINT: 6, Base.INT: 11, Base.BIGINT: 20}


def to_text(value: Value, target: SqlType, request: Request) -> exp.Expr:
    """Convert anything to text of the target's length."""
    base = value.type.base
    if base in TEXT:
        return _sized(value.tree, value.type, target)
    if base in INTEGERS:
        return _padded(_from_integer(value, target), target)
    if base in TEMPORAL:
        return _sized(_from_moment(value, request), None, target)
    if base in BYTES:
        return _sized(_from_bytes(value, target, request), None, target)
    shown, longest = _from_number(value, request)
    return _padded(_fitted(shown, longest, value.type, target), target)


def implicit_length(kind: SqlType) -> int:
    """Give the length of the text that a value becomes by itself: in CONCAT, `+` and comparisons."""
    if kind.base in TEXT or kind.base in BYTES:
        return kind.size
    if kind.base is Base.DECIMAL:
        return kind.size + 3
    return {Base.UNIQUEIDENTIFIER: 36, Base.BIT: 1, **_INTEGER_LENGTH}.get(kind.base, 40)


def _sized(tree: exp.Expr, source: SqlType | None, target: SqlType) -> exp.Expr:
    """Cut to the length of the target, and pad where it is fixed."""
    fits = target.size == MAX or (source is not None and source.size != MAX and source.size <= target.size)
    return _padded(tree if fits else call("LEFT", tree, number(target.size)), target)


def _padded(tree: exp.Expr, target: SqlType) -> exp.Expr:
    return call("RPAD", tree, number(target.size), text(" ")) if target.base in FIXED_TEXT else tree


def _from_integer(value: Value, target: SqlType) -> exp.Expr:
    """An int that does not fit becomes `*`; a bigint, and any integer in Unicode, is an error."""
    shown = cast_as(value.tree, "VARCHAR")
    longest = _INTEGER_LENGTH[value.type.base]
    if target.base in UNICODE or value.type.base is Base.BIGINT:
        return _fitted(shown, longest, value.type, target)
    if target.size == MAX or longest <= target.size:
        return shown
    return call("tsql_starred", shown, number(target.size))


def _fitted(shown: exp.Expr, longest: int, source: SqlType, target: SqlType) -> exp.Expr:
    """End the statement where a number's text is longer than the target."""
    if target.size == MAX or longest <= target.size:
        return shown
    return call("tsql_fitted", shown, number(target.size), text(source.base), text(target.base))


def _from_number(value: Value, request: Request) -> tuple[exp.Expr, int]:
    base = value.type.base
    if base is Base.BIT:
        return cast_as(cast_as(value.tree, "INT"), "VARCHAR"), 1
    if base is Base.UNIQUEIDENTIFIER:
        return call("UPPER", cast_as(value.tree, "VARCHAR")), 36
    if base in MONEYS:
        return _from_money(value, request), 30
    if base in APPROXIMATE:
        picture = _FLOAT_STYLES.get(request.style or 0)
        if picture is None:
            raise _bad_style(request.style, value.type)
        return call("tsql_exponent", call("PRINTF", text(picture), cast_as(value.tree, "DOUBLE"))), 24
    return _from_decimal(value), exact_digits(value.type)[0] + 3


def _from_decimal(value: Value) -> exp.Expr:
    """Write a decimal; DuckDB leaves out the zero before the point where the type has no room for it."""
    digits, scale = exact_digits(value.type)
    if digits > scale:
        return cast_as(value.tree, "VARCHAR")
    if digits < 38:
        return cast_as(cast_as(value.tree, f"DECIMAL({digits + 1}, {scale})"), "VARCHAR")
    return call("REGEXP_REPLACE", cast_as(value.tree, "VARCHAR"), text("^(-?)[.]"), text("\\10."))


def _from_money(value: Value, request: Request) -> exp.Expr:
    decimals = _MONEY_STYLES.get(request.style or 0)
    if decimals is None:
        raise _bad_style(request.style, value.type)
    shown = cast_as(cast_as(value.tree, f"DECIMAL(19, {decimals})"), "VARCHAR")
    return call("tsql_money_commas", shown) if request.style == 1 else shown


def _from_moment(value: Value, request: Request) -> exp.Expr:
    picture = picture_of_style(value.type, request.style)
    if value.type.base is not Base.DATETIMEOFFSET:
        shown = render_picture(picture, as_timestamp(value))
        short = value.type.base in LEGACY_DATES and request.style in (126, 127)
        return call("REGEXP_REPLACE", shown, text("[.]000$"), text("")) if short else shown
    if request.style == 127:
        raise _bad_style(request.style, value.type)
    zone = known_zone(value.type)
    minutes = offset_minutes(zone)
    if minutes is None and zone == "UTC":
        minutes = 0
    offset = call("tsql_offset", value.tree, text(zone)) if minutes is None else text(shown_offset(minutes))
    return join_text([render_picture(picture, as_timestamp(value)), text(" "), offset])


def _from_bytes(value: Value, target: SqlType, request: Request) -> exp.Expr:
    """Style 0 takes the bytes for characters, 1 and 2 write them in hexadecimal."""
    style = request.style or 0
    if style in (1, 2):
        digits = call("HEX", value.tree)
        return join_text([text("0x"), digits]) if style == 1 else digits
    if style != 0:
        raise _bad_style(request.style, value.type)
    if target.base in UNICODE:
        raise UnsupportedSqlError(
            f"Conversion from {value.type.base} to {target.base} is not supported: its bytes are UTF-16.",
            "Convert to varchar, or use style 1 for hexadecimal digits.",
        )
    return call("DECODE", value.tree)


def _bad_style(style: int | None, kind: SqlType) -> UnsupportedSqlError:
    return UnsupportedSqlError(
        f"Style {style} is not supported for {kind.base}.",
        "Use one of the styles that CAST and CONVERT document for it.",
        style=style,
    )
