"""Values of which one is chosen: in CASE, IIF, COALESCE and their like. All take one type."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from engine.errors import BindError
from engine.sql.meaning.binding.scopes import place
from engine.sql.meaning.conversion.convert import convert
from engine.sql.meaning.precedence import common_type
from engine.sql.meaning.trees import case
from engine.sql.meaning.types import NULL, SqlType
from engine.sql.meaning.values import Value, settled


def chosen(
    conditions: Sequence[exp.Expr], values: Sequence[Value], default: Value | None, node: exp.Expr
) -> Value:
    """Give the value of the first condition that holds, in the common type of all values.

    Raises:
        BindError: Every value is NULL, so there is no type.
    """
    branches = [*values, default] if default is not None else list(values)
    kind = common_type(branch.type for branch in branches)
    if kind == NULL:
        raise BindError(
            "At least one of the result expressions in a CASE specification must be an expression other "
            "than the NULL"
            " constant.",
            **place(node),
        )
    results = [convert(branch, kind) for branch in branches]
    trees = [branch_tree(result) for result in results]
    otherwise = trees.pop() if default is not None else None
    return Value(case(zip(conditions, trees, strict=True), otherwise), shared_facts(kind, results))


def shared_facts(kind: SqlType, values: Sequence[Value]) -> SqlType:
    """Say of a type only what holds for every one of the values that it was made of."""
    if not kind.is_text:
        return kind
    trimmed = all(value.type.trimmed for value in values if not value.is_null)
    return kind.with_facts(trimmed=trimmed, collation=kind.collation)


def branch_tree(value: Value) -> exp.Expr:
    """Give a value as one of several that must be of one DuckDB type."""
    return exp.Null() if value.is_null else settled(value)
