from __future__ import annotations

from sqlglot import exp

from engine.sql.plan.rules.name_outputs import leftmost_select
from engine.sql.plan.trees import column, derived, named


def wrap_queries(tree: exp.Query) -> exp.Query:
    """Make every query a SELECT or a bare set operation: the ORDER BY of a union goes to a SELECT around it.

    >>> from sqlglot import parse_one
    >>> sql = "SELECT t.a AS a FROM t UNION SELECT u.b AS b FROM u ORDER BY a LIMIT 3"
    >>> print(wrap_queries(parse_one(sql)).sql())
    SELECT u.a AS a FROM (SELECT t.a AS a FROM t UNION SELECT u.b AS b FROM u) AS u ORDER BY u.a LIMIT 3
    """
    for query in list(tree.find_all(exp.SetOperation, exp.Subquery)):
        if any(query.args.get(clause) for clause in ("order", "limit", "offset")):
            outer = _around(query)
            if query is tree:
                tree = outer
            else:
                query.replace(outer)
    return tree


def _around(query: exp.Query) -> exp.Query:
    """A SELECT of everything that the query yields, with the query's last clauses."""
    inner = query.copy()
    alias = inner.args.pop("alias", None) if isinstance(inner, exp.Subquery) else None
    select = leftmost_select(inner)
    names = [output.alias for output in select.expressions] if select is not None else []
    outer = exp.Select(expressions=[named(column(name, "u"), name) for name in names])
    for clause in ("with_", "order", "limit", "offset"):
        outer.set(clause, inner.args.get(clause))
        inner.set(clause, None)
    if outer.args.get("order"):
        _read_outputs(outer.args["order"], names)
    outer.set("from_", exp.From(this=derived(inner, "u")))
    return exp.Subquery(this=outer, alias=alias) if isinstance(query, exp.Subquery) else outer


def _read_outputs(order: exp.Order, names: list[str]) -> None:
    for key in order.expressions:
        if isinstance(key.this, exp.Literal) and key.this.is_int:
            key.this.replace(column(names[int(key.this.name) - 1], "u"))
    for read in list(order.find_all(exp.Column)):
        if not read.table:
            read.replace(column(read.name, "u"))
