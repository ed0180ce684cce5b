"""Which columns of a query never hold NULL, where that is certain: what CREATE TABLE AS SELECT takes over.

Documented: a column keeps the nullability of the column that it is, an expression may be NULL unless it is
ISNULL(...). A column that an outer join may fill up, or a grouping set leave out, may be NULL.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from engine.sql.meaning.calls import read_call

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.session.binding.binder import Bound
    from engine.session.binding.relations import Relation

_GROUPING = (exp.Cube, exp.GroupingSets, exp.Rollup)


def never_null(bound: Bound) -> list[bool]:
    """For each column that a bound query gives, whether it certainly never holds NULL."""
    select = bound.tree
    if not isinstance(select, exp.Select):
        return []
    sources = _sources(select)
    tables = _tables(sources, bound)
    required = {name: one.required for name, one in tables.items()} if _keeps_rows_whole(select) else {}
    found: list[bool] = []
    for item in select.expressions:
        if not isinstance(item, exp.Star) and not isinstance(item.this, exp.Star):
            found.append(_is_certain(item.unalias(), required))
            continue
        wanted = [item.table.lower()] if isinstance(item, exp.Column) else list(tables)
        if len(tables) < len(sources) or not set(wanted) <= set(tables):
            return []  # how many columns that is, is not known here
        for name in wanted:
            found += [column.lower() in required.get(name, frozenset()) for column in tables[name].columns]
    return found


def _sources(select: exp.Select) -> list[exp.Expr]:
    """What stands in FROM, in order."""
    first = select.args.get("from_")
    made = [] if first is None else [first.this]
    return [*made, *(join.this for join in select.args.get("joins") or ())]


def _tables(sources: list[exp.Expr], bound: Bound) -> dict[str, Relation]:
    """The tables among them, by the name that the query calls them, in lower case."""
    found = {}
    for source in sources:
        if isinstance(source, exp.Table) and not source.args.get("pivots"):
            name = ".".join(part.name for part in source.parts).lower()
            if name in bound.relations:
                found[source.alias_or_name.lower()] = bound.relations[name]
    return found


def _keeps_rows_whole(select: exp.Select) -> bool:
    """Whether no outer join fills rows up, and no grouping set leaves columns out."""
    group, joins = select.args.get("group"), select.args.get("joins") or []
    if any(join.side or join.args.get("method") for join in joins) or select.args.get("laterals"):
        return False
    return group is None or not group.find(*_GROUPING)


def _is_certain(item: exp.Expr, required: Mapping[str, frozenset[str]]) -> bool:
    if isinstance(item, exp.Paren):
        return _is_certain(item.this, required)
    if isinstance(item, exp.Literal):
        return True
    if isinstance(item, exp.Column):
        tables = [required.get(item.table.lower(), frozenset())] if item.table else list(required.values())
        return any(item.name.lower() in names for names in tables)
    call = read_call(item)
    if call is not None and call.name == "ISNULL":
        return any(_is_certain(one, required) for one in call.arguments)
    return False
