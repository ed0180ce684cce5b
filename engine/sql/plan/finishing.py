"""The last clauses of a SELECT: DISTINCT, ORDER BY, LIMIT."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sqlglot import exp

from engine.sql.plan.distribution import Replicated, Spread, is_apart, keeps_together, renamed
from engine.sql.plan.draft import Draft, Relation, at_control
from engine.sql.plan.estimate import distinct_of, groups_of
from engine.sql.plan.grouping import destination
from engine.sql.plan.hashing import hash_core
from engine.sql.plan.travel import ToControl
from engine.sql.plan.trees import column

if TYPE_CHECKING:
    from collections.abc import Iterable

    from engine.sql.plan.blocks import Block
    from engine.sql.plan.facts import ColumnFacts
    from engine.sql.plan.pieces import Limiter, Piece


def finish(draft: Draft, block: Block, piece: Piece) -> Relation:
    """The SELECT as a finished query."""
    values = [value for value, _ in block.outputs]
    if block.distinct and is_apart(piece.spread) and not keeps_together(piece.spread, values):
        travel = destination(draft, values, piece.rows, values)
        piece = draft.send(piece, travel, values, limiter=lambda select: select.distinct())
    if block.order or block.is_limited:
        piece = _in_order(draft, block, piece, values)
    query = _cut(piece.close(block.outputs), block, piece)
    rows = groups_of(values, draft.known, piece.rows) if block.distinct else piece.rows
    rows = rows if block.limit is None else min(rows, float(block.limit))
    return Relation(
        query=query,
        names=tuple(name for _, name in block.outputs),
        spread=_outside(piece.spread, block.outputs),
        rows=rows,
        facts=tuple(_facts(draft, value, rows) for value in values),
    )


def _facts(draft: Draft, value: exp.Expr, rows: float) -> ColumnFacts:
    return replace(draft.facts_of(value), distinct=distinct_of(value, draft.known, rows))


def _in_order(draft: Draft, block: Block, piece: Piece, values: list[exp.Expr]) -> Piece:
    """The rows at control; of a top-N only the first N of each node."""
    if isinstance(piece.spread, Replicated):
        return at_control(piece)  # nodes may break ties differently
    if not is_apart(piece.spread):
        return piece
    limiter: Limiter | None = None
    if block.limit is not None:
        inside = piece

        def limiter(select: exp.Select) -> exp.Select:
            return _cut(select, block, inside, limit=(block.limit or 0) + block.offset)

    elif block.distinct:
        limiter = lambda select: select.distinct()  # noqa: E731
    return draft.send(piece, ToControl(), [*values, *(key.this for key in block.order)], limiter=limiter)


def _cut(select: exp.Select, block: Block, piece: Piece, *, limit: int | None = None) -> exp.Select:
    """The SELECT with DISTINCT, ORDER BY and LIMIT; `limit` stands for LIMIT and OFFSET together."""
    if block.distinct:
        select = select.distinct()
    if block.order:
        select.set("order", exp.Order(expressions=[piece.resolve(key) for key in block.order]))
    if limit is not None:
        return select.limit(limit)
    if block.limit is not None:
        select = select.limit(block.limit)
    return select.offset(block.offset) if block.offset else select


def _outside(spread: Spread, outputs: Iterable[tuple[exp.Expr, str]]) -> Spread:
    listed = [(hash_core(value), name) for value, name in outputs]
    return renamed(spread, lambda term: [column(name) for core, name in listed if core == term])
