"""ORDER BY, and TOP, OFFSET and FETCH, which read it.

>>> from engine.sql.meaning.show import shown
>>> print(shown("SELECT TOP 1 WITH TIES id FROM t ORDER BY grp"))
SELECT t.id AS id FROM t AS t QUALIFY RANK() OVER (ORDER BY RTRIM(t.grp, ' ') NULLS FIRST) <= 1 \
ORDER BY RTRIM(t.grp, ' ') NULLS FIRST
>>> print(shown("SELECT TOP 10 PERCENT id FROM t ORDER BY id"))
SELECT t.id AS id FROM t AS t QUALIFY ROW_NUMBER() OVER (ORDER BY t.id NULLS FIRST) <= \
CEIL((10.0e0 * COUNT(*) OVER ()) / 100) ORDER BY t.id NULLS FIRST
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlglot import exp

from engine.errors import BindError
from engine.sql.meaning.binding.scopes import place
from engine.sql.meaning.comparing import order_tree
from engine.sql.meaning.conversion.convert import convert
from engine.sql.meaning.trees import binary, call, number
from engine.sql.meaning.types import BIGINT, FLOAT

if TYPE_CHECKING:
    from engine.sql.meaning.binding.context import Context
    from engine.sql.meaning.queries.projections import Projection
    from engine.sql.meaning.values import Value


@dataclass(frozen=True, slots=True)
class OrderKey:
    """One key of an order: the value, and its direction."""

    value: Value
    descending: bool


def order_keys(node: exp.Order | None, projections: Sequence[Projection], context: Context) -> list[OrderKey]:
    """Translate ORDER BY: a place in the select list, a name in it, or an expression.

    Raises:
        BindError: A place that is not there, or a constant.
    """
    if node is None:
        return []
    for at, key in enumerate(node.expressions, 1):
        if isinstance(key.this, exp.National | exp.Null) or (
            isinstance(key.this, exp.Literal) and key.this.is_string
        ):
            raise BindError(
                f"A constant expression was encountered in the ORDER BY list, position {at}.",
                "Write an alias bare, in brackets or in double quotes.",
                **place(key.this),
            )
    return [
        OrderKey(_target(key.this, projections, context), bool(key.args.get("desc")))
        for key in node.expressions
    ]


def _target(node: exp.Expr, projections: Sequence[Projection], context: Context) -> Value:
    if isinstance(node, exp.Literal) and not node.is_string:
        if not node.is_int or not 1 <= int(node.name) <= len(projections):
            raise BindError(
                f"The ORDER BY position number {node.name} is out of range of the number of items in the "
                f"select list.",
                **place(node),
            )
        return projections[int(node.name) - 1].value
    if isinstance(node, exp.Column) and not node.table:
        named = [item for item in projections if item.name.lower() == node.name.lower()]
        if len({item.value.tree for item in named}) > 1:
            raise BindError(f"Ambiguous column name '{node.name}'.", **place(node))
        if named:
            return named[0].value
    return context.value(node)


def order_clause(keys: Sequence[OrderKey], context: Context) -> exp.Order | None:
    """Write ORDER BY; constants order nothing, and DuckDB would take them for places."""
    told = [key for key in keys if not key.value.is_constant]
    ordered = [_ordered(key, context) for key in told]
    return exp.Order(expressions=ordered) if ordered else None


def _ordered(key: OrderKey, context: Context) -> exp.Ordered:
    tree = order_tree(key.value, context)
    return exp.Ordered(this=tree, desc=key.descending or None, nulls_first=not key.descending)


def is_ranked(node: exp.Query) -> bool:
    """Whether TOP keeps rows by their rank: with PERCENT or WITH TIES."""
    limit = node.args.get("limit")
    options = limit.args.get("limit_options") if limit is not None else None
    return options is not None and bool(options.args.get("percent") or options.args.get("with_ties"))


def limited(tree: exp.Query, node: exp.Query, order: exp.Order | None, context: Context) -> exp.Query:
    """Put ORDER BY, TOP, OFFSET and FETCH onto a query."""
    if order is not None:
        tree.set("order", order)
    limit, offset = node.args.get("limit"), node.args.get("offset")
    if offset is not None:
        tree.set("offset", exp.Offset(expression=_count(offset.expression, context, "OFFSET")))
    if limit is None:
        return tree
    count: exp.Expr = limit.args["count"] if isinstance(limit, exp.Fetch) else limit.expression
    if is_ranked(node):
        return _qualified(tree, count, limit.args["limit_options"], order, context)
    tree.set("limit", exp.Limit(expression=_count(count, context, "TOP")))
    return tree


def _count(node: exp.Expr, context: Context, what: str) -> exp.Expr:
    value = convert(context.value(node), BIGINT)
    if value.is_null or (isinstance(value.constant, int) and value.constant < 0):
        raise BindError(
            f"The number of rows provided for a {what} clause must not be negative or NULL.", **place(node)
        )
    return value.tree


def _qualified(
    tree: exp.Query, count: exp.Expr, options: exp.Expr, order: exp.Order | None, context: Context
) -> exp.Query:
    """Keep rows by their rank: TOP with PERCENT (rounded up) or WITH TIES."""
    ties = bool(options.args.get("with_ties"))
    if ties and order is None:
        raise BindError("The TOP N WITH TIES clause is not allowed without a corresponding ORDER BY clause.")
    ranking = exp.Rank() if ties else exp.RowNumber()
    rank = exp.Window(this=ranking, order=order.copy() if order is not None else None, over="OVER")
    if options.args.get("percent"):
        share = convert(context.value(count), FLOAT).tree
        rows = exp.Window(this=exp.Count(this=exp.Star(), big_int=True), over="OVER")
        highest = call("CEIL", binary(exp.Div, binary(exp.Mul, share, rows), number(100)))
    else:
        highest = _count(count, context, "TOP")
    tree.set("qualify", exp.Qualify(this=binary(exp.LTE, rank, highest)))
    return tree
