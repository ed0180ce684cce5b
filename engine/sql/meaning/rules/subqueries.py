"""A query as a value.

>>> from engine.sql.meaning.show import shown
>>> print(shown("SELECT (SELECT MAX(v) FROM u WHERE u.id = t.id) AS m FROM t"))
SELECT (SELECT MAX(u.v) AS _col_1 FROM u AS u WHERE u.id = t.id) AS m FROM t AS t
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from engine.errors import BindError
from engine.sql.meaning.binding.relations import column_type
from engine.sql.meaning.binding.scopes import place
from engine.sql.meaning.values import Value

if TYPE_CHECKING:
    from engine.sql.meaning.binding.context import Context


def subquery(node: exp.Expr, context: Context) -> Value:
    """Translate a query that gives one value; DuckDB fails if it gives more than one row."""
    relation = context.subquery(node.this)
    if len(relation.columns) != 1:
        raise BindError(
            "Only one expression can be specified in the select list when the subquery is not introduced "
            "with EXISTS.",
            **place(node),
        )
    return Value(exp.Subquery(this=relation.tree), column_type(relation.columns[0]))


RULES = {exp.Subquery: subquery}
