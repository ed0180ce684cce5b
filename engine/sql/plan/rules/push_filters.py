from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from engine.sql.plan.functions import aggregates_here, is_volatile, makes_rows, windows_here
from engine.sql.plan.rules.name_outputs import leftmost_select
from engine.sql.plan.trees import aliases_in, all_of, column, columns_in, conjuncts, rewrite, unwrapped

if TYPE_CHECKING:
    from collections.abc import Iterator


def push_filters(tree: exp.Query) -> exp.Query:
    """Test a condition on a derived table inside it, before its rows are joined, grouped or moved.

    >>> from sqlglot import parse_one
    >>> sql = "SELECT d.n FROM (SELECT t.a AS a, COUNT(*) AS n FROM t GROUP BY t.a) AS d WHERE d.a = 1"
    >>> print(push_filters(parse_one(sql)).sql())
    SELECT d.n FROM (SELECT t.a AS a, COUNT(*) AS n FROM t WHERE t.a = 1 GROUP BY t.a) AS d
    """
    for select in tree.find_all(exp.Select):
        for item, condition in _derived_items(select):
            _push(condition, item)
    return tree


def _derived_items(select: exp.Select) -> Iterator[tuple[exp.Subquery, exp.Expr]]:
    """Derived tables with the WHERE or ON that filters their rows as they come out."""
    where, joins = select.args.get("where"), select.args.get("joins") or []
    start = select.args.get("from_")
    items = [(start.this if start else None, None)] + [(join.this, join) for join in joins]
    for at, (item, join) in enumerate(items):
        if not isinstance(item, exp.Subquery) or not isinstance(unwrapped(item.this), exp.Query):
            continue
        padded = any(later.side in ("RIGHT", "FULL") for later in joins[at:])
        side = join.side if join is not None else ""
        if where is not None and not padded and side in ("", "RIGHT"):
            yield item, where
        if join is not None and join.args.get("on") is not None and side in ("", "LEFT"):
            yield item, join


def _push(holder: exp.Expr, item: exp.Subquery) -> None:
    key = "on" if isinstance(holder, exp.Join) else "this"
    stay = []
    for part in conjuncts(holder.args[key]):
        movable = aliases_in(part) == {item.alias} and not part.find(exp.Query) and not is_volatile(part)
        if not (movable and _accepts(item.this, part, item.alias)):
            stay.append(part)
    holder.set(key, all_of(stay) or exp.true())
    if key == "this" and not stay:
        holder.pop()


def _accepts(query: exp.Expr, part: exp.Expr, alias: str) -> bool:
    """Put the condition into the query if it may stand there; whether it was."""
    names = leftmost_select(query)
    if names is None:
        return False
    places = {column(output.alias, alias): at for at, output in enumerate(names.expressions)}
    read = [node for node in columns_in(part) if node in places]
    new = []
    for select in _targets(query):
        env: dict[exp.Expr, exp.Expr] = {node: select.expressions[places[node]].unalias() for node in read}
        clause = _clause_for(select, list(env.values()))
        if clause is None:
            return False
        new.append((select, clause, rewrite(part, env)))
    for select, clause, condition in new:
        (select.where if clause == "where" else select.having)(condition, copy=False)
    return bool(new)


def _targets(query: exp.Expr) -> list[exp.Select]:
    """The SELECTs that together take a filter of the query; none where rows depend on rows outside it."""
    query = unwrapped(query)
    if any(query.args.get(key) for key in ("limit", "offset", "sample", "with_", "by_name", "pivots")):
        return []
    if isinstance(query, exp.SetOperation):
        left, right = _targets(query.this), _targets(query.expression)
        return left + right if left and right else []
    return [query] if isinstance(query, exp.Select) else []


def _clause_for(select: exp.Select, values: list[exp.Expr]) -> str | None:
    """The clause in which a condition on these outputs may stand; None where it may not."""
    outputs, distinct, group = select.expressions, select.args.get("distinct"), select.args.get("group")
    moving = any(value.find(exp.Query) or is_volatile(value) for value in values)
    if moving or any(makes_rows(output) for output in outputs) or (distinct and distinct.args.get("on")):
        return None
    windows = [call for tree in (*outputs, select.args.get("qualify")) for call in windows_here(tree)]
    grouped = group is not None or any(True for output in outputs for _ in aggregates_here(output))
    if not grouped and select.args.get("having") is None:
        return "where" if _partition_all(windows, values) else None
    if windows or group is None or _has_sets(group):
        return None
    return "where" if values and all(value in group.expressions for value in values) else "having"


def _partition_all(windows: list[exp.Window], values: list[exp.Expr]) -> bool:
    """Whether each window looks only at rows that are equal in the values, so that it misses none."""
    return all(value in (call.args.get("partition_by") or ()) for call in windows for value in values)


def _has_sets(group: exp.Group) -> bool:
    return any(value for key, value in group.args.items() if key != "expressions") or any(
        isinstance(key, (exp.Rollup, exp.Cube, exp.GroupingSets)) for key in group.expressions
    )
