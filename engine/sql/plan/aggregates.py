"""Aggregates in two phases: what each node computes of its rows, and what puts those parts together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlglot import exp

from engine.sql.plan.functions import bare_aggregate, is_aggregate
from engine.sql.plan.trees import cast

Merge = Callable[[exp.Expr], exp.Expr]


@dataclass(frozen=True, slots=True)
class Split:
    """An aggregate in two phases.

    Attributes:
        partials: What a node computes of its rows, and what merges such values of several nodes.
        final: The aggregate's value, of the merged partials.
        centred: Whether the partials are (count, mean, sum of squared differences from that mean), which
            merge only around the mean of the whole group.
    """

    partials: tuple[tuple[exp.Expr, Merge], ...]
    final: Callable[..., exp.Expr]
    centred: bool = False


def split_aggregate(call: exp.Expr) -> Split | None:
    """The aggregate in two phases; None where that needs all rows of a group in one place.

    Sums of floating numbers may differ in their last bits from those of one pass: addition is not
    associative.
    """
    bare = bare_aggregate(call)
    if isinstance(call, exp.WithinGroup) or isinstance(bare.this, (exp.Order, exp.Distinct)):
        return None
    if bare.args.get("expressions"):
        return None
    split = _SPLITS.get(type(bare))
    return split(call, bare) if split is not None else None


def _merged_by(kind: type[exp.Expr]) -> Callable[[exp.Expr, exp.Expr], Split]:
    return lambda call, _: Split(((call, lambda part: kind(this=part)),), lambda value: value)


def _split_count(call: exp.Expr, _: exp.Expr) -> Split:
    return Split(((call, _summed),), _as_count)


def _as_count(total: exp.Expr) -> exp.Expr:
    return cast(exp.Coalesce(this=total, expressions=[exp.Literal.number(0)]), "BIGINT")


def _split_any(call: exp.Expr, _: exp.Expr) -> Split:
    return Split(((call, lambda part: exp.IgnoreNulls(this=exp.AnyValue(this=part))),), lambda value: value)


def _split_chosen(call: exp.Expr, bare: exp.Expr) -> Split | None:
    """ARG_MAX(value, key) and ARG_MIN: a node sends its best pair; pairs with a NULL do not count."""
    if call is not bare or bare.expression is None:
        return None
    pair = exp.Struct(
        expressions=[
            exp.PropertyEQ(this=exp.to_identifier(name), expression=value.copy())
            for name, value in (("value", bare.this), ("key", bare.expression))
        ]
    )
    known = exp.Not(this=exp.Is(this=bare.this.copy(), expression=exp.null()))
    best = exp.Filter(
        this=type(bare)(this=pair, expression=bare.expression.copy()), expression=exp.Where(this=known)
    )
    return Split(((best, lambda part: type(bare)(this=part, expression=_field(part, "key"))),), _chosen_value)


def _chosen_value(pair: exp.Expr) -> exp.Expr:
    return _field(pair, "value")


def _field(pair: exp.Expr, name: str) -> exp.Expr:
    return exp.StructExtract(this=pair.copy(), expression=exp.Literal.string(name))


def _split_average(call: exp.Expr, bare: exp.Expr) -> Split | None:
    value = bare.this
    if value.type is None or not value.type.is_type(*exp.DataType.NUMERIC_TYPES):
        return None  # the average of dates is a date
    total, count = (_called(call, kind(this=value.copy())) for kind in (exp.Sum, exp.Count))
    return Split(((total, _summed), (count, _summed)), _ratio)


def _ratio(total: exp.Expr, count: exp.Expr) -> exp.Expr:
    return exp.Div(this=cast(total, "DOUBLE"), expression=cast(count, "DOUBLE"), typed=False, safe=False)


def _split_variance(call: exp.Expr, bare: exp.Expr) -> Split:
    value = bare.this
    count, mean, spread = (
        _called(call, kind(this=value.copy())) for kind in (exp.Count, exp.Avg, exp.VariancePop)
    )
    squares = exp.Mul(this=spread, expression=count.copy())
    population = isinstance(bare, (exp.VariancePop, exp.StddevPop))
    root = isinstance(bare, (exp.Stddev, exp.StddevSamp, exp.StddevPop))

    def final(total: exp.Expr, squared: exp.Expr) -> exp.Expr:
        variance = _variance(total, squared, lost=0 if population else 1)
        return exp.Sqrt(this=variance) if root else variance

    return Split(((count, _summed), (mean, _summed), (squares, _summed)), final, centred=True)


def _variance(count: exp.Expr, squared: exp.Expr, *, lost: int) -> exp.Expr:
    """The ratio squared / (count - lost); NULL where that divides by nothing."""
    freedom = exp.Sub(this=cast(count.copy(), "DOUBLE"), expression=exp.Literal.number(lost))
    enough = exp.GT(this=count.copy(), expression=exp.Literal.number(lost))
    ratio = exp.Div(this=squared, expression=exp.paren(freedom), typed=False, safe=False)
    return exp.Case(ifs=[exp.If(this=enough, true=ratio)])


def _called(call: exp.Expr, bare: exp.Expr) -> exp.Expr:
    """Another aggregate of the same rows: with the FILTER of `call`."""
    if isinstance(call, exp.Filter):
        return exp.Filter(this=bare, expression=call.expression.copy())
    return bare


def _summed(part: exp.Expr) -> exp.Expr:
    return exp.Sum(this=part)


_SPLITS: dict[type[exp.Expr], Callable[[exp.Expr, exp.Expr], Split | None]] = {
    exp.Count: _split_count,
    exp.CountIf: _merged_by(exp.Sum),
    exp.Sum: _merged_by(exp.Sum),
    exp.Min: _merged_by(exp.Min),
    exp.Max: _merged_by(exp.Max),
    exp.LogicalAnd: _merged_by(exp.LogicalAnd),
    exp.LogicalOr: _merged_by(exp.LogicalOr),
    exp.BitwiseAndAgg: _merged_by(exp.BitwiseAndAgg),
    exp.BitwiseOrAgg: _merged_by(exp.BitwiseOrAgg),
    exp.BitwiseXorAgg: _merged_by(exp.BitwiseXorAgg),
    exp.AnyValue: _split_any,
    exp.ArgMax: _split_chosen,
    exp.ArgMin: _split_chosen,
    exp.Avg: _split_average,
    exp.Variance: _split_variance,
    exp.VariancePop: _split_variance,
    exp.Stddev: _split_variance,
    exp.StddevSamp: _split_variance,
    exp.StddevPop: _split_variance,
}


def split_distinct(call: exp.Expr) -> tuple[exp.Expr, Split | None] | None:
    """An aggregate that only asks which values there are: the values, and its two phases.

    The phases are right if equal values of a group are on one node; None for an aggregate whose parts never
    add up (`approx_count_distinct`). The whole is None for an aggregate that asks for more than the set of
    values.
    """
    if isinstance(call, exp.ApproxDistinct) and not call.args.get("accuracy"):
        return call.this, None
    if not isinstance(call, (exp.Count, exp.Sum, exp.Avg)) or not isinstance(call.this, exp.Distinct):
        return None
    if len(call.this.expressions) != 1 or call.args.get("expressions"):
        return None
    value = call.this.expressions[0]
    if isinstance(call, exp.Count):
        return value, _split_count(call, call)
    if isinstance(call, exp.Sum):
        return value, Split(((call, _summed),), lambda total: total)
    total, count = (kind(this=exp.Distinct(expressions=[value.copy()])) for kind in (exp.Sum, exp.Count))
    return value, Split(((total, _summed), (count, _summed)), _ratio)


_EXACT = (
    exp.Count,
    exp.CountIf,
    exp.Min,
    exp.Max,
    exp.LogicalAnd,
    exp.LogicalOr,
    exp.BitwiseAndAgg,
    exp.BitwiseOrAgg,
    exp.BitwiseXorAgg,
)


def is_exact(call: exp.Expr) -> bool:
    """Whether nodes that aggregate the same rows get the same value, to the last bit."""
    bare = bare_aggregate(call)
    if isinstance(bare, exp.Sum) and not isinstance(bare.this, exp.Order):
        kind = bare.this.type
        return kind is not None and kind.is_type(*exp.DataType.INTEGER_TYPES, exp.DataType.Type.DECIMAL)
    return isinstance(bare, _EXACT) and not bare.args.get("expressions")


def is_repeatable(tree: exp.Expr) -> bool:
    """Whether every node that evaluates the tree over the same rows gets the same answer.

    LIMIT may cut, and a window number, ties in any order; sums of floating numbers follow the order of rows.
    """
    loose = (exp.Limit, exp.Offset, exp.Window)
    return not any(
        isinstance(node, loose) or (is_aggregate(node) and not is_exact(node)) for node in tree.walk()
    )
