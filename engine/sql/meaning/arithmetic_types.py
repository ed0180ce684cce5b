"""The types of sums, products and quotients.

Source of the decimal rules: "Precision, scale, and length" of the T-SQL reference. Where a result needs more
than 38 digits, sums and comparisons keep the digits before the point; products and quotients keep them too,
but at least six behind it.
"""

from __future__ import annotations

from engine.sql.meaning.precedence import exact_digits
from engine.sql.meaning.types import APPROXIMATE, PRECEDENCE, SMALLINT, Base, SqlType, decimal

Digits = tuple[int, int]  # precision and scale


def sum_digits(left: Digits, right: Digits) -> Digits:
    """Digits of a sum or difference.

    >>> sum_digits((15, 2), (1, 0)), sum_digits((38, 10), (38, 2))
    ((16, 2), (38, 2))
    """
    scale = max(left[1], right[1])
    whole = max(left[0] - left[1], right[0] - right[1])
    if whole + scale + 1 <= 38:
        return whole + scale + 1, scale
    return 38, min(scale, 38 - whole)


def product_digits(left: Digits, right: Digits) -> Digits:
    """Digits of a product.

    >>> product_digits((15, 2), (16, 2)), product_digits((38, 10), (38, 10))
    ((32, 4), (38, 6))
    """
    return _reduced(left[0] + right[0] + 1, left[1] + right[1])


def quotient_digits(left: Digits, right: Digits) -> Digits:
    """Digits of a quotient.

    >>> quotient_digits((2, 1), (1, 0)), quotient_digits((38, 4), (38, 2))
    ((7, 6), (38, 6))
    """
    scale = max(6, left[1] + right[0] + 1)
    return _reduced(left[0] - left[1] + right[1] + scale, scale)


def remainder_digits(left: Digits, right: Digits) -> Digits:
    """Digits of a remainder.

    >>> remainder_digits((10, 2), (5, 3))
    (5, 3)
    """
    scale = max(left[1], right[1])
    return min(left[0] - left[1], right[0] - right[1]) + scale, scale


def _reduced(digits: int, scale: int) -> Digits:
    if digits <= 38:
        return digits, scale
    whole = digits - scale
    return 38, max(38 - whole, min(scale, 6))


DIGITS = {"+": sum_digits, "-": sum_digits, "*": product_digits, "/": quotient_digits, "%": remainder_digits}


def arithmetic_type(operator: str, left: SqlType, right: SqlType, digits: tuple[Digits, Digits]) -> SqlType:
    """Give the type of `left operator right` for two numbers.

    Args:
        operator: One of `+ - * / %`.
        left: Type of the left operand.
        right: Type of the right operand.
        digits: Precision and scale of both operands where both are exact: those of an integer constant are
            just what it needs, so they are not those of its type.
    """
    bases = {left.base, right.base}
    if Base.DECIMAL in bases and not bases & APPROXIMATE:
        return decimal(*DIGITS[operator](*digits))
    return left if PRECEDENCE[left.base] <= PRECEDENCE[right.base] else right


def integer_digits(value: int) -> Digits:
    """Digits of an integer constant that meets a decimal.

    >>> integer_digits(250), integer_digits(0)
    ((3, 0), (1, 0))
    """
    return len(str(abs(value))), 0


def decimal_digits(kind: SqlType) -> Digits:
    """Digits of an operand that is no integer constant; (0, 0) for one that is not exact."""
    return (0, 0) if kind.base in APPROXIMATE else exact_digits(kind)


def negative_type(kind: SqlType) -> SqlType:
    """Give the type of a negated number: tinyint has no sign, so it becomes smallint."""
    return SMALLINT if kind.base in (Base.TINYINT, Base.BIT) else kind
