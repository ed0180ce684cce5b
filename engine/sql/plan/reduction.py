"""Rows that no row outside can match stay where they are: a semi-join before a move.

The inside of a correlated EXISTS is often a whole table of facts while few rows ask. Where both sides are
sent to the nodes of their keys, the keys that ask go to every node first, and only the rows that have one of
them follow (measured on TPC-H 21, two nodes: 20 MB of facts are sent, not 157 MB).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from engine.sql.plan.estimate import groups_of
from engine.sql.plan.steps import Shuffle
from engine.sql.plan.travel import ToAll, ToKeys, cost_of

if TYPE_CHECKING:
    from engine.sql.plan.draft import Draft
    from engine.sql.plan.join_graph import Part
    from engine.sql.plan.pieces import Piece
    from engine.sql.plan.steps import Size, Step
    from engine.sql.plan.strategies import Edge
    from engine.sql.plan.travel import Travel


def reduced(draft: Draft, left: Piece, part: Part, travel: Travel) -> Piece:
    """What is to travel of a subquery, without rows that no row of `left` asks for, if that moves less.

    Args:
        draft: The plan so far; the move of the keys is added to it.
        left: The rows outside, in place.
        part: The subquery.
        travel: How its rows will travel.
    """
    going = part.travels
    if not part.is_reducible or not isinstance(travel, ToKeys):
        return going
    wanted = {value for value, _ in travel.keys}
    for edge in part.edges:
        if edge.right not in wanted or not going.offers(edge.right):
            continue
        asking = _step_of(draft, left, edge)
        if asking is None:
            continue
        keys = draft.size_of(groups_of([edge.left], draft.known, asking.size.rows), [edge.left])
        share = _share(draft, part.piece, edge, keys)
        if share is not None:
            listed = draft.values_everywhere(asking, left.resolve(edge.left).name, keys)
            among = exp.In(this=edge.right.copy(), query=exp.Subquery(this=listed))
            return going.filtered([among], max(going.rows * share, 1.0))
    return going


def _step_of(draft: Draft, left: Piece, edge: Edge) -> Step | None:
    """The shuffle that the outer value was read of: it has every value that asks, and is computed once."""
    value = left.resolve(edge.left) if left.offers(edge.left) else None
    if not isinstance(value, exp.Column):
        return None
    items = [source.item for source in left.sources if source.item.alias_or_name == value.table]
    name = items[0].name if items and isinstance(items[0], exp.Table) else None
    step = next((step for step in draft.steps if step.name == name), None)
    return step if step is not None and isinstance(step.move, Shuffle) else None


def _share(draft: Draft, raw: Piece, edge: Edge, keys: Size) -> float | None:
    """The share of rows that has a key that asks; None where finding them costs more than it saves.

    Where groups travel, rows are what it saves: they need not be grouped.
    """
    share = min(1.0, keys.rows / groups_of([edge.right], draft.known, raw.rows))
    rows = draft.size_of(raw.rows, [edge.right])
    saved = rows.bytes * (1 - share) * (draft.nodes - 1) / draft.nodes
    return share if saved > cost_of(ToAll(), raw.spread, keys, draft.nodes) else None
