"""Numbers as FORMAT writes them under en-US: .NET's standard and custom pictures."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlglot import exp

from engine.errors import UnsupportedSqlError
from engine.sql.meaning.trees import binary, call, case, cast, cast_as, join_text, number, text
from engine.sql.meaning.types import APPROXIMATE, INTEGERS, decimal

if TYPE_CHECKING:
    from engine.sql.meaning.values import Value

_STANDARD = re.compile(r"([A-Za-z])(\d{0,2})")
_CUSTOM = re.compile(
    r"(?P<before>(?:'[^']*'|[^0#,.%;'\\eE])*)(?P<whole>[#0,]*)(?:\.(?P<fraction>[0#]*))?"
    r"(?P<after>(?:'[^']*'|[^0#,.;'\\eE])*)"
)


@dataclass(frozen=True, slots=True)
class _Layout:
    """How a number is written: text around it, and its digits."""

    before: str = ""
    after: str = ""
    minus: str = "-"
    behind_minus: str = ""
    grouped: bool = False
    zeros: int = 1
    least: int = 2
    most: int = 2
    percent: bool = False


def format_number(value: Value, picture: str) -> exp.Expr:
    """Write a number.

    Args:
        value: A number.
        picture: Such as `N2`, `C`, `P1`, `D5`, `X`, `#,##0.00`.

    Raises:
        UnsupportedSqlError: A picture that is not known here.
    """
    standard = _STANDARD.fullmatch(picture)
    if standard is None:
        return _laid_out(value, _custom(picture))
    letter, digits = standard[1].upper(), standard[2]
    if letter in "DX" and value.type.base in INTEGERS:
        return _integer(value, standard[1], int(digits or 1))
    if letter == "G" and not digits and value.type.base not in APPROXIMATE:
        return cast_as(value.tree, "VARCHAR")
    places = int(digits) if digits else 2
    layouts = {
        "N": _Layout(grouped=True, least=places, most=places),
        "F": _Layout(least=places, most=places),
        "C": _Layout("$", "", "(", ")", grouped=True, least=places, most=places),
        "P": _Layout("", " %", grouped=True, least=places, most=places, percent=True),
    }
    if letter not in layouts or places > 20:
        raise _refused(picture)
    return _laid_out(value, layouts[letter])


def _custom(picture: str) -> _Layout:
    match = _CUSTOM.fullmatch(picture)
    if match is None or not (match["whole"] or match["fraction"]) or match["whole"].endswith(","):
        raise _refused(picture)
    whole, fraction = match["whole"], match["fraction"] or ""
    percent = match["after"].count("%")
    if percent > 1 or "%" in match["before"] or "#" in fraction.rstrip("#") or "0#" in whole.replace(",", ""):
        raise _refused(picture)
    return _Layout(
        match["before"].replace("'", ""),
        match["after"].replace("'", ""),
        grouped="," in whole,
        zeros=whole.count("0"),
        least=fraction.count("0"),
        most=len(fraction),
        percent=percent == 1,
    )


def _laid_out(value: Value, layout: _Layout) -> exp.Expr:
    rounded = _rounded(value, layout)
    digits = call(
        "tsql_digits",
        cast_as(call("ABS", rounded), "VARCHAR"),
        exp.Boolean(this=layout.grouped),
        number(layout.zeros),
        number(layout.least),
    )
    positive = join_text([text(layout.before), digits, text(layout.after)])
    minus, behind = text(layout.minus + layout.before), text(layout.after + layout.behind_minus)
    return case([(binary(exp.LT, rounded, number(0)), join_text([minus, digits, behind]))], positive)


def _rounded(value: Value, layout: _Layout) -> exp.Expr:
    """Round half away from zero; of a float only 15 digits count, as in .NET."""
    tree = value.tree
    if value.type.base in APPROXIMATE:
        tree = call("PRINTF", text("%.14e"), cast_as(tree, "DOUBLE"))
    if layout.percent:
        return cast(
            binary(exp.Mul, cast(tree, decimal(38, layout.most + 2)), number(100)), decimal(38, layout.most)
        )
    return cast(tree, decimal(38, layout.most))


def _integer(value: Value, letter: str, digits: int) -> exp.Expr:
    """Write an integer with leading zeros, or a non-negative one in hexadecimal."""
    if letter.upper() == "X":
        return call("PRINTF", text(f"%0{digits}{letter}"), cast_as(value.tree, "BIGINT"))
    shown = cast_as(call("ABS", cast_as(value.tree, "HUGEINT")), "VARCHAR")
    width = cast_as(call("GREATEST", call("LENGTH", shown), number(digits)), "INT")
    padded = call("LPAD", shown, width, text("0"))
    return case([(binary(exp.LT, value.tree, number(0)), join_text([text("-"), padded]))], padded)


def _refused(picture: str) -> UnsupportedSqlError:
    return UnsupportedSqlError(
        f"The number format '{picture}' is not supported.",
        "Use N, F, C, P with a number of digits, or digits as in '#,##0.00'.",
        format=picture,
    )
