"""Comparisons of two values, whatever their types.

Text compares by keys (`collation`). Where a column meets a constant, raw bounds of the column stand beside
the key, so that files and row groups can be pruned by them: `name = 'x'` becomes `name >= 'x' AND name < 'x!'
AND RTRIM(name, ' ') = 'x'`. The bounds hold because `!` is the first printable character behind the blank.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from engine.sql.meaning.collation import Collation, equality_key, order_key
from engine.sql.meaning.conversion.convert import convert, to_string
from engine.sql.meaning.precedence import common_type
from engine.sql.meaning.trees import binary, both, call, text
from engine.sql.meaning.types import DATETIMEOFFSET, INT, NULL, Base, SqlType

if TYPE_CHECKING:
    from engine.sql.meaning.binding.context import Context
    from engine.sql.meaning.values import Value

MIRRORED: dict[type[exp.Binary], type[exp.Binary]] = {
    exp.LT: exp.GT,
    exp.GT: exp.LT,
    exp.LTE: exp.GTE,
    exp.GTE: exp.LTE,
}
ORDERED = frozenset(MIRRORED)


def compare(operator: type[exp.Binary], left: Value, right: Value, context: Context) -> exp.Expr:
    """Compare as T-SQL does.

    Raises:
        BindError: The types never meet, or the collations are at odds.
    """
    left, right = comparable(left, right)
    if left.type.is_text and right.type.is_text:
        return _compare_text(operator, left, right, context.collation_of(left.type, right.type))
    if operator in ORDERED and left.type.base is Base.UNIQUEIDENTIFIER:
        return binary(operator, call("tsql_guid_key", left.tree), call("tsql_guid_key", right.tree))
    return binary(operator, left.tree, right.tree)


def comparable(left: Value, right: Value) -> tuple[Value, Value]:
    """Bring two values to types that DuckDB compares as T-SQL does.

    Numbers are left as they are, and so are dates beside datetimes: DuckDB promotes them as T-SQL does.
    """
    kind = common_type((left.type, right.type))
    if kind == NULL:
        return left, right
    return _prepared(left, right, kind), _prepared(right, left, kind)


def _prepared(value: Value, other: Value, kind: SqlType) -> Value:
    if kind.is_text:
        return to_string(value)
    if value.type.is_number and kind.is_number:
        return _truth(value, other)
    if value.type.is_text and other.type.is_temporal:
        return convert(value, other.type)
    if value.type.is_temporal and DATETIMEOFFSET.base is not kind.base:
        ticking = {value.type.base, other.type.base} == {Base.DATETIME, Base.DATETIME2}
        promoted = value.type.base is kind.base or (value.type.base is not Base.TIME and not ticking)
        return value if promoted else convert(value, kind)
    return convert(value, kind)


def _truth(value: Value, other: Value) -> Value:
    """Write 0 and 1 beside a bit as FALSE and TRUE; beside other numbers the bit is an integer."""
    if other.type.base is Base.BIT and value.is_constant and value.constant in (0, 1):
        return convert(value, other.type)
    if value.type.base is Base.BIT and other.type.base is not Base.BIT and other.constant not in (0, 1):
        return convert(value, INT)
    return value


def _compare_text(operator: type[exp.Binary], left: Value, right: Value, collation: Collation) -> exp.Expr:
    if left.is_constant and not right.is_constant:
        left, right, operator = right, left, MIRRORED.get(operator, operator)
    if isinstance(left.tree, exp.Column) and isinstance(right.constant, str):
        bounded = _bounded(operator, left, right.constant, collation)
        if bounded is not None:
            return bounded
    key = order_text if operator in ORDERED else equal_text
    return binary(operator, key(left, collation), key(right, collation))


def equal_text(value: Value, collation: Collation) -> exp.Expr:
    """Give the key by whose equality a text is equal."""
    if isinstance(value.constant, str) and value.constant.isascii():
        return text(_folded(value.constant, collation))
    return equality_key(value.tree, collation, trimmed=value.type.trimmed)


def order_text(value: Value, collation: Collation) -> exp.Expr:
    """Give the key by which a text sorts."""
    if isinstance(value.constant, str) and collation.is_binary:
        return equal_text(value, collation)
    return order_key(value.tree, collation, trimmed=value.type.trimmed)


def equality_tree(value: Value, context: Context) -> exp.Expr:
    """Give the key by which values of any type are equal: for GROUP BY, DISTINCT, IN and joins of sets."""
    if not value.type.is_text:
        return value.tree
    return equal_text(value, context.collation_of(value.type))


def order_tree(value: Value, context: Context) -> exp.Expr:
    """Give the key by which values of any type sort."""
    if value.type.base is Base.UNIQUEIDENTIFIER:
        return call("tsql_guid_key", value.tree)
    return order_text(value, context.collation_of(value.type)) if value.type.is_text else value.tree


def _folded(constant: str, collation: Collation) -> str:
    bare = constant.rstrip(" ")
    return bare.lower() if collation.fold_case else bare


def _bounded(
    operator: type[exp.Binary], column: Value, constant: str, collation: Collation
) -> exp.Expr | None:
    """Compare a column with a constant by raw bounds, and by the key where the bounds do not decide."""
    low, high = raw_bounds(constant, collation)
    if low is None or high is None:
        return None
    key, bare, tree = equal_text(column, collation), text(_folded(constant, collation)), column.tree
    if operator is exp.EQ:
        bounds = [] if key == tree else [binary(exp.GTE, tree, low), binary(exp.LT, tree, high)]
        return both(*bounds, binary(exp.EQ, key, bare))
    if operator in ORDERED and collation.is_binary:
        return _bounded_order(operator, tree, key, bare, high)
    return None


def _bounded_order(
    operator: type[exp.Binary], tree: exp.Expr, key: exp.Expr, bare: exp.Expr, high: exp.Expr
) -> exp.Expr:
    """Compare bytes where trailing blanks change nothing, which is so for `<` and `>=`."""
    if key == tree or operator in (exp.LT, exp.GTE):
        return binary(operator, tree, bare)
    bound = binary(exp.GT, tree, bare) if operator is exp.GT else binary(exp.LT, tree, high)
    return both(bound, binary(operator, key, bare))


def raw_bounds(constant: str, collation: Collation) -> tuple[exp.Expr | None, exp.Expr | None]:
    """Give bounds in bytes (the lower one counts, the upper one does not) of all texts equal to a constant.

    >>> from engine.sql.meaning.collation import BIN2, CI
    >>> [bound.sql() for bound in raw_bounds("x ", BIN2)], [bound.sql() for bound in raw_bounds("Ab", CI)]
    (["'x'", "'x!'"], ["'AB'", "'ab!'"])
    """
    bare = constant.rstrip(" ")
    if collation.fold_accent or (collation.fold_case and not bare.isascii()):
        return None, None
    low, high = (bare.upper(), bare.lower()) if collation.fold_case else (bare, bare)
    return text(low), text(high + "!")
