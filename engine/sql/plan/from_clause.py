"""From a FROM clause to rows: leaves, outer joins, and groups of inner joins in the order of `join_order`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sqlglot import exp

from engine.sql.plan.blocks import CannotDistributeError
from engine.sql.plan.distribution import Single
from engine.sql.plan.estimate import share_of_all
from engine.sql.plan.join_graph import Condition, Equals, Part, condition_of, edges_between
from engine.sql.plan.join_order import Problem, State, best_order, ways
from engine.sql.plan.join_tree import Group, Leaf, Outer
from engine.sql.plan.leaves import is_dependent, leaf_piece, one_row
from engine.sql.plan.pieces import Kind, Piece, Source, enclosed
from engine.sql.plan.reduction import reduced
from engine.sql.plan.sifting import sifted
from engine.sql.plan.strategies import Side, Strategy, strategies
from engine.sql.plan.subqueries import condition_part, everywhere, lateral_part
from engine.sql.plan.travel import ReadByAll, is_there
from engine.sql.plan.trees import columns_in, free_aliases, top_queries

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from engine.sql.plan.draft import Draft

Demand = frozenset[exp.Expr]


def plan_rows(draft: Draft, group: Group, demand: Demand) -> Piece:
    """The rows of a group of inner joins, all its conditions tested.

    Args:
        draft: The plan so far; moves are added to it.
        group: Members and conditions.
        demand: The identities that are read of the rows later.
    """
    plain = [tree for tree in group.conditions if next(top_queries(tree), None) is None]
    asking = [tree for tree in group.conditions if next(top_queries(tree), None) is not None]
    everything = demand | columns_in(*group.conditions) | columns_in(*_dependent_items(group))
    parts = [_member_part(draft, member, plain, everything) for member in group.members] or [
        _item_part(one_row())
    ]
    parts += [condition_part(draft, tree) for tree in asking]
    inside = [part.brings for part in parts if not part.per_row]
    between = [condition_of(tree) for tree in plain if not any(free_aliases(tree) <= own for own in inside)]
    constant = [tree for tree in plain if not free_aliases(tree)]
    piece = _joined(draft, parts, [c for c in between if c.tree not in constant], demand)
    return piece.filtered(constant, piece.rows)


def _dependent_items(group: Group) -> list[exp.Expr]:
    return [one.item for one in group.members if isinstance(one, Leaf) and is_dependent(one.item)]


def _member_part(draft: Draft, member: Leaf | Outer, conditions: Iterable[exp.Expr], demand: Demand) -> Part:
    if isinstance(member, Leaf) and is_dependent(member.item):
        return lateral_part(draft, member.item)
    piece = leaf_piece(draft, member.item) if isinstance(member, Leaf) else _outer(draft, member, demand)
    own = [tree for tree in conditions if free_aliases(tree) and free_aliases(tree) <= piece.aliases]
    rows = piece.rows * share_of_all(own, draft.known, piece.rows)
    return _item_part(piece.filtered(own, max(rows, 1.0)))


def _item_part(piece: Piece) -> Part:
    return Part(piece, piece, _crossed, piece.aliases)


def _crossed(left: Piece, right: Piece) -> Piece:
    return replace(
        left,
        sources=left.sources + right.sources,
        where=left.where + right.where,
        aliases=left.aliases | right.aliases,
        env={**left.env, **right.env},
    )


def _joined(draft: Draft, parts: list[Part], conditions: list[Condition], demand: Demand) -> Piece:
    equals = Equals(conditions)
    parts = [_item_part(_widened(part.piece, equals)) if not part.per_row else part for part in parts]
    parts = _with_rereads(draft, parts)
    parts = [sifted(draft, part, parts, equals) for part in parts]
    everything = (
        demand | columns_in(*(c.tree for c in conditions)) | frozenset().union(*(p.reads for p in parts))
    )
    problem = Problem(
        parts=parts,
        widths=[draft.size_of(1.0, _needed(part, everything)).width for part in parts],
        conditions=conditions,
        implied=list(equals.implied(conditions)),
        equals=equals,
        known=draft.known,
        nodes=draft.nodes,
    )
    return _realised(draft, problem, best_order(problem), demand)


def _with_rereads(draft: Draft, parts: list[Part]) -> list[Part]:
    """The parts with how every node would read all of each: but for the largest item, which nodes share.

    What is at control already has no nodes to share it.
    """
    items = [part for part in parts if not part.per_row]
    shared = all(not isinstance(part.piece.spread, Single) for part in items)
    largest = max(items, key=lambda part: draft.rows_read(part.piece), default=None) if shared else None
    return [part if part is largest else replace(part, anew=draft.anew(part.piece)) for part in parts]


def _widened(piece: Piece, equals: Equals) -> Piece:
    return replace(piece, spread=equals.widen(piece.spread))


def _needed(part: Part, demand: Demand) -> list[exp.Expr]:
    return list(part.wants) if part.per_row else in_order(v for v in demand if part.piece.offers(v))


def in_order(values: Iterable[exp.Expr]) -> list[exp.Expr]:
    """The values in an order that does not depend on hashes: plans are stable texts."""
    return sorted(values, key=lambda value: (not isinstance(value, exp.Column), value.sql()))


def _realised(draft: Draft, problem: Problem, state: State, demand: Demand) -> Piece:
    """Carry out an order that was found: add its moves, put its parts together."""
    first, *rest = state.trail
    piece, placed = problem.parts[first.at].piece, problem.parts[first.at].brings
    if first.strategy is not None and first.strategy.left is not None:
        piece = draft.send(piece, first.strategy.left, ())
    waiting = list(problem.conditions)
    for step, choice in enumerate(rest):
        part = problem.parts[choice.at]
        later = [problem.parts[other.at] for other in rest[step:]]
        pending = (
            demand | columns_in(*(c.tree for c in waiting)) | frozenset().union(*(p.reads for p in later))
        )
        ready = [c for c in waiting if c.aliases <= placed | part.brings]
        waiting = [c for c in waiting if c not in ready]
        ready += _bridges(problem, ready, placed, part)
        if choice.strategy is not None:
            piece = attached(draft, piece, part, choice.strategy, pending)
        placed |= part.brings
        piece = _widened(piece.filtered([c.tree for c in ready], choice.rows), problem.equals)
    return piece


def _bridges(
    problem: Problem, ready: Sequence[Condition], placed: frozenset[str], part: Part
) -> list[Condition]:
    """An implied equality for a join that nobody wrote a condition for."""
    if part.per_row or edges_between(ready, placed, part.brings):
        return []
    fitting = [c for c in problem.implied if edges_between([c], placed, part.brings)]
    return fitting[:1]


def attached(draft: Draft, piece: Piece, part: Part, strategy: Strategy, demand: Demand) -> Piece:
    """Rows and one more part, brought together by a strategy; `demand` is what is read of either later."""
    right = part.piece
    if strategy.left is not None:
        piece = draft.send(piece, strategy.left, in_order(v for v in demand if piece.offers(v)))
    if strategy.right is not None:
        moves = not is_there(part.piece.spread, strategy.right)
        going = reduced(draft, piece, part, strategy.right) if moves else part.piece
        if isinstance(strategy.right, ReadByAll):
            going = part.piece
        right = draft.send(going, strategy.right, _needed(part, demand), limiter=part.limiter)
    rows = piece.rows * (part.factor if part.per_row else right.rows)
    return replace(part.attach(piece, right), spread=strategy.spread, rows=max(rows, 1.0))


def attach_cheapest(draft: Draft, piece: Piece, part: Part, demand: Demand) -> Piece:
    """Rows and one more part, by the cheapest strategy."""
    left = Side(piece.spread, draft.size_of(piece.rows, [v for v in demand if piece.offers(v)]))
    right = Side(part.piece.spread, draft.size_of(part.travels.rows, part.wants), draft.anew(part.piece))
    return attached(draft, piece, part, ways(left, right, part, part.edges, draft.nodes)[0], demand)


def _outer(draft: Draft, member: Outer, demand: Demand) -> Piece:
    demand |= columns_in(*member.on)
    lateral = _lone_lateral(member)
    if lateral is not None:
        part = lateral_part(draft, lateral, on=(*member.right.conditions, *member.on))
        demand |= part.reads
        return attach_cheapest(draft, draft.rows_of(member.left, demand), part, demand)
    left, right = draft.rows_of(member.left, demand), draft.rows_of(member.right, demand)
    on = tuple(everywhere(draft, tree) for tree in member.on)
    return _outer_joined(draft, member.kind, (left, right), on, demand)


def _lone_lateral(member: Outer) -> exp.Expr | None:
    members = member.right.members
    if len(members) == 1 and isinstance(members[0], Leaf) and is_dependent(members[0].item):
        if member.kind == "FULL":
            raise CannotDistributeError("FULL JOIN LATERAL")
        return members[0].item
    return None


def _outer_joined(
    draft: Draft, kind: Kind, sides: tuple[Piece, Piece], on: tuple[exp.Expr, ...], demand: Demand
) -> Piece:
    left, right = sides
    edges = edges_between([condition_of(tree) for tree in on], left.aliases, right.aliases)
    measured = [
        Side(side.spread, draft.size_of(side.rows, [v for v in demand if side.offers(v)]), draft.anew(side))
        for side in sides
    ]
    strategy = strategies(measured[0], measured[1], edges, kind, draft.nodes)[0]
    if strategy.left is not None:
        left = draft.send(left, strategy.left, in_order(v for v in demand if left.offers(v)))
    if strategy.right is not None:
        right = draft.send(right, strategy.right, in_order(v for v in demand if right.offers(v)))
    matched = left.rows * right.rows * share_of_all(on, draft.known, max(left.rows, right.rows))
    rows = max(left.rows, matched) + (right.rows if kind == "FULL" else 0.0)
    return replace(_padded(draft, kind, left, right, on, demand), spread=strategy.spread, rows=rows)


def _padded(
    draft: Draft, kind: Kind, left: Piece, right: Piece, on: tuple[exp.Expr, ...], demand: Demand
) -> Piece:
    """Both sides in one FROM clause."""
    if len(right.sources) > 1 or (right.where and kind == "FULL"):
        right = _as_table(draft, right, demand)
    if kind == "FULL" and left.where:
        left = _as_table(draft, left, demand)
    env = {**left.env, **right.env}
    both = replace(left, aliases=left.aliases | right.aliases, env=env)
    tests = (*right.where, *(both.resolve(tree) for tree in on))
    joined = replace(both, sources=(*left.sources, Source(right.sources[0].item, kind, tests)))
    return _as_table(draft, joined, demand) if kind == "FULL" else joined


def _as_table(draft: Draft, piece: Piece, demand: Demand) -> Piece:
    return enclosed(piece, in_order(v for v in demand if piece.offers(v)), draft.fresh("j"))
