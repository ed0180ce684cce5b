"""Rows of a subquery that no row outside can ask for, told by a small table outside that every node can read.

`... FROM part JOIN partsupp ... WHERE p_name LIKE 'forest%' AND ps_availqty > (SELECT SUM(l_quantity) FROM
lineitem WHERE l_partkey = ps_partkey ...)`: whatever asks has a key of the few parts. Every node reads these
itself, and of the many rows inside only those with one of their keys are grouped and sent: a semi-join before
a move, without a move of its own (measured: TPC-H 17 from 5 steps to 3).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sqlglot import exp

from engine.sql.plan.distribution import Replicated, is_apart
from engine.sql.plan.estimate import groups_of
from engine.sql.plan.travel import ReadByAll, ToKeys, cost_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from engine.sql.plan.draft import Draft
    from engine.sql.plan.join_graph import Equals, Part
    from engine.sql.plan.strategies import Edge

# Fewer of the keys than this are worth the reading of the table that has them.
_FEW = 0.5


def sifted(draft: Draft, part: Part, members: Sequence[Part], equals: Equals) -> Part:
    """The subquery with fewer rows to travel, if a member of the FROM clause around it tells which.

    Args:
        draft: The plan so far; scans may be added to it.
        part: The subquery.
        members: The items that are joined around it, each with its own conditions, and all subqueries.
        equals: What their joins make equal.
    """
    if not part.per_row or not part.is_reducible or not is_apart(part.piece.spread):
        return part
    best = min(_sieves(draft, part, members, equals), key=lambda found: found[0], default=None)
    if best is None:
        return part
    share, member, value, edge = best
    whole = draft.send(member.piece, draft.anew(member.piece) or ReadByAll(0.0), ())
    among = exp.In(this=edge.right.copy(), query=exp.Subquery(this=whole.close([(value, "asked")])))
    rows = max(part.travels.rows * share, 1.0)
    return replace(part, travels=part.travels.filtered([among], rows), is_reducible=False)


def _sieves(
    draft: Draft, part: Part, members: Sequence[Part], equals: Equals
) -> Iterator[tuple[float, Part, exp.Expr, Edge]]:
    """Each way to sift that saves more than it costs: the share of rows that is left, and by which value."""
    for edge in part.edges:
        if not part.travels.offers(edge.right):
            continue
        many = groups_of([edge.right], draft.known, part.piece.rows)
        saved = draft.size_of(part.piece.rows, part.wants)
        for member in members:
            cost = _cost(draft, member)
            for value in _keys(member, equals.of(edge.left)) if cost is not None else ():
                share = groups_of([value], draft.known, member.piece.rows) / many
                gain = cost_of(ToKeys(()), part.piece.spread, saved, draft.nodes) * (1 - share)
                if share < _FEW and (cost or 0.0) < gain:
                    yield share, member, value, edge


def _keys(member: Part, equal: frozenset[exp.Expr]) -> Iterator[exp.Expr]:
    """The values of the member's rows of which one is that of any row that asks."""
    if member.per_row:
        yield from (edge.right for edge in member.edges if edge.left in equal)
    else:
        yield from (value for value in sorted(equal, key=lambda one: one.sql()) if member.piece.offers(value))


def _cost(draft: Draft, member: Part) -> float | None:
    """What it costs that every node has the member's rows; None where they would have to be sent."""
    if member.per_row and not member.is_demanded:
        return None
    if isinstance(member.piece.spread, Replicated):
        return 0.0 if draft.is_scanned(member.piece) else None
    return member.anew.cost if member.anew is not None else None
