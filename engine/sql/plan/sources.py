"""The rule of last resort: leave a query as it is and bring all rows that it reads to where it runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from engine.sql.plan.leaves import table_piece
from engine.sql.plan.names import identifier
from engine.sql.plan.trees import column, conjuncts, free_aliases, rewrite, unwrapped

if TYPE_CHECKING:
    from engine.sql.plan.draft import Draft
    from engine.sql.plan.travel import Travel


def with_sources(draft: Draft, query: exp.Expr, travel: Travel, *, tables_only: bool = False) -> exp.Expr:
    """A copy of the query whose FROM items read what `travel` brought; columns keep their names.

    Derived tables that stand on their own are planned by rule, unless `tables_only`. Of tables only the
    columns that are read travel, and only the rows that the table's own conditions let through.
    """
    query = query.copy()
    inside = {cte.alias for cte in query.find_all(exp.CTE)}
    for item in [] if tables_only else _derived_alone(query, inside):
        item.set("this", _brought_query(draft, item.this, travel))
    done = {step.name for step in draft.steps} | inside
    for node in list(query.find_all(exp.Table)):
        if isinstance(node.this, exp.Identifier) and node.name not in done:
            node.set("this", identifier(_brought_table(draft, node, travel)))
    return query


def _derived_alone(query: exp.Expr, inside: set[str]) -> list[exp.Subquery]:
    """The outermost derived tables that read nothing around them."""
    found: list[exp.Subquery] = []
    for node in query.find_all(exp.Subquery):
        is_item = isinstance(node.parent, (exp.From, exp.Join)) and isinstance(
            unwrapped(node.this), exp.Query
        )
        reads = {table.name for table in node.find_all(exp.Table)}
        nested = any(node in list(outer.find_all(exp.Subquery)) for outer in found)
        if is_item and not nested and not free_aliases(node) and not reads & inside:
            found.append(node)
    return found


def _brought_query(draft: Draft, query: exp.Expr, travel: Travel) -> exp.Expr:
    relation = draft.relation_of(query)
    alias = draft.fresh("q")
    outputs = [(column(name, alias), name) for name in relation.names]
    sent = draft.send(draft.item(relation, alias), travel, [value for value, _ in outputs])
    return sent.close(outputs)


def _brought_table(draft: Draft, node: exp.Table, travel: Travel) -> str:
    """The name under which the table's rows are found after they travelled."""
    alias = node.alias_or_name
    plain = exp.Table(this=node.this.copy(), alias=exp.TableAlias(this=identifier(alias)))
    piece = table_piece(draft, plain)
    scan = draft.bound.scans.get(alias)
    if scan is not None:
        conditions = [_qualified(tree, alias) for tree in conjuncts(scan.predicate)]
        piece = piece.filtered(conditions, piece.rows)
        names = scan.columns
    else:
        names = draft.ctes[node.name].names
    sent = draft.send(piece, travel, [column(name, alias) for name in names])
    found: str = sent.sources[0].item.name
    return found


def _qualified(tree: exp.Expr, alias: str) -> exp.Expr:
    return rewrite(tree, {read: column(read.name, alias) for read in tree.find_all(exp.Column)})
