"""Which partitions a scan's predicate cannot be true in, told from what is known of them unopened."""

from __future__ import annotations

import datetime as dt
import operator
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from sqlglot import exp

if TYPE_CHECKING:
    from engine.lake import ColumnFacts, Partition

Compare = Callable[[Any, Any], bool]

# For `column <op> value`: which bound of the column decides, and how it must compare for a row to pass.
_DECIDES: Mapping[type[exp.Expr], tuple[tuple[str, Compare], ...]] = {
    exp.EQ: (("low", operator.le), ("high", operator.ge)),
    exp.LT: (("low", operator.lt),),
    exp.LTE: (("low", operator.le),),
    exp.GT: (("high", operator.gt),),
    exp.GTE: (("high", operator.ge),),
}
_MIRRORED: Mapping[type[exp.Expr], type[exp.Expr]] = {
    exp.EQ: exp.EQ,
    exp.LT: exp.GT,
    exp.LTE: exp.GTE,
    exp.GT: exp.LT,
    exp.GTE: exp.LTE,
}
_EXACT = frozenset(exp.DataType.INTEGER_TYPES) | {exp.DataType.Type.DECIMAL}


def may_match(predicate: exp.Expr, partition: Partition, names: Mapping[str, str]) -> bool:
    """Whether the predicate may be true for a row of the partition. False is certain, True is not.

    Args:
        predicate: Over bare columns of folded names.
        partition: What is known of it: bounds and nulls of its columns, values that its path gives.
        names: The stored name of each column that is read as it is stored; of others nothing is known.
    """
    if isinstance(predicate, exp.Paren):
        return may_match(predicate.this, partition, names)
    if isinstance(predicate, exp.And):
        return all(may_match(side, partition, names) for side in (predicate.this, predicate.expression))
    if isinstance(predicate, exp.Or):
        return any(may_match(side, partition, names) for side in (predicate.this, predicate.expression))
    if isinstance(predicate, exp.Between):
        bounds = (
            exp.GTE(this=predicate.this, expression=predicate.args["low"]),
            exp.LTE(this=predicate.this, expression=predicate.args["high"]),
        )
        return predicate.args.get("symmetric") is True or all(
            may_match(side, partition, names) for side in bounds
        )
    if isinstance(predicate, exp.In) and predicate.expressions:
        return any(
            may_match(exp.EQ(this=predicate.this, expression=value), partition, names)
            for value in predicate.expressions
        )
    return _may_hold(predicate, partition, names)


def _may_hold(predicate: exp.Expr, partition: Partition, names: Mapping[str, str]) -> bool:
    if isinstance(predicate, exp.Is) and isinstance(predicate.expression, exp.Null):
        fact = _fact(predicate.this, partition, names)
        return fact is None or fact.nulls != 0
    if isinstance(predicate, exp.Not) and isinstance(predicate.this, exp.Is):
        fact = _fact(predicate.this.this, partition, names)
        return fact is None or fact.nulls is None or fact.nulls != partition.rows
    kind = type(predicate)
    if kind not in _DECIDES:
        return True
    left, right = predicate.this, predicate.expression
    if _column(left) is None:
        left, right, kind = right, left, _MIRRORED[kind]
    fact = _fact(left, partition, names)
    return fact is None or _within(kind, fact, right)


def _within(kind: type[exp.Expr], fact: ColumnFacts, tree: exp.Expr) -> bool:
    if fact.low is None or fact.high is None:
        return True
    if isinstance(fact.high, float) and kind in (exp.GT, exp.GTE):
        return True  # bounds leave NaN out, and DuckDB takes NaN for the greatest number
    value = _value(tree)
    if value is None:
        return True
    for bound, passes in _DECIDES[kind]:
        pair = _comparable(getattr(fact, bound), value)
        if pair is not None and not passes(*pair):
            return False
    return True


def _column(tree: exp.Expr) -> str | None:
    """The column that is compared; a cast between exact numbers changes no comparison."""
    if isinstance(tree, exp.Cast) and type(tree) is exp.Cast and tree.to.this in _EXACT:
        inner = tree.this
        exact = inner.type is not None and inner.type.this in exp.DataType.INTEGER_TYPES
        return _column(inner) if exact else None
    return tree.name if isinstance(tree, exp.Column) else None


def _fact(tree: exp.Expr, partition: Partition, names: Mapping[str, str]) -> ColumnFacts | None:
    from engine.lake import ColumnFacts

    stored = names.get((_column(tree) or "").lower())
    if stored is None:
        return None
    hive = dict(partition.hive)
    if stored not in hive:
        return partition.fact(stored)
    value = hive[stored]
    return ColumnFacts(stored, 0, (partition.rows or 0) if value is None else 0, value, value)


def _value(tree: exp.Expr) -> Any:
    """The constant that a tree is; None where it is none, or no number, text or moment."""
    if isinstance(tree, exp.Paren):
        return _value(tree.this)
    if isinstance(tree, exp.Neg):
        inner = _value(tree.this)
        return -inner if isinstance(inner, Decimal) else None
    if isinstance(tree, exp.Boolean):
        return bool(tree.this)
    if isinstance(tree, exp.Literal):
        return tree.name if tree.is_string else _number(tree.name)
    if type(tree) is exp.Cast:
        return _cast(_value(tree.this), tree.to)
    return None


def _cast(value: Any, to: exp.DataType) -> Any:
    if isinstance(value, str) and to.this in exp.DataType.TEMPORAL_TYPES:
        return _moment(value)
    if isinstance(value, str):
        return value if to.this in exp.DataType.TEXT_TYPES else None
    exact = to.this in exp.DataType.INTEGER_TYPES or to.this == exp.DataType.Type.DOUBLE
    whole = isinstance(value, Decimal) and value == value.to_integral_value()
    return value if exact and whole and abs(value) < 2**53 else None


def _number(text: str) -> Decimal | None:
    try:
        return Decimal(text)
    except InvalidOperation:
        return None


def _moment(text: str) -> dt.datetime | None:
    try:
        return dt.datetime.fromisoformat(text)
    except ValueError:
        return None


def _comparable(bound: Any, value: Any) -> tuple[Any, Any] | None:
    """Bound and value as Python compares them, if that is how DuckDB does; else None."""
    if isinstance(bound, bool) or isinstance(value, bool):
        return (bound, value) if isinstance(bound, bool) and isinstance(value, bool) else None
    if isinstance(bound, int | float | Decimal):
        return (bound, value) if isinstance(value, Decimal) else None
    if isinstance(bound, str):
        return (bound, value) if isinstance(value, str) else None
    if isinstance(bound, dt.date):
        return _moments(bound, _moment(value) if isinstance(value, str) else value)
    return None


def _moments(bound: dt.date, value: Any) -> tuple[dt.datetime, dt.datetime] | None:
    if not isinstance(value, dt.datetime):
        return None
    moment = bound if isinstance(bound, dt.datetime) else dt.datetime.combine(bound, dt.time.min)
    return (moment, value) if moment.tzinfo is None and value.tzinfo is None else None
