"""Window functions: every partition of every window on one node."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sqlglot import exp

from engine.sql.plan.blocks import Block, CannotDistributeError
from engine.sql.plan.distribution import is_apart, keeps_together
from engine.sql.plan.grouping import group_keys
from engine.sql.plan.hashing import form_of
from engine.sql.plan.travel import ToControl, ToKeys

if TYPE_CHECKING:
    from collections.abc import Iterable

    from engine.sql.plan.draft import Draft
    from engine.sql.plan.pieces import Piece


def plan_windows(draft: Draft, block: Block, piece: Piece) -> Piece:
    """The rows of a SELECT where its window functions can be computed; QUALIFY is added to the piece."""
    partitions = [tuple(window.args.get("partition_by") or ()) for window in block.windows]
    if is_apart(piece.spread) and not all(keeps_together(piece.spread, values) for values in partitions):
        piece = _by_partitions(draft, block, partitions, piece)
    return replace(piece, qualify=tuple(piece.resolve(tree) for tree in block.qualify))


def _by_partitions(draft: Draft, block: Block, partitions: list[tuple[exp.Expr, ...]], piece: Piece) -> Piece:
    shared = [value for value in partitions[0] if all(value in values for values in partitions)]
    hashable = tuple((value, form) for value in shared if (form := form_of(value)) is not None)
    later = [*(value for value, _ in block.outputs), *block.qualify, *block.order]
    return draft.send(piece, ToKeys(hashable) if hashable else ToControl(), values_read(block, piece, later))


def values_read(block: Block, piece: Piece, trees: Iterable[exp.Expr]) -> list[exp.Expr]:
    """The identities that expressions above grouping read: columns, or keys and aggregates of groups.

    Raises:
        CannotDistributeError: A column that is neither grouped nor aggregated; DuckDB will say so.
    """
    whole = {*group_keys(block), *block.aggregates} if block.is_grouped else set()
    found: dict[exp.Expr, None] = {}
    for tree in trees:
        _collect(tree, whole, piece, found)
    if block.is_grouped and any(value not in whole for value in found):
        raise CannotDistributeError("a column that is neither grouped nor aggregated")
    return list(found)


def _collect(tree: exp.Expr, whole: set[exp.Expr], piece: Piece, found: dict[exp.Expr, None]) -> None:
    if tree in whole or tree in piece.env or (isinstance(tree, exp.Column) and piece.offers(tree)):
        found[tree] = None
        return
    for child in tree.iter_expressions():
        _collect(child, whole, piece, found)
