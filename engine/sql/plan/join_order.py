"""The order in which a group is joined, and how each part gets there: a beam search over moved bytes.

DuckDB orders joins inside a fragment, so an order matters here only where rows travel: the search minimises
bytes moved and keeps the written order among equals.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from engine.sql.plan.distribution import Replicated, Single, Spread
from engine.sql.plan.estimate import Known, share_of, share_of_join
from engine.sql.plan.join_graph import Condition, Equals, Part, edges_between
from engine.sql.plan.steps import Size
from engine.sql.plan.strategies import Edge, Side, Strategy, strategies

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

BEAM = 16  # states kept per level; TPC-H's eight-way joins get the plan of an exhaustive search from 4 on


@dataclass(frozen=True, slots=True)
class Choice:
    """One part, how it was joined (the first, if at all, only read by all), and the rows after it."""

    at: int
    strategy: Strategy | None
    rows: float


@dataclass(frozen=True, slots=True)
class State:
    """Parts joined so far: how, where the rows are, how many, at what cost."""

    trail: tuple[Choice, ...]
    placed: frozenset[int]
    aliases: frozenset[str]
    spread: Spread
    size: Size
    cost: float

    @property
    def rank(self) -> tuple[float, tuple[int, ...]]:
        return self.cost, tuple(choice.at for choice in self.trail)


@dataclass(frozen=True, slots=True)
class Problem:
    """A group to order.

    Attributes:
        parts: What is joined.
        widths: Bytes of each part's row, as far as it is needed.
        conditions: What was written between parts.
        implied: Equalities that follow.
        equals: What they make equal.
        known: Facts of columns.
        nodes: Number of nodes.
    """

    parts: Sequence[Part]
    widths: Sequence[float]
    conditions: Sequence[Condition]
    implied: Sequence[Condition]
    equals: Equals
    known: Known
    nodes: int


def best_order(problem: Problem) -> State:
    """The cheapest way found to join all parts."""
    return _Search(problem).best()


class _Search:
    """One search; what does not depend on the way to a set of parts is computed once."""

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        self._sizes: dict[frozenset[int], Size] = {}
        self._edges: dict[tuple[frozenset[int], int], tuple[Edge, ...]] = {}

    def best(self) -> State:
        parts = self._problem.parts
        items = [at for at, part in enumerate(parts) if not part.per_row]
        states = [self._start(at) for at in items]
        if len(parts) > 1:
            states += [state for at in items for state in self._read_by_all(at)]
        for _ in parts[1:]:
            grown: dict[tuple[frozenset[int], Spread], State] = {}
            for state in states:
                for new in self._grown(state):
                    key = (new.placed, new.spread)
                    if key not in grown or new.rank < grown[key].rank:
                        grown[key] = new
            states = sorted(grown.values(), key=lambda state: state.rank)[:BEAM]
        return states[0]

    def _start(self, at: int) -> State:
        part = self._problem.parts[at]
        size = Size(part.piece.rows, self._problem.widths[at])
        first = Choice(at, None, size.rows)
        return State((first,), frozenset({at}), part.brings, part.piece.spread, size, 0.0)

    def _read_by_all(self, at: int) -> Iterator[State]:
        """The start with a part that every node reads all of."""
        start, anew = self._start(at), self._problem.parts[at].anew
        if anew is not None:
            strategy = Strategy(anew, None, Replicated(), anew.cost)
            first = replace(start.trail[0], strategy=strategy)
            yield replace(start, trail=(first,), spread=strategy.spread, cost=anew.cost)

    def _grown(self, state: State) -> Iterator[State]:
        problem = self._problem
        for at, part in enumerate(problem.parts):
            if at in state.placed or not part.needs <= state.aliases:
                continue
            edges, size = self._edges_to(state, at), self._joined_size(state, at)
            crossed = size.bytes if not part.per_row and not edges else 0.0
            right = Side(part.piece.spread, Size(part.travels.rows, problem.widths[at]), part.anew)
            for strategy in ways(Side(state.spread, state.size), right, part, edges, problem.nodes):
                yield State(
                    trail=(*state.trail, Choice(at, strategy, size.rows)),
                    placed=state.placed | {at},
                    aliases=state.aliases | part.brings,
                    spread=problem.equals.widen(strategy.spread),
                    size=size,
                    cost=state.cost + strategy.cost + crossed,
                )

    def _edges_to(self, state: State, at: int) -> tuple[Edge, ...]:
        part, key = self._problem.parts[at], (state.placed, at)
        if part.per_row:
            return part.edges
        if key not in self._edges:
            conditions = (*self._problem.conditions, *self._problem.implied)
            self._edges[key] = edges_between(conditions, state.aliases, part.brings)
        return self._edges[key]

    def _joined_size(self, state: State, at: int) -> Size:
        key = state.placed | {at}
        if key not in self._sizes:
            self._sizes[key] = joined_size(self._problem, state, at, self._edges_to(state, at))
        return self._sizes[key]


def ways(left: Side, right: Side, part: Part, edges: tuple[Edge, ...], nodes: int) -> list[Strategy]:
    """The strategies for a part, cheapest first; what nodes may disagree on is left to control."""
    found = strategies(left, right, edges, "LEFT" if part.per_row else "INNER", nodes)
    if part.repeatable:
        return found
    return [replace(one, spread=Single()) if isinstance(one.spread, Replicated) else one for one in found]


def joined_size(problem: Problem, state: State, at: int, edges: tuple[Edge, ...]) -> Size:
    """The size of what is placed, joined with one more part."""
    part = problem.parts[at]
    if part.per_row:
        width = state.size.width + (problem.widths[at] if part.brings else 0.0)
        return Size(max(state.size.rows * part.factor, 1.0), width)
    sizes = (state.size.rows, part.piece.rows)
    rows = sizes[0] * sizes[1] * _share_of_edges(problem, edges, sizes)
    aliases = state.aliases | part.brings
    for condition in problem.conditions:
        new = condition.aliases <= aliases and not condition.aliases <= state.aliases
        if new and not edges_between([condition], state.aliases, part.brings):
            rows *= share_of(condition.tree, problem.known, max(sizes))
    return Size(max(rows, 1.0), state.size.width + problem.widths[at])


def _share_of_edges(problem: Problem, edges: tuple[Edge, ...], sizes: tuple[float, float]) -> float:
    """What equalities keep; of those that follow from each other one counts."""
    said = {problem.equals.of(edge.right): edge for edge in reversed(edges)}
    if not said:
        return 1.0
    lefts, rights = [edge.left for edge in said.values()], [edge.right for edge in said.values()]
    return share_of_join(lefts, rights, problem.known, sizes)
