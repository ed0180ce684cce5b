"""Conditions of a query that hold for the data of its PREDICT already: rows that fail them are not scored."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from sqlglot import exp

from engine.inference import InputRange

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from engine.ml.foreign import ForeignSignature
    from engine.prep import Signature

# What a condition may be made of: nothing that differs from call to call, nothing that reads other rows.
_PLAIN = (
    exp.And, exp.Or, exp.Not, exp.Paren, exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.Between,
    exp.In, exp.Is, exp.Null, exp.Literal, exp.Neg, exp.Column, exp.Identifier,
)  # fmt: skip
_FLIPPED: dict[type[exp.Expr], type[exp.Expr]] = {
    exp.LT: exp.GT, exp.LTE: exp.GTE, exp.GT: exp.LT, exp.GTE: exp.LTE, exp.EQ: exp.EQ,
}  # fmt: skip


def conditions_of(select: exp.Select, alias: str) -> list[exp.Expr]:
    """The conditions of a WHERE that all rows of the result meet and that name columns of the data alone.

    A query with an outer join has none: rows that it fills up with NULL meet conditions in their own way.
    """
    where = select.args.get("where")
    joins = select.args.get("joins") or []
    filled = any(join.side or join.args.get("method") for join in joins) or select.args.get("laterals")
    if where is None or filled:
        return []
    return [one.copy() for one in _parts(where.this) if _is_of(one, alias)]


def _parts(condition: exp.Expr) -> Iterator[exp.Expr]:
    if isinstance(condition, exp.Paren):
        yield from _parts(condition.this)
    elif isinstance(condition, exp.And):
        yield from _parts(condition.left)
        yield from _parts(condition.right)
    else:
        yield condition


def _is_of(condition: exp.Expr, alias: str) -> bool:
    columns = list(condition.find_all(exp.Column))
    return (
        bool(columns)
        and all(column.table.lower() == alias.lower() and not column.args.get("db") for column in columns)
        and all(isinstance(node, _PLAIN) for node in condition.walk())
    )


def ranges_of(conditions: Iterable[exp.Expr]) -> dict[str, tuple[float, float]]:
    """The least and the greatest number that a column may be, by its name in lower case."""
    found: dict[str, tuple[float, float]] = {}
    for column, low, high in (bound for one in conditions for bound in _bounds(one)):
        before = found.get(column, (-math.inf, math.inf))
        found[column] = (max(before[0], low), min(before[1], high))
    return found


def _bounds(condition: exp.Expr) -> Iterator[tuple[str, float, float]]:
    if isinstance(condition, exp.Between) and isinstance(condition.this, exp.Column):
        low, high = _number(condition.args["low"]), _number(condition.args["high"])
        if low is not None and high is not None and not condition.args.get("symmetric"):
            yield condition.this.name.lower(), low, high
        return
    kind = type(condition)
    if kind not in _FLIPPED:
        return
    column, value = condition.this, _number(condition.expression)
    if not isinstance(column, exp.Column):
        column, value, kind = condition.expression, _number(condition.this), _FLIPPED[kind]
    if isinstance(column, exp.Column) and value is not None:
        low = value if kind in (exp.GT, exp.GTE, exp.EQ) else -math.inf
        yield column.name.lower(), low, value if kind in (exp.LT, exp.LTE, exp.EQ) else math.inf


def _number(node: exp.Expr) -> float | None:
    if isinstance(node, exp.Neg):
        value = _number(node.this)
        return None if value is None else -value
    return float(node.name) if isinstance(node, exp.Literal) and not node.is_string else None


def input_ranges(
    signature: Signature | ForeignSignature,
    known: Mapping[str, tuple[float, float]],
    numeric: Sequence[str],
) -> tuple[InputRange, ...]:
    """What conditions say of a graph's inputs; only of columns that hold numbers in the data."""
    numbers = {name.lower() for name in numeric}
    places = signature.places
    return tuple(
        # NaN counts as the greatest number: only a condition from above leaves none.
        InputRange(*places[name], *known[name.lower()], missing=known[name.lower()][1] == math.inf)
        for name in signature.names
        if name.lower() in known and name.lower() in numbers
    )
