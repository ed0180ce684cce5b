"""WITH: common table expressions, and those that read themselves.

T-SQL stops a recursion after 100 steps unless OPTION (MAXRECURSION n) says otherwise. A hidden column counts
them.

>>> from engine.sql.meaning.show import shown
>>> print(shown("WITH c(x) AS (SELECT id FROM t) SELECT x FROM c"))
WITH c(x) AS (SELECT t.id AS id FROM t AS t) SELECT c.x AS x FROM c AS c
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sqlglot import exp

from engine.errors import BindError, UnsupportedSqlError
from engine.sql.meaning.binding.relations import named_columns
from engine.sql.meaning.binding.scopes import Column, Scope, place
from engine.sql.meaning.failures import RECURSION, failure
from engine.sql.meaning.trees import aliased, binary, case, number, table_alias
from engine.sql.meaning.trees import column as column_tree

if TYPE_CHECKING:
    from engine.sql.meaning.binding.context import Context

_DEPTH = "_depth"
_DEFAULT_DEPTH = 100


def with_clause(node: exp.With, context: Context, *, depth: int | None) -> tuple[exp.With, Context]:
    """Translate the expressions of WITH in their order; each sees those before it.

    Args:
        node: The clause.
        context: Where the query stands.
        depth: The most steps of a recursion; None for no limit.
    """
    trees, recursive = [], False
    context = replace(context, scope=Scope((), context.scope.outer))
    for cte in node.expressions:
        name, names = cte.alias, [column.name for column in cte.args["alias"].columns]
        if name.lower() in context.ctes:
            raise BindError(f"Duplicate common table expression name '{name}' was specified.", **place(cte))
        if _reads(cte.this, name):
            tree, columns = _recursive(cte, names, context, depth=depth)
            names, recursive = [*(column.name for column in columns), _DEPTH], True
        else:
            relation = context.query(cte.this, context)
            tree, columns = relation.tree, named_columns(relation.columns, names, name)
            names = [column.name for column in columns] if names else []
        trees.append(exp.CTE(this=tree, alias=table_alias(name, names)))
        context = context.with_cte(name, columns)
    return exp.With(expressions=trees, recursive=recursive or None), context


def recursion_depth(node: exp.Query) -> int | None:
    """Read OPTION (MAXRECURSION n); None where n is 0, which is no limit."""
    for option in node.args.get("options") or []:
        if option.name.upper() == "MAXRECURSION":
            depth = int(option.expression.name)
            return depth or None
    return _DEFAULT_DEPTH


def _reads(query: exp.Expr, name: str) -> bool:
    return any(
        table.name.lower() == name.lower() and not table.args.get("db")
        for table in query.find_all(exp.Table)
        if isinstance(table.this, exp.Identifier)
    )


def _recursive(
    cte: exp.CTE, names: list[str], context: Context, *, depth: int | None
) -> tuple[exp.Expr, tuple[Column, ...]]:
    """Translate an anchor and the steps that read what came before, joined by UNION ALL."""
    query = cte.this
    if not isinstance(query, exp.Union) or query.args.get("distinct") or _reads(query.this, cte.alias):
        raise UnsupportedSqlError(
            f"The recursive common table expression '{cte.alias}' must be one anchor UNION ALL one "
            f"recursive member.",
            "Write the parts that do not read it in one anchor.",
            **place(cte),
        )
    anchor = context.query(query.this, context)
    columns = named_columns(anchor.columns, names, cte.alias)
    step = context.query(query.expression, context.with_cte(cte.alias, columns))
    if len(step.columns) != len(columns):
        raise BindError(
            f"The parts of the recursive query '{cte.alias}' differ in their number of columns.", **place(cte)
        )
    for one, other in zip(columns, step.columns, strict=True):
        if one.type != other.type:
            raise BindError(
                f'Types don\'t match between the anchor and the recursive part in column "{one.name}" of '
                f"recursive query"
                f' "{cte.alias}".',
                f"The anchor gives {one.type}, the recursive part {other.type}: CAST one of them.",
                **place(cte),
            )
    _check_step(step.tree, cte)
    first = _with_depth(anchor.tree, number(0))
    deeper = _with_depth(step.tree, _next_depth(_alias_of(step.tree, cte), depth))
    return exp.Union(this=first, expression=deeper, distinct=False), columns


def _check_step(tree: exp.Query, cte: exp.CTE) -> None:
    plain = isinstance(tree, exp.Select) and not any(
        tree.args.get(part) for part in ("group", "distinct", "limit")
    )
    if not plain:
        raise UnsupportedSqlError(
            f"GROUP BY, DISTINCT, TOP and set operations in the recursive part of '{cte.alias}' are not "
            f"allowed.",
            "Do that in the query that reads it.",
            **place(cte),
        )


def _alias_of(tree: exp.Query, cte: exp.CTE) -> str:
    """Find under which alias the recursive part reads itself.

    Raises:
        UnsupportedSqlError: In a derived table or a subquery.
    """
    items = [tree.args["from_"].this, *(join.this for join in tree.args.get("joins") or [])]
    found = [
        item.alias for item in items if isinstance(item, exp.Table) and item.name.lower() == cte.alias.lower()
    ]
    if len(found) != 1:
        raise UnsupportedSqlError(
            f"The recursive part of '{cte.alias}' must read it once, in its own FROM clause.",
            "Join it there, without a derived table around it.",
            **place(cte),
        )
    return found[0]


def _with_depth(tree: exp.Query, depth: exp.Expr) -> exp.Query:
    tree.append("expressions", aliased(depth, _DEPTH))
    return tree


def _next_depth(alias: str, limit: int | None) -> exp.Expr:
    before = column_tree(alias, _DEPTH)
    after = binary(exp.Add, before, number(1))
    if limit is None:
        return after
    message = (
        f"The statement terminated. The maximum recursion {limit} has been exhausted before statement"
        " completion."
    )
    return case([(binary(exp.GTE, before, number(limit)), failure(RECURSION, message))], after)
