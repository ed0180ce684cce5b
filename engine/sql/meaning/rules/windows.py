"""OVER, WITHIN GROUP, and STRING_AGG.

>>> from engine.sql.meaning.show import shown
>>> print(shown("SELECT SUM(qty) OVER (PARTITION BY grp ORDER BY id) FROM t"))
SELECT CAST(SUM(t.qty) OVER (PARTITION BY RTRIM(t.grp, ' ') ORDER BY t.id NULLS FIRST) AS INT) AS _col_1 \
FROM t AS t
>>> print(shown("SELECT LAG(qty, 1, 0) OVER (ORDER BY id DESC) AS b FROM t"))
SELECT LAG(t.qty, 1, 0) OVER (ORDER BY t.id DESC) AS b FROM t AS t
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from sqlglot import exp

from engine.errors import BindError, UnsupportedSqlError
from engine.sql.meaning.binding.scopes import place
from engine.sql.meaning.comparing import equality_tree, order_tree
from engine.sql.meaning.conversion.convert import convert, to_string
from engine.sql.meaning.functions.aggregates import AGGREGATES, Over
from engine.sql.meaning.functions.windowed import PERCENTILES, WINDOWED
from engine.sql.meaning.rules.calls import called
from engine.sql.meaning.trees import number
from engine.sql.meaning.types import FLOAT, MAX, NULL, SqlType, nvarchar, varchar
from engine.sql.meaning.values import Value

if TYPE_CHECKING:
    from engine.sql.meaning.binding.context import Context


def ordered(keys: Sequence[exp.Expr], context: Context) -> list[exp.Ordered]:
    """Translate the keys of an order; NULL is the lowest value, and a constant orders nothing."""
    return [
        exp.Ordered(this=order_tree(value, context), desc=descending or None, nulls_first=not descending)
        for value, descending in ((context.value(key.this), bool(key.args.get("desc"))) for key in keys)
        if not value.is_constant
    ]


def window(node: exp.Expr, context: Context) -> Value:
    """Translate a function over a window."""
    if not context.aggregates:
        raise BindError(
            "Windowed functions can only appear in the SELECT or ORDER BY clauses.", **place(node)
        )
    function, ignoring = _unwrapped(node.this)
    if isinstance(function, exp.WithinGroup):
        return _percentile(function, node, context)
    call_ = called(function, context)
    order = node.args.get("order")
    over = _over(node, context, ignoring=ignoring)
    if call_.name in WINDOWED:
        if order is None:
            raise BindError(
                f"The function '{call_.name}' must have an OVER clause with ORDER BY.", **place(node)
            )
        return WINDOWED[call_.name](call_, over)
    if call_.name not in AGGREGATES:
        raise BindError(f"The function '{call_.name}' is not a valid windowing function.", **place(node))
    if any(isinstance(argument, exp.Distinct) for argument in call_.arguments):
        raise BindError("Use of DISTINCT is not allowed with the OVER clause.", **place(node))
    return AGGREGATES[call_.name](call_, over)


def _unwrapped(function: exp.Expr) -> tuple[exp.Expr, bool]:
    if isinstance(function, exp.IgnoreNulls | exp.RespectNulls):
        return function.this, isinstance(function, exp.IgnoreNulls)
    return function, False


def _over(node: exp.Expr, context: Context, *, ignoring: bool = False) -> Over:
    """Give the function that puts this window behind an aggregate."""
    if node.args.get("alias") is not None:
        raise UnsupportedSqlError(
            "A window by name must be defined in the query's WINDOW clause.", **place(node)
        )
    partition = [equality_tree(context.value(key), context) for key in node.args.get("partition_by") or []]
    order = node.args.get("order")
    keys = ordered(order.expressions, context) if order is not None else []
    spec = node.args.get("spec")
    frame = _frame(spec, context) if spec is not None else None
    if order is not None and not keys:
        raise BindError(
            "Windowed functions do not support constants as ORDER BY clause expressions.", **place(node)
        )
    if frame is not None and not keys:
        raise BindError("Window frame with ROWS or RANGE must have an ORDER BY clause.", **place(node))

    def over(tree: exp.Expr) -> exp.Expr:
        return exp.Window(
            this=exp.IgnoreNulls(this=tree) if ignoring else tree,
            partition_by=partition,
            order=exp.Order(expressions=keys) if keys else None,
            spec=frame,
            over="OVER",
        )

    return over


def _frame(spec: exp.Expr, context: Context) -> exp.WindowSpec:
    frame = exp.WindowSpec(**spec.args)
    for bound in ("start", "end"):
        if isinstance(frame.args.get(bound), exp.Expr):
            frame.set(bound, context.value(frame.args[bound]).tree)
    if not frame.args.get("end"):
        frame.set("end", "CURRENT ROW")
    return frame


def _percentile(function: exp.WithinGroup, node: exp.Expr, context: Context) -> Value:
    """Translate PERCENTILE_CONT and PERCENTILE_DISC, which T-SQL has over a window alone."""
    call_ = called(function.this, context)
    if call_.name not in PERCENTILES:
        raise BindError(f"The function '{call_.name}' may not have a WITHIN GROUP clause.", **place(node))
    (key,) = function.expression.expressions
    value, share = context.value(key.this), context.value(call_.arguments[0]).constant
    if isinstance(share, bool) or not isinstance(share, int | float | Decimal) or not 0 <= share <= 1:
        raise BindError("The percentile must be a constant between 0.0 and 1.0.", **place(node))
    continuous = call_.name == "PERCENTILE_CONT"
    if key.args.get("desc"):
        if not continuous:
            raise UnsupportedSqlError(
                "PERCENTILE_DISC of a descending order is not supported.", "Order ascending.", **place(node)
            )
        share = 1 - Decimal(str(share))
    value = convert(value, FLOAT) if continuous else value
    if value.type.is_text or value.type == NULL:
        raise call_.invalid(value.type, 0)
    tree = PERCENTILES[call_.name](this=value.tree, expression=number(f"{Decimal(str(share)):f}"))
    return Value(_over(node, context)(tree), value.type)


def string_aggregate(node: exp.Expr, context: Context) -> Value:
    """Translate STRING_AGG, with or without WITHIN GROUP."""
    if not context.aggregates:
        raise BindError("An aggregate may not appear here.", **place(node))
    inner = node.this
    keys: list[exp.Ordered] = []
    plain = context.within(context.scope)
    if isinstance(inner, exp.Order):
        keys = ordered(inner.expressions, plain)
        inner = inner.this
    value, separator = to_string(plain.value(inner)), to_string(plain.value(node.args["separator"]))
    tree: exp.Expr = exp.Order(this=value.tree, expressions=keys) if keys else value.tree
    return Value(exp.GroupConcat(this=tree, separator=separator.tree), _aggregated(value.type))


def _aggregated(kind: SqlType) -> SqlType:
    longest = 4000 if kind.is_unicode else 8000
    size = MAX if kind.size == MAX else longest
    return (nvarchar(size) if kind.is_unicode else varchar(size)).with_facts(collation=kind.collation)


RULES = {exp.GroupConcat: string_aggregate, exp.Window: window}
