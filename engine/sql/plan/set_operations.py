"""UNION, INTERSECT and EXCEPT."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sqlglot import exp

from engine.sql.plan.blocks import CannotDistributeError
from engine.sql.plan.distribution import (
    Hashed,
    Replicated,
    Scattered,
    Single,
    Spread,
    is_apart,
    keeps_together,
)
from engine.sql.plan.draft import Draft, Relation
from engine.sql.plan.grouping import SMALL_BYTES
from engine.sql.plan.hashing import common_form, form_named
from engine.sql.plan.travel import ToControl, ToKeys, Travel
from engine.sql.plan.trees import column

if TYPE_CHECKING:
    from engine.sql.plan.pieces import Limiter


def plan_set_operation(draft: Draft, query: exp.SetOperation) -> Relation:
    """A set operation without ORDER BY and LIMIT of its own.

    Raises:
        CannotDistributeError: BY NAME, or sides of different width.
    """
    if any(query.args.get(key) for key in ("by_name", "side", "kind", "on")):
        raise CannotDistributeError("a set operation BY NAME")
    left, right = draft.relation_of(query.this), draft.relation_of(query.expression)
    if len(left.names) != len(right.names):
        raise CannotDistributeError("sides of a set operation that differ in width")
    forms = _forms(left, right)
    is_all = isinstance(query, exp.Union) and not query.args.get("distinct")
    left, right = (_beside if is_all else _together)(draft, query, (left, right), forms)
    return Relation(
        query=_combined(query, left.query, right.query),
        names=left.names,
        spread=_combined_spread(left, right),
        rows=_combined_rows(query, left.rows, right.rows),
        facts=tuple(replace(facts, distinct=None) for facts in left.facts),
    )


def _forms(left: Relation, right: Relation) -> list[str | None]:
    """For each column the form in which both sides' values compare."""
    pairs = zip(left.facts, right.facts, strict=True)
    return [common_form(form_named(one.type), form_named(other.type)) for one, other in pairs]


def _beside(
    draft: Draft, _: exp.SetOperation, sides: tuple[Relation, Relation], forms: list[str | None]
) -> tuple[Relation, Relation]:
    """Both sides placed so that the rows of the union are each in one place."""
    left, right = sides
    apart = is_apart(left.spread), is_apart(right.spread)
    if all(apart) or not any(apart):
        return left, right
    at = next((at for at, form in enumerate(forms) if form is not None), None)
    if at is None:
        return _at(draft, left, ToControl()), _at(draft, right, ToControl())
    return tuple(  # type: ignore[return-value]
        one if is_apart(one.spread) else _at(draft, one, _keys(one, forms, [at])) for one in sides
    )


def _together(
    draft: Draft, query: exp.SetOperation, sides: tuple[Relation, Relation], forms: list[str | None]
) -> tuple[Relation, Relation]:
    """Both sides placed so that equal rows are in one place."""
    left, right = sides
    if not (is_apart(left.spread) or is_apart(right.spread)) or _same_places(left, right):
        return left, right
    limiter: Limiter | None = (lambda select: select.distinct()) if query.args.get("distinct") else None
    places = [at for at, form in enumerate(forms) if form is not None]
    small = all(draft.extent_of(one).bytes <= SMALL_BYTES for one in sides)
    if small or not places:
        return _at(draft, left, ToControl(), limiter), _at(draft, right, ToControl(), limiter)
    return (
        _at(draft, left, _keys(left, forms, places), limiter),
        _at(draft, right, _keys(right, forms, places), limiter),
    )


def _keys(relation: Relation, forms: list[str | None], places: list[int]) -> ToKeys:
    return ToKeys(tuple((column(relation.names[at]), forms[at] or "") for at in places))


def _at(draft: Draft, relation: Relation, travel: Travel, limiter: Limiter | None = None) -> Relation:
    """The relation after its rows travelled."""
    alias = draft.fresh("s")
    piece = draft.item(relation, alias)
    values = [draft.column(name, alias) for name in relation.names]
    if isinstance(travel, ToKeys):
        travel = ToKeys(tuple((column(key.name, alias), form) for key, form in travel.keys), travel.cuts)
    sent = draft.send(piece, travel, values, limiter=limiter)
    if sent.sources == piece.sources:
        return replace(relation, spread=sent.spread)
    query = sent.close(list(zip(values, relation.names, strict=True)))
    return replace(relation, query=query, spread=_bare(sent.spread), stored="")


def _bare(spread: Spread) -> Spread:
    if not isinstance(spread, Hashed):
        return spread
    return Hashed(
        tuple(replace(key, terms=frozenset(column(t.name) for t in key.terms)) for key in spread.keys)
    )


def _same_places(left: Relation, right: Relation) -> bool:
    return isinstance(_common_hash(left, right), Hashed) and keeps_together(
        left.spread, [column(name) for name in left.names]
    )


def _common_hash(left: Relation, right: Relation) -> Spread:
    """The hash by which both sides are placed, in the left side's names."""
    if not isinstance(left.spread, Hashed) or not isinstance(right.spread, Hashed):
        return Scattered()
    if len(left.spread.keys) != len(right.spread.keys):
        return Scattered()
    renames: dict[exp.Expr, exp.Expr] = {
        column(name): column(new) for name, new in zip(right.names, left.names, strict=True)
    }
    keys = []
    for one, other in zip(left.spread.keys, right.spread.keys, strict=True):
        shared = one.terms & {renames[term] for term in other.terms if term in renames}
        if (one.form, one.cuts) != (other.form, other.cuts) or not shared:
            return Scattered()
        keys.append(replace(one, terms=frozenset(shared)))
    return Hashed(tuple(keys))


def _combined_spread(left: Relation, right: Relation) -> Spread:
    if is_apart(left.spread) or is_apart(right.spread):
        return _common_hash(left, right)
    both = isinstance(left.spread, Replicated) and isinstance(right.spread, Replicated)
    return Replicated() if both else Single()


def _combined(query: exp.SetOperation, left: exp.Query, right: exp.Query) -> exp.SetOperation:
    kind, distinct = type(query), query.args.get("distinct")
    return kind(this=_operand(query, left), expression=_operand(None, right), distinct=distinct)


def _operand(above: exp.SetOperation | None, query: exp.Query) -> exp.Query:
    """The query in parentheses, unless it can do without: long chains of UNION ALL stay flat."""
    flat = (
        isinstance(query, exp.Union)
        and isinstance(above, exp.Union)
        and not (query.args.get("distinct") or above.args.get("distinct"))
    )
    bare = isinstance(query, exp.Select) and not any(
        query.args.get(k) for k in ("order", "limit", "offset", "with_")
    )
    return query.copy() if flat or bare else exp.Subquery(this=query.copy())


def _combined_rows(query: exp.SetOperation, left: float, right: float) -> float:
    if isinstance(query, exp.Union):
        return left + right
    return min(left, right) if isinstance(query, exp.Intersect) else left
