"""Columns.

>>> from engine.sql.meaning.show import shown
>>> print(shown("SELECT NAME FROM t AS x"))
SELECT x.name AS name FROM t AS x
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from engine.errors import UnsupportedSqlError
from engine.sql.meaning.binding.scopes import place

if TYPE_CHECKING:
    from engine.sql.meaning.binding.context import Context
    from engine.sql.meaning.values import Value


def column(node: exp.Expr, context: Context) -> Value:
    """Resolve a name in the scope."""
    if not isinstance(node, exp.Column) or isinstance(node.this, exp.Star):
        raise UnsupportedSqlError(f"{node.sql('tsql')} cannot stand here.", **place(node))
    return context.scope.resolve(node)


def parenthesis(node: exp.Expr, context: Context) -> Value:
    """Drop parentheses: they are put back where the DuckDB tree needs them."""
    return context.lower(node.this)


RULES = {exp.Column: column, exp.Paren: parenthesis}
