"""CASE and IIF: one type for all branches.

>>> from engine.sql.meaning.show import shown
>>> print(shown("SELECT CASE qty WHEN 1 THEN 1 ELSE price END AS a, IIF(qty > 1, 'x', 'yy') AS b FROM t"))
SELECT CASE WHEN t.qty = 1 THEN CAST(1.00 AS DECIMAL(12, 2)) ELSE CAST(t.price AS DECIMAL(12, 2)) END AS a, \
CASE WHEN t.qty > 1 THEN 'x' ELSE 'yy' END AS b FROM t AS t
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from engine.sql.meaning.branching import chosen
from engine.sql.meaning.comparing import compare

if TYPE_CHECKING:
    from engine.sql.meaning.binding.context import Context
    from engine.sql.meaning.values import Value


def case_expression(node: exp.Expr, context: Context) -> Value:
    """Translate both forms of CASE."""
    subject = context.value(node.this) if node.this is not None else None
    conditions = []
    for branch in node.args["ifs"]:
        if subject is None:
            conditions.append(context.condition(branch.this))
        else:
            conditions.append(compare(exp.EQ, subject, context.value(branch.this), context))
    values = [context.value(branch.args["true"]) for branch in node.args["ifs"]]
    default = node.args.get("default")
    return chosen(conditions, values, context.value(default) if default is not None else None, node)


def if_expression(node: exp.Expr, context: Context) -> Value:
    """Translate IIF."""
    values = [context.value(node.args["true"])]
    return chosen([context.condition(node.this)], values, context.value(node.args["false"]), node)


RULES = {exp.Case: case_expression, exp.If: if_expression}
