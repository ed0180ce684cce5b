"""SELECT."""

from __future__ import annotations

from dataclasses import replace

from sqlglot import exp

from engine.errors import BindError, UnsupportedSqlError
from engine.sql.meaning.binding.context import Context, Relation
from engine.sql.meaning.binding.scopes import place
from engine.sql.meaning.comparing import order_tree
from engine.sql.meaning.queries.distinct import bytes_decide, once, same
from engine.sql.meaning.queries.for_json import for_json
from engine.sql.meaning.queries.groups import Grouping, above_groups, grouping_of, has_aggregates
from engine.sql.meaning.queries.orders import OrderKey, is_ranked, limited, order_clause, order_keys
from engine.sql.meaning.queries.projections import Projection, projected, projections_of
from engine.sql.meaning.queries.sources import from_clause
from engine.sql.meaning.queries.window_names import with_windows
from engine.sql.meaning.trees import select

_KNOWN = frozenset(
    """
    distinct expressions for_ from_ group having joins limit offset options order where windows with_
    """.split()
)


def select_relation(node: exp.Select, context: Context) -> Relation:
    """Translate one SELECT, without the WITH before it.

    Raises:
        UnsupportedSqlError: A clause that is not honoured.
    """
    _check_clauses(node)
    node = with_windows(node)
    from_, joins, context = from_clause(node, context)
    above = replace(context, aggregates=True)
    projections = projections_of(node, above)
    where = node.args.get("where")
    condition = context.within(context.scope).condition(where.this) if where is not None else None
    having = _having(node, above)
    keys = order_keys(node.args.get("order"), projections, above)
    grouping = _grouping(node, context, projections, having, keys)
    if grouping is not None:
        projections, having, keys = _above(grouping, projections, having, keys)
    tree = select(projected(projections))
    for name, part in (("from_", from_), ("joins", joins), ("group", grouping and grouping.tree)):
        if part:
            tree.set(name, part)
    if condition is not None:
        tree.set("where", exp.Where(this=condition))
    if having is not None:
        tree.set("having", exp.Having(this=having))
    return _finished(tree, node, projections, keys, above)


def _check_clauses(node: exp.Select) -> None:
    for name, clause in node.args.items():
        if clause and name not in _KNOWN:
            raise UnsupportedSqlError(
                f"{name.upper().strip('_')} in a query is not supported here.",
                "Take it out of the query.",
                **place(node),
            )


def _having(node: exp.Select, context: Context) -> exp.Expr | None:
    having = node.args.get("having")
    if having is None:
        return None
    if any(True for _ in having.find_all(exp.Window)):
        raise BindError(
            "Windowed functions can only appear in the SELECT or ORDER BY clauses.", **place(having)
        )
    return context.condition(having.this)


def _grouping(
    node: exp.Select,
    context: Context,
    projections: list[Projection],
    having: exp.Expr | None,
    keys: list[OrderKey],
) -> Grouping | None:
    """Give the groups of the query; None if it has none."""
    trees = [projection.value.tree for projection in projections] + [key.value.tree for key in keys]
    if node.args.get("group") is None and having is None and not has_aggregates(*trees):
        return None
    return grouping_of(node.args.get("group"), context.within(context.scope))


def _above(
    grouping: Grouping, projections: list[Projection], having: exp.Expr | None, keys: list[OrderKey]
) -> tuple[list[Projection], exp.Expr | None, list[OrderKey]]:
    """Write everything that stands above the groups so."""
    return (
        [
            replace(item, value=replace(item.value, tree=above_groups(item.value.tree, grouping)))
            for item in projections
        ],
        above_groups(having, grouping) if having is not None else None,
        [replace(key, value=replace(key.value, tree=above_groups(key.value.tree, grouping))) for key in keys],
    )


def _finished(
    tree: exp.Select, node: exp.Select, projections: list[Projection], keys: list[OrderKey], context: Context
) -> Relation:
    """Put DISTINCT, ORDER BY, TOP and FOR JSON onto the query."""
    relation = Relation(tree, tuple(projection.column for projection in projections))
    if node.args.get("distinct"):
        _check_distinct(projections, keys)
        relation, keys = _distinct(relation, projections, keys, context, ranked=is_ranked(node))
    relation = replace(relation, tree=limited(relation.tree, node, order_clause(keys, context), context))
    clause = node.args.get("for_")
    return for_json(relation, clause, context) if clause is not None else relation


def _distinct(
    relation: Relation, projections: list[Projection], keys: list[OrderKey], context: Context, *, ranked: bool
) -> tuple[Relation, list[OrderKey]]:
    """Keep one of each set of equal rows, and let the order, and a rank by it, read what is left."""
    values = [projection.value for projection in projections]
    plain = bytes_decide(values, context)
    if plain:
        relation.tree.set("distinct", exp.Distinct())
        if not ranked and all(order_tree(key.value, context) == key.value.tree for key in keys):
            return relation, keys
    tree, outer = (same if plain else once)(relation, context)
    places = {value.tree: above for value, above in zip(values, outer, strict=True)}
    moved = [replace(key, value=places[key.value.tree]) for key in keys]
    return replace(relation, tree=tree), moved


def _check_distinct(projections: list[Projection], keys: list[OrderKey]) -> None:
    shown = [projection.value.tree for projection in projections]
    if any(key.value.tree not in shown for key in keys):
        raise BindError("ORDER BY items must appear in the select list if SELECT DISTINCT is specified.")
