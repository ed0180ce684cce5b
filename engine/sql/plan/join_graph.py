"""What joins what: the parts of one inner-joined group and the conditions between them, as a value."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

from sqlglot import exp

from engine.sql.plan.distribution import Spread, with_equal_terms
from engine.sql.plan.functions import is_volatile
from engine.sql.plan.hashing import common_form, form_of, hash_core
from engine.sql.plan.strategies import Edge
from engine.sql.plan.trees import aliases_in, free_aliases

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from engine.sql.plan.pieces import Limiter, Piece
    from engine.sql.plan.travel import ReadByAll


@dataclass(frozen=True, slots=True)
class Part:
    """One thing that is joined in: a FROM item, or a subquery that is evaluated per row of the others.

    Attributes:
        piece: The rows; for a subquery, those of its inside.
        travels: What is sent instead of them, if they must travel.
        attach: Puts the part to the rows before it, both in place.
        brings: Aliases that conditions may use once it is there.
        needs: Aliases that must be there before; none for a plain FROM item.
        per_row: Whether it is a subquery.
        edges: For a subquery: equalities of outside (left) and inside (right) that select the rows that
            matter.
        wants: What `attach` reads of the piece, for a subquery.
        reads: What `attach` reads of the rows before.
        factor: For a subquery: rows per row of the others.
        repeatable: Whether two nodes that evaluate it over the same rows agree.
        limiter: Cuts rows of the piece before they travel.
        is_reducible: Whether a row of the piece matters only where an edge holds as SQL's `=`.
        is_demanded: Whether a row outside is kept only where a row of the subquery equals it in all edges.
        anew: Of rows that are yet to be read: how every node would read all of them.
    """

    piece: Piece
    travels: Piece
    attach: Callable[[Piece, Piece], Piece]
    brings: frozenset[str]
    needs: frozenset[str] = frozenset()
    per_row: bool = False
    edges: tuple[Edge, ...] = ()
    wants: tuple[exp.Expr, ...] = ()
    reads: frozenset[exp.Expr] = frozenset()
    factor: float = 1.0
    repeatable: bool = True
    limiter: Limiter | None = None
    is_reducible: bool = False
    is_demanded: bool = False
    anew: ReadByAll | None = None


@dataclass(frozen=True, slots=True)
class Equality:
    """A condition `one = other` between values of different aliases, comparable in one canonical form."""

    one: exp.Expr
    other: exp.Expr
    form: str
    of_one: frozenset[str]
    of_other: frozenset[str]


@dataclass(frozen=True, slots=True)
class Condition:
    """One conjunct between parts, and what it equates if it is an equality."""

    tree: exp.Expr
    aliases: frozenset[str]
    equality: Equality | None


def condition_of(tree: exp.Expr) -> Condition:
    """A conjunct, read for the planner."""
    return Condition(tree, free_aliases(tree), _equality(tree))


def _equality(tree: exp.Expr) -> Equality | None:
    if not isinstance(tree, (exp.EQ, exp.NullSafeEQ)) or is_volatile(tree) or tree.find(exp.Query):
        return None
    one, other = tree.this, tree.expression
    of_one, of_other = aliases_in(one), aliases_in(other)
    form = common_form(form_of(one), form_of(other))
    if not of_one or not of_other or form is None:
        return None
    return Equality(one, other, form, of_one, of_other)


def edges_between(
    conditions: Iterable[Condition], left: frozenset[str], right: frozenset[str]
) -> tuple[Edge, ...]:
    """The equalities between values of two sets of aliases, left side first."""
    found = []
    for equality in (condition.equality for condition in conditions):
        if equality is None:
            continue
        if equality.of_one <= left and equality.of_other <= right:
            found.append(Edge(equality.one, equality.other, equality.form))
        elif equality.of_one <= right and equality.of_other <= left:
            found.append(Edge(equality.other, equality.one, equality.form))
    return tuple(dict.fromkeys(found))


class Equals:
    """Which plain values a group's equalities make equal, directly or through others."""

    def __init__(self, conditions: Iterable[Condition]) -> None:
        self._classes: dict[exp.Expr, frozenset[exp.Expr]] = {}
        for condition in conditions:
            if condition.equality is not None and isinstance(condition.tree, exp.EQ):
                self._add(condition.equality)

    def _add(self, equality: Equality) -> None:
        sides = (equality.one, equality.other)
        if all(hash_core(side) == side and form_of(side) == equality.form for side in sides):
            merged = self.of(equality.one) | self.of(equality.other)
            for value in merged:
                self._classes[value] = merged

    def of(self, value: exp.Expr) -> frozenset[exp.Expr]:
        """Everything equal to the value, itself included."""
        return self._classes.get(value, frozenset({value}))

    def widen(self, spread: Spread) -> Spread:
        """The spread, known by every name that its keys have once all conditions hold."""
        return with_equal_terms(spread, self.of)

    def implied(self, conditions: Iterable[Condition]) -> Iterator[Condition]:
        """Equalities that follow from others and that nobody wrote."""
        said = {frozenset((c.equality.one, c.equality.other)) for c in conditions if c.equality is not None}
        for members in dict.fromkeys(self._classes.values()):
            ordered = sorted(members, key=lambda value: value.sql())
            for left, right in combinations(ordered, 2):
                if aliases_in(left) != aliases_in(right) and frozenset((left, right)) not in said:
                    yield condition_of(exp.EQ(this=left.copy(), expression=right.copy()))
