"""Aggregate functions, grouped or over a window.

They are made of aggregates of sqlglot's own kinds, so that a planner can take them apart; AVG of integers is
a sum and a count.

>>> from engine.sql.meaning.show import shown
>>> print(shown("SELECT SUM(qty) AS a, AVG(qty) AS b, AVG(price) AS c, COUNT(*) AS d, MAX(name) AS e FROM t"))
SELECT CAST(SUM(t.qty) AS INT) AS a, CAST(SUM(t.qty) // COUNT(t.qty) AS INT) AS b, \
CAST(CAST((CAST(REPLACE(CAST(SUM(t.price) AS TEXT), '.', '') AS INT128) * CAST(10000 AS INT128)) // \
CAST(COUNT(t.price) AS INT128) AS DECIMAL(38, 0)) * 0.000001 AS DECIMAL(38, 6)) AS c, \
CAST(COUNT(*) AS INT) AS d, MAX(t.name) AS e FROM t AS t
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from sqlglot import exp

from engine.errors import BindError
from engine.sql.meaning.binding.scopes import place
from engine.sql.meaning.comparing import equality_tree, order_tree
from engine.sql.meaning.conversion.convert import convert
from engine.sql.meaning.decimals import exact_quotient
from engine.sql.meaning.functions.call import Call
from engine.sql.meaning.precedence import exact_digits
from engine.sql.meaning.trees import binary, cast
from engine.sql.meaning.types import (
    APPROXIMATE,
    BIGINT,
    FLOAT,
    INT,
    INTEGERS,
    MONEY,
    MONEYS,
    NULL,
    TINYINT,
    Base,
    SqlType,
    decimal,
)
from engine.sql.meaning.values import Value

Over = Callable[[exp.Expr], exp.Expr]
Aggregate = Callable[[Call, Over], Value]


def grouped(tree: exp.Expr) -> exp.Expr:
    """Leave an aggregate as it is: one value for each group."""
    return tree


def _argument(call_: Call) -> tuple[Value, bool]:
    """Translate the argument; the second value says whether only distinct ones count."""
    node = call_.arguments[0]
    distinct = isinstance(node, exp.Distinct)
    value = call_.context.value(node.expressions[0] if distinct else node)
    if value.type == NULL:
        raise BindError(
            f"Operand data type NULL is invalid for {call_.name.lower()} operator.", **place(call_.node)
        )
    return value, distinct


def _operand(tree: exp.Expr, *, distinct: bool) -> exp.Expr:
    return exp.Distinct(expressions=[tree]) if distinct else tree


def _number(call_: Call) -> tuple[Value, bool]:
    value, distinct = _argument(call_)
    if not value.type.is_number or value.type.base is Base.BIT:
        raise BindError(
            f"Operand data type {value.type.base} is invalid for {call_.name.lower()} operator.",
            **place(call_.node),
        )
    return value, distinct


def count(call_: Call, over: Over) -> Value:
    """COUNT gives int and fails beyond it; COUNT_BIG gives bigint."""
    kind = BIGINT if call_.name == "COUNT_BIG" else INT
    if isinstance(call_.arguments[0], exp.Star):
        counted = over(exp.Count(this=exp.Star(), big_int=True))
    else:
        value, distinct = _argument(call_)
        tree = equality_tree(value, call_.context) if distinct else value.tree
        counted = over(exp.Count(this=_operand(tree, distinct=distinct), big_int=True))
    return Value(counted if kind == BIGINT else cast(counted, INT), kind)


def total(call_: Call, over: Over) -> Value:
    """SUM of integers smaller than bigint is an int, and fails beyond it."""
    value, distinct = _number(call_)
    kind = _sum_type(value.type)
    summed = over(exp.Sum(this=_operand(value.tree, distinct=distinct)))
    natural = kind.base in (Base.DECIMAL, Base.FLOAT)
    return Value(summed if natural else cast(summed, kind), kind)


def _sum_type(kind: SqlType) -> SqlType:
    if kind.base in INTEGERS:
        return BIGINT if kind.base is Base.BIGINT else INT
    if kind.base in MONEYS:
        return MONEY
    return FLOAT if kind.base in APPROXIMATE else decimal(38, kind.scale)


def average(call_: Call, over: Over) -> Value:
    """AVG of integers is an integer, cut; that of decimals has at least six digits behind the point, cut."""
    value, distinct = _number(call_)
    summed = over(exp.Sum(this=_operand(value.tree, distinct=distinct)))
    counted = over(exp.Count(this=_operand(value.tree, distinct=distinct), big_int=True))
    if value.type.base in APPROXIMATE:
        return Value(over(exp.Avg(this=_operand(value.tree, distinct=distinct))), FLOAT)
    kind = _sum_type(value.type)
    if kind.base in INTEGERS:
        return Value(cast(binary(exp.IntDiv, summed, counted), kind), kind)
    digits = (38, exact_digits(value.type)[1])
    kind = MONEY if kind == MONEY else decimal(38, max(6, value.type.scale))
    total_, number_ = Value(summed, decimal(*digits)), Value(counted, BIGINT)
    return Value(exact_quotient(total_, number_, kind, (digits, (19, 0)), checked=False), kind)


def _extreme(plain: type[exp.AggFunc], keyed: type[exp.AggFunc]) -> Aggregate:
    """Make MIN or MAX; what does not sort by its own bytes is chosen by its key."""

    def build(call_: Call, over: Over) -> Value:
        value, _ = _argument(call_)
        if value.type.base is Base.BIT:
            raise BindError(
                f"Operand data type bit is invalid for {call_.name.lower()} operator.", **place(call_.node)
            )
        collation = call_.context.collation_of(value.type)
        raw = value.type.base is not Base.UNIQUEIDENTIFIER and (
            not value.type.is_text or not collation.linguistic
        )
        if raw:
            return Value(over(plain(this=value.tree)), value.type)
        return Value(over(keyed(this=value.tree, expression=order_tree(value, call_.context))), value.type)

    return build


def _spread(kind: type[exp.AggFunc]) -> Aggregate:
    """Make STDEV, STDEVP, VAR or VARP: floats."""

    def build(call_: Call, over: Over) -> Value:
        value, distinct = _number(call_)
        return Value(over(kind(this=_operand(convert(value, FLOAT).tree, distinct=distinct))), FLOAT)

    return build


def approximate_count(call_: Call, over: Over) -> Value:
    value, _ = _argument(call_)
    return Value(over(exp.ApproxDistinct(this=equality_tree(value, call_.context))), BIGINT)


def grouping(call_: Call, over: Over) -> Value:
    """GROUPING and GROUPING_ID tell which columns a subtotal was made over."""
    if over is not grouped:
        raise BindError(
            f"The function '{call_.name}' is not a valid windowing function.", **place(call_.node)
        )
    kind = TINYINT if call_.name == "GROUPING" else INT
    keys = [equality_tree(value, call_.context) for value in call_.values()]
    return Value(cast(exp.Grouping(expressions=keys), kind), kind)


def without_aggregates(call_: Call) -> Call:
    """Give the call with arguments that may not hold aggregates themselves."""
    return replace(call_, context=replace(call_.context, aggregates=False))


AGGREGATES: dict[str, Aggregate] = {
    "APPROX_COUNT_DISTINCT": approximate_count,
    "AVG": average,
    "COUNT": count,
    "COUNT_BIG": count,
    "GROUPING": grouping,
    "GROUPING_ID": grouping,
    "MAX": _extreme(exp.Max, exp.ArgMax),
    "MIN": _extreme(exp.Min, exp.ArgMin),
    "STDEV": _spread(exp.StddevSamp),
    "STDEVP": _spread(exp.StddevPop),
    "SUM": total,
    "VAR": _spread(exp.Variance),
    "VARP": _spread(exp.VariancePop),
}
