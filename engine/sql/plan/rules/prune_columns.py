from __future__ import annotations

from sqlglot import exp

from engine.sql.plan.functions import makes_rows
from engine.sql.plan.trees import unwrapped


def prune_columns(tree: exp.Query) -> exp.Query:
    """Drop output columns of derived tables and CTEs that nobody reads.

    >>> from sqlglot import parse_one
    >>> prune_columns(parse_one("SELECT d.a FROM (SELECT t.a AS a, t.b AS b FROM t) AS d")).sql()
    'SELECT d.a FROM (SELECT t.a AS a FROM t) AS d'
    """
    for holder in _holders(tree):
        selects = _branches(holder.this)
        if selects is None:
            continue
        used = {node.name for node in tree.find_all(exp.Column) if node.table in _readers(tree, holder)}
        _keep(selects, used)
    return tree


def _holders(tree: exp.Query) -> list[exp.Expr]:
    """Derived tables and CTEs, each before those inside it; a CTE after the queries that read it."""
    ctes = [cte for clause in tree.find_all(exp.With) if not clause.recursive for cte in clause.expressions]
    others = [node for node in tree.find_all(exp.Subquery) if node.alias]
    inside = {id(node) for cte in ctes for node in cte.find_all(exp.Subquery)}
    outside = [node for node in others if id(node) not in inside]
    return outside + [node for cte in reversed(ctes) for node in (cte, *_derived_in(cte))]


def _derived_in(cte: exp.Expr) -> list[exp.Expr]:
    return [node for node in cte.find_all(exp.Subquery) if node.alias]


def _readers(tree: exp.Query, holder: exp.Expr) -> set[str]:
    if isinstance(holder, exp.Subquery):
        return {holder.alias}
    return {node.alias_or_name for node in tree.find_all(exp.Table) if node.name == holder.alias}


def _branches(query: exp.Expr) -> list[exp.Select] | None:
    """The SELECTs whose columns can be dropped by place; None where that would change the rows."""
    query = unwrapped(query)
    if isinstance(query, exp.Select):
        fixed = query.args.get("distinct") or any(output.is_star for output in query.expressions)
        return None if fixed else [query]
    if isinstance(query, exp.Union) and not query.args.get("distinct") and not _has_own_order(query):
        left, right = _branches(query.this), _branches(query.expression)
        return left + right if left and right else None
    return None


def _has_own_order(query: exp.Expr) -> bool:
    return any(query.args.get(key) for key in ("order", "by_name"))


def _keep(selects: list[exp.Select], used: set[str]) -> None:
    first = selects[0].expressions
    kept = [
        at
        for at, output in enumerate(first)
        if output.alias_or_name in used or any(makes_rows(select.expressions[at]) for select in selects)
    ]
    for select in selects:
        select.set("expressions", [select.expressions[at] for at in kept or (0,)])
