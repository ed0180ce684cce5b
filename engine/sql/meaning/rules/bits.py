"""The bitwise operators & | ^ ~ on integers.

>>> from engine.sql.meaning.show import shown
>>> print(shown("SELECT qty & 1 AS a, qty ^ 2 AS b, ~qty AS c FROM t"))
SELECT t.qty & 1 AS a, XOR(t.qty, 2) AS b, ~t.qty AS c FROM t AS t
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from engine.errors import BindError
from engine.sql.meaning.binding.scopes import place
from engine.sql.meaning.conversion.convert import convert
from engine.sql.meaning.precedence import common_type
from engine.sql.meaning.trees import binary, number, operand
from engine.sql.meaning.types import BIT, INT, INTEGERS, NULL, TINYINT, Base
from engine.sql.meaning.values import Value

if TYPE_CHECKING:
    from engine.sql.meaning.binding.context import Context

_NAMES: dict[type[exp.Expr], str] = {
    exp.BitwiseAnd: "boolean AND",
    exp.BitwiseNot: "boolean NOT",
    exp.BitwiseOr: "boolean OR",
    exp.BitwiseXor: "boolean XOR",
}


def bitwise(node: exp.Binary, context: Context) -> Value:
    """Translate an operator of two operands."""
    left, right = _checked(node.this, node, context), _checked(node.expression, node, context)
    kind = common_type((left.type, right.type))
    wide = TINYINT if kind == BIT else kind
    tree = binary(type(node), convert(left, wide).tree, convert(right, wide).tree)
    result = Value(tree, wide)
    return Value(binary(exp.NEQ, tree, number(0)), BIT) if kind == BIT else result


def complement(node: exp.Expr, context: Context) -> Value:
    """Translate ~; that of a bit is the other bit."""
    value = _checked(node.this, node, context)
    if value.type == BIT:
        return Value(exp.Not(this=operand(value.tree)), BIT)
    return Value(exp.BitwiseNot(this=operand(value.tree)), value.type)


def _checked(part: exp.Expr, node: exp.Expr, context: Context) -> Value:
    value = context.value(part)
    if value.type == NULL or value.type.is_text:
        value = convert(value, INT)
    if value.type.base not in INTEGERS | {Base.BIT}:
        raise BindError(
            f"Operand data type {value.type.base} is invalid for '{_NAMES[type(node)]}' operator.",
            **place(node),
        )
    return value


RULES = {
    exp.BitwiseAnd: bitwise,
    exp.BitwiseNot: complement,
    exp.BitwiseOr: bitwise,
    exp.BitwiseXor: bitwise,
}
