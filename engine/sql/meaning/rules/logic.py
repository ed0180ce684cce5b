"""AND, OR, NOT, IS NULL, EXISTS, and conditions that are always true.

>>> from engine.sql.meaning.show import shown
>>> print(shown("SELECT 1 AS x FROM t WHERE NOT (id IS NULL OR qty > 3)"))
SELECT 1 AS x FROM t AS t WHERE NOT (t.id IS NULL OR t.qty > 3)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from engine.sql.meaning.trees import both, either, is_null, negate
from engine.sql.meaning.values import Value, predicate

if TYPE_CHECKING:
    from engine.sql.meaning.binding.context import Context


def connective(node: exp.Expr, context: Context) -> Value:
    """Translate a chain of ANDs or ORs; long chains are flat lists here, not deep recursion."""
    joined = both if isinstance(node, exp.And) else either
    return predicate(joined(*(context.condition(part) for part in node.flatten(unnest=False))))


def negation(node: exp.Expr, context: Context) -> Value:
    return predicate(negate(context.condition(node.this)))


def null_test(node: exp.Expr, context: Context) -> Value:
    return predicate(is_null(context.value(node.this).tree))


def existence(node: exp.Expr, context: Context) -> Value:
    inner = node.this.this if isinstance(node.this, exp.Subquery) else node.this
    return predicate(exp.Exists(this=context.subquery(inner).tree))


RULES = {
    exp.And: connective,
    exp.Exists: existence,
    exp.Is: null_test,
    exp.Not: negation,
    exp.Or: connective,
}
