from __future__ import annotations

from sqlglot import exp

from engine.sql.plan.functions import makes_rows
from engine.sql.plan.names import fresh_name, identifier
from engine.sql.plan.trees import column, named, rewrite, unwrapped


def name_outputs(tree: exp.Query) -> exp.Query:
    """Give every output column its name where it is computed, and say ordinals and output names in full.

    >>> from sqlglot import parse_one
    >>> sql = "SELECT d.n FROM (SELECT t.a, COUNT(*) FROM t GROUP BY 1 ORDER BY 2) AS d(k, n)"
    >>> print(name_outputs(parse_one(sql)).sql())
    SELECT d.n AS n FROM (SELECT t.a AS k, COUNT(*) AS n FROM t GROUP BY t.a ORDER BY COUNT(*)) AS d
    """
    for select in tree.find_all(exp.Select):
        taken: set[str] = set()
        select.set("expressions", [_named(output, at, taken) for at, output in enumerate(select.expressions)])
    for holder in tree.find_all(exp.Subquery, exp.CTE):
        _push_alias_columns(holder)
    for select in tree.find_all(exp.Select):
        _say_in_full(select)
    for exists in tree.find_all(exp.Exists):
        _forget_outputs(exists)
    return tree


def _named(output: exp.Expr, at: int, taken: set[str]) -> exp.Expr:
    """The output under a name that no other has; a name of two outputs can only be one that nobody reads."""
    if output.is_star:
        return output
    return named(output.unalias(), fresh_name(output.alias_or_name.lower() or f"_col_{at}", taken))


def _push_alias_columns(holder: exp.Expr) -> None:
    alias = holder.args.get("alias")
    query = leftmost_select(holder.this)
    if not isinstance(alias, exp.TableAlias) or not alias.columns or query is None:
        return
    for output, name in zip(query.expressions, alias.columns, strict=False):
        output.set("alias", identifier(name.name))
    alias.set("columns", None)


def leftmost_select(query: exp.Expr) -> exp.Select | None:
    """The SELECT that names the columns of a query; None where there is none (VALUES, a table)."""
    query = unwrapped(query)
    while isinstance(query, (exp.SetOperation, exp.Subquery)):
        query = unwrapped(query.this)
    return query if isinstance(query, exp.Select) else None


def _say_in_full(select: exp.Select) -> None:
    outputs = [output.unalias() for output in select.expressions]
    by_name: dict[exp.Expr, exp.Expr] = {
        column(output.alias): output.unalias() for output in reversed(select.expressions)
    }
    for clause in ("group", "having", "qualify", "order"):
        part = select.args.get(clause)
        if part is None:
            continue
        if clause in ("group", "order"):
            _replace_ordinals(part, outputs)
        select.set(clause, rewrite(part, by_name))


def _replace_ordinals(part: exp.Expr, outputs: list[exp.Expr]) -> None:
    for item in part.expressions:
        value = item.this if isinstance(item, exp.Ordered) else item
        if isinstance(value, exp.Literal) and value.is_int and 1 <= int(value.name) <= len(outputs):
            value.replace(outputs[int(value.name) - 1].copy())


def _forget_outputs(exists: exp.Exists) -> None:
    """EXISTS without the columns of its query: all of them would travel (TPC-H 21: 100 times as long)."""
    select = unwrapped(exists.this)
    if isinstance(select, exp.Select) and not any(map(_decides, select.expressions)):
        select.set("expressions", [named(exp.Literal.number(1), "one")])


def _decides(output: exp.Expr) -> bool:
    """Whether an output says how many rows there are: as an aggregate may without GROUP BY."""
    if output.is_star:
        return False
    return output.find(exp.AggFunc) is not None or makes_rows(output)
