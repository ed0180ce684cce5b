"""Exact arithmetic on decimals, with T-SQL's digits.

DuckDB adds and multiplies decimals exactly, but divides them as floats, and a product of two decimals of at
most 18 digits must fit 18 digits itself. T-SQL's quotient is exact too: cut, not rounded, at its last digit.
So a quotient is one of integers: `1.00 / 3` with six digits is `1000000 // 3 * 0.000001`.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from sqlglot import exp

from engine.errors import UnsupportedSqlError
from engine.sql.meaning.precedence import exact_digits
from engine.sql.meaning.trees import binary, call, cast, cast_as, number, text
from engine.sql.meaning.types import INTEGERS, Base, SqlType, decimal

if TYPE_CHECKING:
    from engine.sql.meaning.arithmetic_types import Digits
    from engine.sql.meaning.values import Value

_FAST = 18  # decimals of so many digits are 64-bit integers in DuckDB, wider ones 128-bit


def exact_sum(operator: type[exp.Binary], left: Value, right: Value, kind: SqlType) -> exp.Expr:
    return cast(binary(operator, left.tree, right.tree), kind)


def exact_product(left: Value, right: Value, kind: SqlType, digits: tuple[Digits, Digits]) -> exp.Expr:
    """Multiply, with room for all digits.

    Raises:
        UnsupportedSqlError: More than 38 digits behind the point meet; DuckDB has no room for them.
    """
    (_, left_scale), (_, right_scale) = digits
    if left_scale + right_scale > 38:
        raise UnsupportedSqlError(
            f"The product of {left.type} and {right.type} is not supported: it needs more than 38 digits.",
            "CAST one of them to a decimal with fewer digits behind the point.",
        )
    tree = left.tree
    if (
        sum(precision for precision, _ in digits) > _FAST
        and max(precision for precision, _ in digits) <= _FAST
    ):
        tree = cast(tree, decimal(_FAST + 1, left_scale))
    return cast(binary(exp.Mul, tree, right.tree), kind)


def exact_remainder(left: Value, right: Value, kind: SqlType, digits: tuple[Digits, Digits]) -> exp.Expr:
    del digits
    if right.is_constant:
        return cast(binary(exp.Mod, left.tree, right.tree), kind)
    return cast(call("tsql_remainder", left.tree, right.tree), kind)


def exact_quotient(
    left: Value, right: Value, kind: SqlType, digits: tuple[Digits, Digits], *, checked: bool = True
) -> exp.Expr:
    """Divide integers that hold the digits of both operands; unless checked, the divisor is never zero."""
    (left_precision, left_scale), (right_precision, right_scale) = digits
    precision, scale = exact_digits(kind)
    fast = max(left_precision, right_precision, precision) <= _FAST and kind.base is Base.DECIMAL
    storage = "BIGINT" if fast else "HUGEINT"
    dividend = _shifted(_unscaled(left, digits[0], storage), scale - left_scale + right_scale, storage)
    divisor = _unscaled(right, digits[1], storage)
    if right.is_constant or not checked:
        quotient = binary(exp.IntDiv, dividend, divisor)
    else:
        quotient = call("tsql_quotient", dividend, divisor)
    return scaled(quotient, kind, fast=fast)


def scaled(whole: exp.Expr, kind: SqlType, *, fast: bool = False) -> exp.Expr:
    """Put the point into an integer that holds all digits of a decimal."""
    scale = exact_digits(kind)[1]
    digits = cast(whole, decimal(_FAST if fast else 38))
    if not scale:
        return cast(whole, kind)
    return cast(binary(exp.Mul, digits, number(f"{Decimal(1).scaleb(-scale):f}")), kind)


def _shifted(whole: exp.Expr, places: int, storage: str) -> exp.Expr:
    if not places:
        return whole
    power = cast_as(number(10 ** abs(places)), storage)
    return binary(exp.Mul if places > 0 else exp.IntDiv, whole, power)


def _unscaled(value: Value, digits: Digits, storage: str) -> exp.Expr:
    """Give the integer of all digits of an exact number."""
    precision, scale = digits
    if isinstance(value.constant, int | Decimal):
        return cast_as(number(int(Decimal(value.constant).scaleb(scale))), storage)
    if value.type.base in INTEGERS or not scale:
        return cast_as(value.tree, storage)
    if precision + scale > 38:  # a sum, as a rule: too wide to be multiplied, and there are few of them
        return cast_as(call("REPLACE", cast_as(value.tree, "VARCHAR"), text("."), text("")), storage)
    wide = value.tree if precision + scale <= _FAST else cast(value.tree, decimal(38, scale))
    return cast_as(binary(exp.Mul, wide, number(10**scale)), storage)
