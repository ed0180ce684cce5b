"""The operators + - * / %.

>>> from engine.sql.meaning.show import shown
>>> print(shown("SELECT 7 / 2 AS a, qty / 2 AS b, price * qty AS c, name + '!' AS d FROM t"))
SELECT 7 // 2 AS a, t.qty // 2 AS b, CAST(CAST(t.price AS DECIMAL(19, 2)) * t.qty AS DECIMAL(21, 2)) AS c, \
t.name || '!' AS d FROM t AS t
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from sqlglot import exp

from engine.errors import BindError, UnsupportedSqlError
from engine.sql.meaning.arithmetic_types import arithmetic_type, decimal_digits, integer_digits
from engine.sql.meaning.binding.scopes import place
from engine.sql.meaning.concatenating import are_joined, concatenated
from engine.sql.meaning.conversion.convert import convert
from engine.sql.meaning.conversion.to_number import interval_of_days
from engine.sql.meaning.dates.moments import EPOCH
from engine.sql.meaning.decimals import exact_product, exact_quotient, exact_remainder, exact_sum
from engine.sql.meaning.failures import DIVIDE_BY_ZERO, failure
from engine.sql.meaning.precedence import clash_of, common_type
from engine.sql.meaning.trees import binary, call, cast, text
from engine.sql.meaning.types import (
    APPROXIMATE,
    BIT,
    DATETIME,
    INT,
    INTEGERS,
    LEGACY_DATES,
    MONEYS,
    NULL,
    Base,
    SqlType,
    decimal,
)
from engine.sql.meaning.values import Value, settled

if TYPE_CHECKING:
    from engine.sql.meaning.binding.context import Context

SYMBOLS = {exp.Add: "+", exp.Sub: "-", exp.Mul: "*", exp.Div: "/", exp.Mod: "%"}
_NAMES = {"+": "add", "-": "subtract", "*": "multiply", "/": "divide", "%": "modulo"}
_NODES = {symbol: node for node, symbol in SYMBOLS.items()}
_DIVISIONS = {"/": "tsql_quotient", "%": "tsql_remainder"}


def arithmetic(node: exp.Binary, context: Context) -> Value:
    """Translate one of the five operators by the types of its operands."""
    left, right = context.value(node.this), context.value(node.expression)
    return operate(SYMBOLS[type(node)], left, right, node)


def operate(symbol: str, left: Value, right: Value, node: exp.Expr) -> Value:
    """Combine two values; `node` is where they stand."""
    if symbol == "+" and are_joined(left.type, right.type):
        return concatenated(left, right)
    if symbol in "+-" and {left.type.base, right.type.base} & LEGACY_DATES:
        return _moved(symbol, left, right)
    left, right = _as_numbers(left, right)
    for kind in (left.type, right.type):
        if not kind.is_number:
            raise _invalid(kind, symbol, node)
    if symbol == "%" and {left.type.base, right.type.base} & APPROXIMATE:
        raise _invalid(left.type if left.type.base in APPROXIMATE else right.type, symbol, node)
    if {left.type.base, right.type.base} <= {Base.BIT}:
        raise _invalid(left.type, symbol, node)
    digits = (_digits(left, right), _digits(right, left))
    kind = arithmetic_type(symbol, left.type, right.type, digits)
    return Value(_combined(symbol, left, right, kind, digits), kind)


def _moved(symbol: str, left: Value, right: Value) -> Value:
    """Add to a datetime: numbers are days, and a datetime counts from 1900-01-01."""
    kind = common_type((left.type, right.type))
    if kind.base not in LEGACY_DATES:
        raise clash_of(left.type, right.type)
    start = convert(left, kind)
    if right.type.is_number:
        tree = binary(_NODES[symbol], start.tree, interval_of_days(right))
        if right.type.base in INTEGERS:
            return Value(tree, kind)
    else:
        origin = cast(text(EPOCH.isoformat()), DATETIME)
        tree = binary(_NODES[symbol], start.tree, binary(exp.Sub, convert(right, kind).tree, origin))
    rounded = "tsql_datetime" if kind == DATETIME else "tsql_smalldatetime"
    return Value(call(rounded, tree, exp.false()), kind)


def _as_numbers(left: Value, right: Value) -> tuple[Value, Value]:
    """Give text, NULL and bits the type of the other operand."""
    if left.type == NULL and right.type == NULL:
        return convert(left, INT), convert(right, INT)
    return _as_number(left, right.type), _as_number(right, left.type)


def _as_number(value: Value, other: SqlType) -> Value:
    if value.type == BIT and other.base is Base.DECIMAL:
        return convert(value, decimal(1))
    adapts = value.type.is_text or value.type in (NULL, BIT)
    return convert(value, other) if adapts and other.is_number else value


def _digits(value: Value, other: Value) -> tuple[int, int]:
    """Give precision and scale; an integer constant beside a decimal has just the digits that it needs."""
    if value.type.base in INTEGERS and other.type.base is Base.DECIMAL and isinstance(value.constant, int):
        return integer_digits(value.constant)
    return decimal_digits(value.type)


def _combined(
    symbol: str, left: Value, right: Value, kind: SqlType, digits: tuple[tuple[int, int], tuple[int, int]]
) -> exp.Expr:
    if symbol in "/%" and isinstance(right.constant, int | float | Decimal) and right.constant == 0:
        return cast(failure(DIVIDE_BY_ZERO, "Divide by zero error encountered."), kind)
    if kind.base is Base.DECIMAL:
        exact = {"*": exact_product, "/": exact_quotient, "%": exact_remainder}.get(symbol)
        return exact(left, right, kind, digits) if exact else exact_sum(_NODES[symbol], left, right, kind)
    if kind.base in MONEYS:
        return _money(symbol, left, right, kind)
    one, other = _widened(left, right, kind), _widened(right, left, kind)
    if symbol == "/" and kind.base in APPROXIMATE:
        return binary(exp.Div, one, other) if right.is_constant else call("tsql_ratio", one, other)
    if symbol in _DIVISIONS:
        whole = exp.IntDiv if symbol == "/" else exp.Mod
        return binary(whole, one, other) if right.is_constant else call(_DIVISIONS[symbol], one, other)
    return binary(_NODES[symbol], one, other)


def _widened(value: Value, other: Value, kind: SqlType) -> exp.Expr:
    """Convert an operand to the type of the result; a literal takes the type of what stands beside it."""
    adapts = (
        value.is_constant and value.type.base in INTEGERS and other.type == kind and not other.is_constant
    )
    return value.tree if adapts else settled(convert(value, kind))


def _money(symbol: str, left: Value, right: Value, kind: SqlType) -> exp.Expr:
    """Compute with money as with decimals of four places; a quotient is cut to four places."""
    both = left.type.base in MONEYS and right.type.base in MONEYS
    digits = (decimal_digits(left.type), decimal_digits(right.type))
    if symbol in "+-":
        return exact_sum(_NODES[symbol], left, right, kind)
    if symbol == "*":
        if both:
            raise UnsupportedSqlError(
                "A product of two money values is not supported: how SQL Server rounds it is not documented.",
                "Convert one of them to decimal.",
            )
        return exact_product(left, right, kind, digits)
    return (
        exact_quotient(left, right, kind, digits)
        if symbol == "/"
        else exact_remainder(left, right, kind, digits)
    )


def _invalid(kind: SqlType, symbol: str, node: exp.Expr) -> BindError:
    return BindError(
        f"Operand data type {kind.base} is invalid for {_NAMES[symbol]} operator.",
        "Convert it with CAST or CONVERT.",
        **place(node),
    )


RULES = dict.fromkeys(SYMBOLS, arithmetic)
