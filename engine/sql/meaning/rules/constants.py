"""Literals, NULL and variables.

>>> from engine.sql.meaning.show import shown
>>> print(shown("SELECT 1, 2.50, 1e3, 'a', N'b', 0x41, NULL"))
SELECT 1 AS _col_1, CAST(2.50 AS DECIMAL(3, 2)) AS _col_2, 1000.0e0 AS _col_3, 'a' AS _col_4, 'b' AS _col_5, \
UNHEX('41') AS _col_6, CAST(NULL AS INT) AS _col_7
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from sqlglot import exp

from engine.errors import BindError, UnsupportedSqlError
from engine.sql.meaning.arithmetic_types import negative_type
from engine.sql.meaning.binding.scopes import place
from engine.sql.meaning.conversion.convert import convert
from engine.sql.meaning.trees import operand
from engine.sql.meaning.types import FLOAT, INT, NULL, SqlType, decimal, nvarchar, varbinary, varchar
from engine.sql.meaning.values import Value, constant

if TYPE_CHECKING:
    from engine.sql.meaning.binding.context import Context

_LARGEST_INT = 2**31 - 1


def literal(node: exp.Expr, context: Context) -> Value:
    """Read a number or a text."""
    del context
    if node.is_string:
        return _text(node.name, varchar(_length(node.name)))
    shown = node.name
    if "e" in shown.lower():
        return constant(float(shown), FLOAT)
    if "." not in shown and int(shown) <= _LARGEST_INT:
        return constant(int(shown), INT)
    return constant(Decimal(shown), _decimal_type(shown, node))


def _decimal_type(shown: str, node: exp.Expr) -> SqlType:
    """Give the narrowest decimal; an integer beyond int is a decimal too."""
    whole, _, fraction = shown.partition(".")
    digits = len(whole.lstrip("0")) + len(fraction)
    if digits > 38:
        raise BindError(
            f"The number '{shown}' is out of the range for numeric representation.", **place(node)
        )
    return decimal(max(digits, 1), len(fraction))


def _text(text: str, kind: SqlType) -> Value:
    return constant(text, kind.with_facts(trimmed=not text.endswith(" ")))


def _length(text: str) -> int:
    return max(1, len(text)) if len(text) <= 8000 else -1


def national(node: exp.Expr, context: Context) -> Value:
    """Read N'...'."""
    del context
    length = _length(node.name)
    return _text(node.name, nvarchar(length if length <= 4000 else -1))


def hexadecimal(node: exp.Expr, context: Context) -> Value:
    """Read 0x...; an odd number of digits means a leading zero."""
    del context
    digits = node.name
    value = bytes.fromhex("0" * (len(digits) % 2) + digits)
    return constant(value, varbinary(max(1, len(value))))


def null(node: exp.Expr, context: Context) -> Value:
    """Read NULL, which has no type yet."""
    del node, context
    return constant(None, NULL)


def variable(node: exp.Expr, context: Context) -> Value:
    """Read @name or @@NAME: its value is known when the statement is translated."""
    name = _variable_name(node)
    found = context.settings.variables.get(name.lower())
    if found is None and name.startswith("@@"):
        raise UnsupportedSqlError(
            f"{name} is not supported: there is no server to ask.", "Leave it out.", name=name, **place(node)
        )
    if found is None:
        raise BindError(
            f'Must declare the scalar variable "{name}".', "DECLARE it first.", name=name, **place(node)
        )
    if isinstance(found.value, str):
        return _text(found.value, found.type)
    return constant(found.value, found.type)


def _variable_name(node: exp.Expr) -> str:
    inner = node.this
    return "@" + _variable_name(inner) if isinstance(inner, exp.Parameter) else f"@{inner.name}"


def negative(node: exp.Expr, context: Context) -> Value:
    """Negate a number; tinyint becomes smallint, since it has no sign."""
    value = context.value(node.this)
    if value.type.is_text or value.type == NULL:
        value = convert(value, INT)
    if not value.type.is_number:
        raise BindError(f"Operand data type {value.type.base} is invalid for minus operator.", **place(node))
    wide = convert(value, negative_type(value.type))
    if isinstance(wide.constant, int | Decimal | float):
        return constant(-wide.constant, wide.type)
    return Value(exp.Neg(this=operand(wide.tree)), wide.type)


RULES = {
    exp.HexString: hexadecimal,
    exp.Literal: literal,
    exp.National: national,
    exp.Neg: negative,
    exp.Null: null,
    exp.Parameter: variable,
}
