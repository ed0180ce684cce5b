"""GROUP BY, and what stands above it.

Groups are made by keys (`comparing.equality_tree`), since texts that differ in trailing blanks, or in case,
are one group. What such a group shows of the text itself is its smallest member, so the answer does not
depend on chance.

>>> from engine.sql.meaning.show import shown
>>> print(shown("SELECT grp, COUNT(*) AS n FROM t GROUP BY grp"))
SELECT MIN(t.grp) AS grp, CAST(COUNT(*) AS INT) AS n FROM t AS t GROUP BY RTRIM(t.grp, ' ')
>>> print(shown("SELECT id, SUM(qty) AS n FROM t GROUP BY id WITH ROLLUP"))
SELECT t.id AS id, CAST(SUM(t.qty) AS INT) AS n FROM t AS t GROUP BY ROLLUP (t.id)
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlglot import exp

from engine.errors import BindError, UnsupportedSqlError
from engine.sql.meaning.binding.scopes import place
from engine.sql.meaning.comparing import equality_tree
from engine.sql.meaning.trees import binary, case, number

if TYPE_CHECKING:
    from engine.sql.meaning.binding.context import Context

_SETS = (exp.Rollup, exp.Cube, exp.GroupingSets)


@dataclass(slots=True)
class Grouping:
    """The groups of a query.

    Attributes:
        tree: The GROUP BY of the DuckDB tree, if there is one.
        keys: For each expression that was grouped by, what stands for it above the groups.
        aliases: The sources whose bare columns may not stand above the groups.
        grouped: The expressions of GROUP BY as DuckDB compares them.
    """

    tree: exp.Group | None
    aliases: frozenset[str]
    keys: dict[exp.Expr, exp.Expr] = field(default_factory=dict)
    grouped: set[exp.Expr] = field(default_factory=set)


def grouping_of(node: exp.Group | None, context: Context) -> Grouping:
    """Translate GROUP BY with all its forms; without one, all rows are one group."""
    grouping = Grouping(None, frozenset(context.scope.aliases()))
    if node is None:
        return grouping
    if node.args.get("totals") or node.args.get("all"):
        raise UnsupportedSqlError("This form of GROUP BY is not supported.", **place(node))
    with_sets = any(isinstance(item, _SETS) for item in node.expressions) or bool(
        node.args.get("rollup") or node.args.get("cube") or node.args.get("grouping_sets")
    )
    items = [_item(item, context, grouping, with_sets=with_sets) for item in node.expressions]
    for argument, kind in (("rollup", exp.Rollup), ("cube", exp.Cube)):
        if node.args.get(
            argument
        ):  # the old form: WITH ROLLUP and WITH CUBE take all that stands before them
            items = [kind(expressions=items)]
    grouping.tree = exp.Group(expressions=items)
    return grouping


def _item(item: exp.Expr, context: Context, grouping: Grouping, *, with_sets: bool) -> exp.Expr:
    if isinstance(item, (*_SETS, exp.Tuple)):
        inner = [_item(part, context, grouping, with_sets=with_sets) for part in item.expressions]
        return type(item)(expressions=inner)
    if isinstance(item, exp.Paren):
        inner_item = _item(item.this, context, grouping, with_sets=with_sets)
        return exp.Tuple(expressions=[inner_item]) if with_sets else inner_item
    value = context.value(item)
    if not any(column.table in grouping.aliases for column in value.tree.find_all(exp.Column)):
        raise BindError(
            "Each GROUP BY expression must contain at least one column that is not an outer reference.",
            **place(item),
        )
    key = equality_tree(value, context)
    grouping.grouped.add(key)
    grouping.keys[value.tree] = _representative(value.tree, key, with_sets=with_sets)
    return key


def _representative(tree: exp.Expr, key: exp.Expr, *, with_sets: bool) -> exp.Expr:
    if key == tree:
        return tree
    smallest = exp.Min(this=tree)
    if not with_sets:
        return smallest
    counted = binary(exp.EQ, exp.Grouping(expressions=[key]), number(0))
    return case([(counted, smallest)])


def has_aggregates(*trees: exp.Expr | None) -> bool:
    """Whether an aggregate stands in one of these trees, outside of windows and nested queries."""
    return any(_has_aggregate(tree) for tree in trees if tree is not None)


def _has_aggregate(tree: exp.Expr) -> bool:
    if isinstance(tree, exp.Query):
        return False
    if isinstance(tree, exp.Window):
        return any(_has_aggregate(part) for part in _window_parts(tree))
    if isinstance(tree, exp.AggFunc | exp.Grouping):
        return True
    return any(_has_aggregate(child) for child in tree.iter_expressions())


def _window_parts(window: exp.Window) -> list[exp.Expr]:
    """Give what a window reads: the arguments of its function, its partition and its order."""
    parts = list(window.args.get("partition_by") or [])
    order = window.args.get("order")
    function = window.this.this if isinstance(window.this, exp.IgnoreNulls) else window.this
    return [*function.iter_expressions(), *parts, *([order] if order is not None else [])]


def above_groups(tree: exp.Expr, grouping: Grouping) -> exp.Expr:
    """Write an expression as it is above the groups.

    Raises:
        BindError: It names a column that is neither grouped by nor aggregated.
    """
    return _above(tree.copy(), grouping)


def _above(tree: exp.Expr, grouping: Grouping) -> exp.Expr:
    if tree in grouping.keys:
        return grouping.keys[tree].copy()
    if isinstance(tree, exp.Column):
        return _checked(tree, grouping)
    if isinstance(tree, exp.Grouping):
        return _checked_grouping(tree, grouping)
    if isinstance(tree, exp.AggFunc) and not isinstance(tree.parent, exp.Window | exp.IgnoreNulls):
        return tree
    for name, value in list(tree.args.items()):
        if isinstance(value, exp.Expr):
            tree.set(name, _above(value, grouping))
        elif isinstance(value, list):
            tree.set(name, [_above(part, grouping) if isinstance(part, exp.Expr) else part for part in value])
    return tree


def _checked(column: exp.Column, grouping: Grouping) -> exp.Column:
    if column.table in grouping.aliases:
        raise BindError(
            f"Column '{column.table}.{column.name}' is invalid in the select list because it is not "
            f"contained in either"
            " an aggregate function or the GROUP BY clause.",
            "Group by it, or aggregate it.",
            column=column.name,
        )
    return column


def _checked_grouping(tree: exp.Grouping, grouping: Grouping) -> exp.Grouping:
    for index, key in enumerate(tree.expressions, 1):
        if key not in grouping.grouped:
            raise BindError(
                f"Argument {index} of the GROUPING function does not match any of the expressions in the "
                f"GROUP BY clause."
            )
    return tree
