"""Where the rows of a relation are, as a value, and what follows from it.

Terms are expressions of the query, over aliases that are unique in it, so a term means the same thing in
every step: moving rows does not change what they are distributed by.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

from engine.sql.plan.hashing import hash_core

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from sqlglot import exp


@dataclass(frozen=True, slots=True)
class Replicated:
    """Every node has, or can compute, all rows."""


@dataclass(frozen=True, slots=True)
class Single:
    """The control node has all rows."""


@dataclass(frozen=True, slots=True)
class Scattered:
    """Each row is on one node, nobody knows which."""


# The least values of all nodes but the first, where nodes have ranges of a value.
Cuts = tuple[int | date, ...]


@dataclass(frozen=True, slots=True)
class Key:
    """One column of a hash: expressions known to be equal, and the canonical form that is hashed.

    With `cuts` it is the only one, and the node of a row is that of its range, not of its hash.
    """

    terms: frozenset[exp.Expr]
    form: str
    cuts: Cuts = ()

    def among(self, values: Iterable[exp.Expr]) -> bool:
        """Whether rows equal in `values` are equal in this key."""
        return any(hash_core(value) in self.terms for value in values)


@dataclass(frozen=True, slots=True)
class Hashed:
    """Each row is on the node of the hash, or the range, of its keys; a row with a NULL in a key too."""

    keys: tuple[Key, ...]


Spread = Replicated | Single | Scattered | Hashed


def is_apart(spread: Spread) -> bool:
    """Whether each row is on exactly one of all the nodes."""
    return isinstance(spread, (Scattered, Hashed))


def keeps_together(spread: Spread, values: Iterable[exp.Expr]) -> bool:
    """Whether rows that are equal in all of `values` (NULL with NULL) are together on one node."""
    listed = tuple(values)
    if isinstance(spread, Hashed):
        return all(key.among(listed) for key in spread.keys)
    return not isinstance(spread, Scattered)


def with_equal_terms(spread: Spread, equals: Callable[[exp.Expr], frozenset[exp.Expr]]) -> Spread:
    """The spread with each key widened by the terms that `equals` knows to be equal to one of its own."""
    if not isinstance(spread, Hashed):
        return spread
    return Hashed(
        tuple(
            replace(key, terms=key.terms.union(*(equals(term) for term in key.terms))) for key in spread.keys
        )
    )


def renamed(spread: Spread, names: Callable[[exp.Expr], Iterable[exp.Expr]]) -> Spread:
    """The spread in other names: `names` says what a term is called outside; a nameless key is lost."""
    if not isinstance(spread, Hashed):
        return spread
    keys = tuple(
        replace(key, terms=frozenset(new for term in key.terms for new in names(term))) for key in spread.keys
    )
    return Hashed(keys) if all(key.terms for key in keys) else Scattered()


def hashed_by(values: Iterable[tuple[exp.Expr, str]], cuts: Cuts = ()) -> Hashed:
    """The spread of rows that were sent by (value, canonical form) pairs."""
    return Hashed(tuple(Key(frozenset({hash_core(value)}), form, cuts) for value, form in values))
