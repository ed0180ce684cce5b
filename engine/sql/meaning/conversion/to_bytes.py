"""Conversions to binary, varbinary and uniqueidentifier."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from engine.errors import UnsupportedSqlError
from engine.sql.meaning.trees import binary, call, cast_as, number, text
from engine.sql.meaning.types import BYTES, MAX, TEXT, UNICODE, Base, SqlType

if TYPE_CHECKING:
    from engine.sql.meaning.conversion.request import Request
    from engine.sql.meaning.values import Value

_INTEGER_BYTES = {Base.BIT: 1, Base.TINYINT: 1, Base.SMALLINT: 2, Base.INT: 4, Base.BIGINT: 8}


def to_bytes(value: Value, target: SqlType, request: Request) -> exp.Expr:
    """Convert text, integers and bytes to bytes of the target's length."""
    base = value.type.base
    if base in BYTES:
        return _sized(call("HEX", value.tree), value.type, target, left=True, tree=value.tree)
    if base in TEXT:
        return _from_text(value, target, request)
    if base in _INTEGER_BYTES:
        width = _INTEGER_BYTES[base]
        return _sized(_hexadecimal(value.tree, width), SqlType(Base.BINARY, width), target, left=False)
    raise UnsupportedSqlError(
        f"Conversion from {base} to {target.base} is not supported: its bytes are SQL Server's own.",
        "Convert through varchar instead.",
    )


def to_uniqueidentifier(value: Value, request: Request) -> exp.Expr:
    return call("tsql_uniqueidentifier", value.tree, exp.Boolean(this=request.safe))


def _from_text(value: Value, target: SqlType, request: Request) -> exp.Expr:
    style = request.style or 0
    if style in (1, 2):
        digits = call("tsql_hex_digits", value.tree, number(style), exp.Boolean(this=request.safe))
        return _sized(digits, None, target, left=True)
    if style != 0 or value.type.base in UNICODE:
        raise UnsupportedSqlError(
            f"Conversion from {value.type.base} to {target.base} is not supported"
            + (": its bytes are UTF-16." if style == 0 else f" in style {style}."),
            "Convert from varchar, or use style 1 or 2 for hexadecimal digits.",
        )
    return _sized(
        call("HEX", call("ENCODE", value.tree)),
        value.type,
        target,
        left=True,
        tree=call("ENCODE", value.tree),
    )


def _sized(
    digits: exp.Expr,
    source: SqlType | None,
    target: SqlType,
    *,
    left: bool,
    tree: exp.Expr | None = None,
) -> exp.Expr:
    """Cut and pad hexadecimal digits: text and bytes at their right end, integers at their left."""
    longest = MAX if source is None else source.size
    if target.size == MAX or (target.base is Base.VARBINARY and MAX < longest <= target.size):
        return tree or call("UNHEX", digits)
    side, pad = ("LEFT", "RPAD") if left else ("RIGHT", "LPAD")
    width = number(2 * target.size)
    if target.base is Base.BINARY:
        cut = call(side, digits, width)
        return call("UNHEX", call(pad, cut, width, text("0")))
    return call("UNHEX", call(side, digits, width))


def _hexadecimal(tree: exp.Expr, width: int) -> exp.Expr:
    """Write an integer as its two's complement, most significant byte first."""
    if width == 8:
        return call("tsql_bigint_hex", tree)
    unsigned = binary(exp.BitwiseAnd, cast_as(tree, "BIGINT"), number(256**width - 1))
    return call("PRINTF", text(f"%0{2 * width}x"), unsigned)
