"""The rule of last resort: leave a query as it is and bring all rows of its tables to where it runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from engine.sql.plan.leaves import table_piece
from engine.sql.plan.names import identifier
from engine.sql.plan.trees import column, conjuncts, rewrite

if TYPE_CHECKING:
    from engine.sql.plan.draft import Draft
    from engine.sql.plan.travel import Travel


def with_sources(draft: Draft, query: exp.Expr, travel: Travel) -> exp.Expr:
    """A copy of the query that reads every table from where `travel` brings it; columns keep their names.

    Only the columns that are read travel, and only the rows that the table's own conditions let through.
    """
    query = query.copy()
    inside = {cte.alias for cte in query.find_all(exp.CTE)}
    for node in list(query.find_all(exp.Table)):
        if isinstance(node.this, exp.Identifier) and node.name not in inside:
            node.set("this", identifier(_brought(draft, node, travel)))
    return query


def _brought(draft: Draft, node: exp.Table, travel: Travel) -> str:
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
