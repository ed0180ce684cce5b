"""Ways to bring two sides of a join together: what each side does, and where the result is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from engine.sql.plan.distribution import (
    Hashed,
    Key,
    Replicated,
    Scattered,
    Single,
    Spread,
    is_apart,
)
from engine.sql.plan.hashing import hash_core
from engine.sql.plan.travel import ReadByAll, ToAll, ToControl, ToKeys, Travel, arrival, cost_of, is_there

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sqlglot import exp

    from engine.sql.plan.pieces import Kind
    from engine.sql.plan.steps import Size


@dataclass(frozen=True, slots=True)
class Edge:
    """An equality between a value of the left side and one of the right, comparable in one canonical form."""

    left: exp.Expr
    right: exp.Expr
    form: str


@dataclass(frozen=True, slots=True)
class Side:
    """What a strategy is chosen by.

    Attributes:
        spread: Where the rows are.
        size: What would travel of them.
        anew: Of a table that is yet to be read: how every node reads all of it.
    """

    spread: Spread
    size: Size
    anew: ReadByAll | None = None


@dataclass(frozen=True, slots=True)
class Strategy:
    """What each side does before the join, where the result is, and the cost in bytes."""

    left: Travel | None
    right: Travel | None
    spread: Spread
    cost: float


def strategies(left: Side, right: Side, edges: tuple[Edge, ...], kind: Kind, nodes: int) -> list[Strategy]:
    """Every sound way to join the sides, cheapest first.

    `LEFT` is also the rule for a subquery that is evaluated per left row: all its rows that matter to a left
    row must be on that row's node, and a left row must be on one node only (or the same everywhere).
    """
    found: dict[Spread, Strategy] = {}
    for go_left, go_right in _pairs(left, right, edges, kind):
        spread = _joined(_after(left.spread, go_left), _after(right.spread, go_right), edges, kind)
        if spread is None:
            continue
        cost = cost_of(go_left, left.spread, left.size, nodes) + cost_of(
            go_right, right.spread, right.size, nodes
        )
        strategy = Strategy(go_left, go_right, spread, cost)
        if spread not in found or cost < found[spread].cost:
            found[spread] = strategy
    return sorted(found.values(), key=lambda strategy: strategy.cost)


def _after(spread: Spread, travel: Travel | None) -> Spread:
    if travel is None or (isinstance(travel, ToAll | ReadByAll) and is_there(spread, travel)):
        return spread
    return arrival(travel)


def _pairs(
    left: Side, right: Side, edges: tuple[Edge, ...], kind: Kind
) -> Iterator[tuple[Travel | None, Travel | None]]:
    yield None, None
    yield None, ToAll()
    if right.anew is not None:
        yield None, right.anew
    if kind == "INNER":
        yield ToAll(), None
        if left.anew is not None:
            yield left.anew, None
    yield ToControl(), ToControl()
    flipped = tuple(Edge(edge.right, edge.left, edge.form) for edge in edges)
    to_left, to_right = _mirror(left.spread, edges), _mirror(right.spread, flipped)
    if to_left is not None:
        yield None, to_left
    if to_right is not None:
        yield to_right, None
    for chosen in _key_sets(edges):
        yield (
            ToKeys(tuple((edge.left, edge.form) for edge in chosen)),
            ToKeys(tuple((edge.right, edge.form) for edge in chosen)),
        )


def _mirror(spread: Spread, edges: tuple[Edge, ...]) -> ToKeys | None:
    """The keys that send the other side to where a hashed side already is."""
    if not isinstance(spread, Hashed):
        return None
    keys = []
    for key in spread.keys:
        match = next((edge for edge in edges if edge.form == key.form and key.among([edge.left])), None)
        if match is None:
            return None
        keys.append((match.right, match.form))
    return ToKeys(tuple(keys), spread.keys[0].cuts)


def _key_sets(edges: tuple[Edge, ...]) -> Iterator[tuple[Edge, ...]]:
    yield from ((edge,) for edge in edges)
    if len(edges) > 1:
        yield edges


def _joined(left: Spread, right: Spread, edges: tuple[Edge, ...], kind: Kind) -> Spread | None:
    """Where the result of a local join is; None where a local join would be wrong."""
    if isinstance(left, Replicated) and isinstance(right, Replicated):
        return Replicated()
    if not is_apart(left) and not is_apart(right):
        return Single()
    if isinstance(right, Replicated):
        return left if kind != "FULL" else None
    if isinstance(left, Replicated):
        return right if kind == "INNER" else None
    if isinstance(left, Hashed) and isinstance(right, Hashed):
        return _colocated(left, right, edges, kind)
    return None


def _colocated(left: Hashed, right: Hashed, edges: Iterable[Edge], kind: Kind) -> Spread | None:
    if len(left.keys) != len(right.keys):
        return None
    pairs = list(zip(left.keys, right.keys, strict=True))
    if not all(_same(of_left, of_right, edges) for of_left, of_right in pairs):
        return None
    if kind == "FULL":  # either side's key may be NULL in the result
        return Scattered()
    if kind == "LEFT":
        return left
    return Hashed(tuple(replace(one, terms=one.terms | other.terms) for one, other in pairs))


def _same(left: Key, right: Key, edges: Iterable[Edge]) -> bool:
    if (left.form, left.cuts) != (right.form, right.cuts):
        return False
    return bool(left.terms & right.terms) or any(
        edge.form == left.form and hash_core(edge.left) in left.terms and hash_core(edge.right) in right.terms
        for edge in edges
    )
