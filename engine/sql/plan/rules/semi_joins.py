from __future__ import annotations

from sqlglot import exp

from engine.sql.plan.trees import named


def semi_joins(tree: exp.Query) -> exp.Query:
    """Say SEMI and ANTI joins with EXISTS, so that the planner knows one form of them.

    >>> from sqlglot import parse_one
    >>> sql = "SELECT t.a FROM t ANTI JOIN u AS u ON t.a = u.a WHERE t.b = 1"
    >>> semi_joins(parse_one(sql, dialect="duckdb")).sql()
    'SELECT t.a FROM t WHERE t.b = 1 AND NOT EXISTS(SELECT 1 AS one FROM u AS u WHERE t.a = u.a)'
    """
    for select in list(tree.find_all(exp.Select)):
        for join in list(select.args.get("joins") or ()):
            if join.is_semi_or_anti_join and not join.args.get("using"):
                join.pop()
                select.where(_existence(join), copy=False)
    return tree


def _existence(join: exp.Join) -> exp.Expr:
    inside = exp.select(named(exp.Literal.number(1), "one")).from_(join.this)
    if join.args.get("on") is not None:
        inside = inside.where(join.args["on"])
    found = exp.Exists(this=inside)
    return exp.Not(this=found) if join.kind == "ANTI" else found
