"""A correlated aggregate, grouped by what it is correlated by before its rows travel.

`(SELECT AVG(x) FROM t WHERE t.k = outer.k)` reads one k of `t` for one outer row: nodes can send a partial
average per k instead of rows, and the subquery puts the partials of its k together.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sqlglot import exp

from engine.sql.plan.aggregates import split_aggregate
from engine.sql.plan.estimate import groups_of
from engine.sql.plan.functions import aggregates_here
from engine.sql.plan.trees import columns_in

if TYPE_CHECKING:
    from engine.sql.plan.dependents import Dependent
    from engine.sql.plan.draft import Draft
    from engine.sql.plan.pieces import Piece


@dataclass(frozen=True, slots=True)
class Lean:
    """What travels instead of rows.

    Attributes:
        piece: Groups of the rows.
        wants: What is sent of each: keys and partial aggregates.
        restored: Makes the aggregates identities again, once the groups have travelled.
    """

    piece: Piece
    wants: tuple[exp.Expr, ...]
    restored: Callable[[Piece], Piece]


def pre_aggregated(draft: Draft, query: Dependent, piece: Piece) -> Lean | None:
    """The rows of a correlated aggregate as groups; None where that is wrong or no gain."""
    if not query.is_total or len(query.edges) != len(query.rest):
        return None
    calls = list(dict.fromkeys(aggregates_here(query.shell.expressions[0])))
    splits = {call: split for call in calls if (split := split_aggregate(call)) is not None}
    if len(splits) < len(calls) or any(split.centred for split in splits.values()):
        return None
    keys = tuple(dict.fromkeys(edge.right for edge in query.edges))
    partials = {part: merge for split in splits.values() for part, merge in split.partials}
    rows = min(groups_of(keys, draft.known, piece.rows) * draft.nodes, piece.rows)
    wants = (*keys, *partials)
    raw = [read for read in columns_in(query.shell, *query.rest) if read.table in query.own]
    if draft.size_of(rows, wants).bytes >= draft.size_of(piece.rows, raw).bytes:
        return None

    def restored(sent: Piece) -> Piece:
        merged = {part: merge(sent.env[part].copy()) for part, merge in partials.items()}
        values = {
            call: split.final(*(merged[part].copy() for part, _ in split.partials))
            for call, split in splits.items()
        }
        return replace(sent, env={**sent.env, **values})

    group = exp.Group(expressions=[piece.resolve(key) for key in keys])
    return Lean(replace(piece, group=group, rows=rows), wants, restored)
