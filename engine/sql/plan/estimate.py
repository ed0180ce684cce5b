"""How many rows, how many bytes: a simple model, good enough to tell a dimension from a fact table.

Textbook rules (uniform values, independent conditions): `a = const` keeps 1/distinct, a range keeps its share
of [minimum, maximum], an equi-join keeps 1/max(distinct of both sides). Where nothing is known, the shares
below.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from math import prod
from typing import Any

from sqlglot import exp

from engine.sql.plan.facts import ColumnFacts, TableFacts
from engine.sql.plan.hashing import form_named, hash_core

Known = Mapping[exp.Expr, ColumnFacts]

UNKNOWN_ROWS = (
    1_000_000.0  # a table that nobody counted is taken for a fact table: it is not broadcast lightly
)
UNKNOWN_DISTINCT = 0.1  # share of the rows
UNKNOWN_EQUAL = 0.05
UNKNOWN_RANGE = 1 / 3
LIKE_SHARE = 0.1
SUBQUERY_SHARE = 0.5
_WIDTHS = {
    "BIGINT": 8.0,
    "DOUBLE": 8.0,
    "FLOAT": 4.0,
    "BOOLEAN": 1.0,
    "DATE": 4.0,
    "UUID": 16.0,
    "VARCHAR": 24.0,
}
_OTHER_WIDTH = 8.0
_RANGES = (exp.LT, exp.LTE, exp.GT, exp.GTE)
_PARTS = {
    "QUARTER": 4.0,
    "MONTH": 12.0,
    "DAY": 31.0,
    "DAYOFWEEK": 7.0,
    "DOW": 7.0,
    "WEEK": 53.0,
    "HOUR": 24.0,
}
_DAYS = {"DAY": 1.0, "WEEK": 7.0, "MONTH": 30.4, "QUARTER": 91.3, "YEAR": 365.25}


def width_of(facts: ColumnFacts) -> float:
    """Bytes of a value in memory."""
    if facts.width is not None:
        return facts.width
    return _WIDTHS.get(form_named(facts.type) or "", _OTHER_WIDTH)


def rows_of(facts: TableFacts) -> float:
    """Rows of a table; from its bytes where nobody counted."""
    if facts.rows is not None:
        return max(facts.rows, 1.0)
    if facts.bytes is not None:
        return max(facts.bytes / max(sum(width_of(column) for column in facts.columns.values()), 1.0), 1.0)
    return UNKNOWN_ROWS


def distinct_of(value: exp.Expr, known: Known, rows: float) -> float:
    """Distinct values of an expression among `rows` rows; at least one."""
    facts = known.get(value)
    if facts is not None:
        guess = facts.distinct if facts.distinct is not None else rows * UNKNOWN_DISTINCT
        return max(min(guess, rows), 1.0)
    columns = set(value.find_all(exp.Column)) - {value}
    whole = prod(distinct_of(column, known, rows) for column in columns)
    return max(min(whole, rows, _distinct_parts(value, whole)), 1.0)


def _distinct_parts(value: exp.Expr, days: float) -> float:
    """How many different parts of that name dates of so many days have; unlimited for other expressions."""
    if not isinstance(value, (exp.Extract, exp.Year, exp.Quarter, exp.Month, exp.Day)):
        return days
    part = value.this.name.upper() if isinstance(value, exp.Extract) else value.key.upper()
    return max(days / _DAYS["YEAR"], 2.0) if part == "YEAR" else _PARTS.get(part, days)


def groups_of(values: Iterable[exp.Expr], known: Known, rows: float) -> float:
    """Distinct combinations of values among `rows` rows."""
    return max(min(prod(distinct_of(value, known, rows) for value in values), rows), 1.0)


def share_of_all(conditions: Iterable[exp.Expr], known: Known, rows: float) -> float:
    """The share of rows that all conditions keep; both ends of a range count as one.

    A range beside an equality of the same column keeps what that keeps.
    """
    listed = list(conditions)
    fixed = {
        hash_core(side) for one in listed if isinstance(one, exp.EQ) for side in (one.this, one.expression)
    }
    share, ends = 1.0, dict[exp.Expr, list[float]]()
    for condition in listed:
        if isinstance(condition, _RANGES) and condition.this in fixed:
            continue
        kept = share_of(condition, known, rows)
        if isinstance(condition, _RANGES) and isinstance(condition.this, exp.Column):
            ends.setdefault(condition.this, []).append(kept)
        else:
            share *= kept
    for kept_by in ends.values():
        overlap = sum(kept_by) - len(kept_by) + 1
        share *= overlap if overlap > 0 else prod(kept_by)
    return share


def share_of(condition: exp.Expr, known: Known, rows: float) -> float:
    """The share of rows, of `rows` many, that a condition keeps."""
    estimate = _SHARES.get(type(condition))
    if estimate is None:
        return SUBQUERY_SHARE if condition.find(exp.Query) else UNKNOWN_RANGE
    share: float = min(max(estimate(condition, known, rows), 0.0), 1.0)
    return 1 - share if condition.args.get("negate") else share


def share_of_join(
    lefts: list[exp.Expr], rights: list[exp.Expr], known: Known, sizes: tuple[float, float]
) -> float:
    """The share of pairs of rows that agree in all values: 1 / distinct keys of the richer side."""
    return 1 / max(groups_of(lefts, known, sizes[0]), groups_of(rights, known, sizes[1]))


def _share_of_equal(condition: exp.Expr, known: Known, rows: float) -> float:
    sides = [side for side in (condition.this, condition.expression) if side.find(exp.Column)]
    if not sides or condition.find(exp.Query):
        return UNKNOWN_EQUAL
    return 1 / max(distinct_of(side, known, rows) for side in sides)


def _share_of_range(condition: exp.Expr, known: Known, _rows: float) -> float:
    left, right = condition.this, condition.expression
    upward = isinstance(condition, (exp.LT, exp.LTE))
    if isinstance(right, exp.Column):
        left, right, upward = right, left, not upward
    return _share_below(left, right, known, upward=upward)


def _share_below(value: exp.Expr, bound: exp.Expr, known: Known, *, upward: bool) -> float:
    facts, place = known.get(value), position(bound)
    low, high = (position(facts.minimum), position(facts.maximum)) if facts else (None, None)
    if place is None or low is None or high is None or high <= low:
        return UNKNOWN_RANGE
    below = min(max((place - low) / (high - low), 0.0), 1.0)
    return below if upward else 1 - below


def _share_of_between(condition: exp.Expr, known: Known, _rows: float) -> float:
    low, high = condition.args["low"], condition.args["high"]
    if position(low) is None or position(high) is None:
        return UNKNOWN_RANGE / 2
    above = _share_below(condition.this, low, known, upward=False)
    return above + _share_below(condition.this, high, known, upward=True) - 1


def _share_of_in(condition: exp.Expr, known: Known, rows: float) -> float:
    if condition.args.get("query"):
        return SUBQUERY_SHARE
    return len(condition.expressions) / distinct_of(condition.this, known, rows)


def _share_of_is(condition: exp.Expr, known: Known, _rows: float) -> float:
    facts = known.get(condition.this)
    return facts.nulls if facts is not None and facts.nulls is not None else UNKNOWN_EQUAL


def _share_of_or(condition: exp.Expr, known: Known, rows: float) -> float:
    left, right = share_of(condition.this, known, rows), share_of(condition.expression, known, rows)
    return left + right - left * right


_SHARES: dict[type[exp.Expr], Any] = {
    exp.EQ: _share_of_equal,
    exp.NEQ: lambda node, known, rows: 1 - _share_of_equal(node, known, rows),
    exp.LT: _share_of_range,
    exp.LTE: _share_of_range,
    exp.GT: _share_of_range,
    exp.GTE: _share_of_range,
    exp.Between: _share_of_between,
    exp.In: _share_of_in,
    exp.Is: _share_of_is,
    exp.Like: lambda *_: LIKE_SHARE,
    exp.ILike: lambda *_: LIKE_SHARE,
    exp.Not: lambda node, known, rows: 1 - share_of(node.this, known, rows),
    exp.Paren: lambda node, known, rows: share_of(node.this, known, rows),
    exp.And: lambda node, known, rows: (
        share_of(node.this, known, rows) * share_of(node.expression, known, rows)
    ),
    exp.Or: _share_of_or,
    exp.Boolean: lambda node, *_: 1.0 if node.this else 0.0,
}


def position(value: Any) -> float | None:
    """A constant, a Python value or an expression, on the number line (dates in days), or None."""
    if isinstance(value, exp.Expr):
        return _position_of_tree(value)
    if isinstance(value, datetime.datetime):
        return value.toordinal() + value.hour / 24
    if isinstance(value, datetime.date):
        return float(value.toordinal())
    try:
        return float(value)
    except (TypeError, ValueError):
        return _position_of_text(value) if isinstance(value, str) else None


def _position_of_text(text: str) -> float | None:
    try:
        return position(datetime.datetime.fromisoformat(text))
    except ValueError:
        return None


def _position_of_tree(tree: exp.Expr) -> float | None:
    if isinstance(tree, exp.Literal):
        return position(tree.name)
    if isinstance(tree, exp.Interval):
        amount = position(tree.this)
        unit = tree.args.get("unit")
        days = _DAYS.get(unit.name.upper()) if unit is not None else None
        return amount * days if amount is not None and days is not None else None
    if isinstance(tree, (exp.Cast, exp.Paren)):
        return position(tree.this)
    if isinstance(tree, exp.Neg):
        amount = position(tree.this)
        return -amount if amount is not None else None
    if isinstance(tree, (exp.Add, exp.Sub)):
        left, right = position(tree.this), position(tree.expression)
        if left is not None and right is not None:
            return left + right if isinstance(tree, exp.Add) else left - right
    return None
