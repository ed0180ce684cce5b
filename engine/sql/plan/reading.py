"""How nodes share the tables of a query: by ranges of a key, where files lie in order of it.

Headers and their lines are mostly stored as they came in, both in order of one key. If every node reads one
range of that key of either, what is joined or grouped by it is together, and nothing travels (measured on
TPC-H at scale 1, two nodes: half of the queries join orders and lineitem, which was a shuffle of either).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sqlglot import exp

from engine.sql.plan.estimate import rows_of, width_of
from engine.sql.plan.facts import Files
from engine.sql.plan.hashing import form_named
from engine.sql.plan.origins import Origins
from engine.sql.plan.steps import Span
from engine.sql.plan.trees import column

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.sql.plan.binding import Bound
    from engine.sql.plan.distribution import Cuts
    from engine.sql.plan.facts import ColumnFacts, Order, TableFacts
    from engine.sql.plan.steps import Scan

# A table of no more than so much overlap, or so many bytes of it, may be read by ranges.
_OVERLAP = 0.2
_OVERLAP_BYTES = 32e6
# Whose ranges are taken lies in so good an order: its parts are of about one size.
_LEADERS_OVERLAP = 0.5
# A range is of many values, or parts would be of very different sizes.
_VALUES = 16 * 60


@dataclass(frozen=True, slots=True)
class _Place:
    """A column of a scan by whose ranges the scan can be read."""

    alias: str
    name: str
    form: str
    rows: float
    order: Order

    @property
    def term(self) -> exp.Expr:
        return column(self.name, self.alias)


def shared_by_ranges(bound: Bound, nodes: int) -> Bound:
    """The query with its scans shared by ranges where that keeps rows together that are joined or grouped."""
    places = {place.term: place for place in _places(bound)}
    if not places:
        return bound
    origins = Origins(bound.tree)
    scans = dict(bound.scans)
    classes = [[places[term] for term in group if term in places] for group in origins.equal(places)]
    grouped = origins.grouped(places)
    for members in sorted(classes, key=_weight, reverse=True):
        free = [one for one in members if scans[one.alias].span is None]
        leader = max((one for one in free if _leads(one)), key=lambda one: one.rows, default=None)
        if leader is None or not (len(free) > 1 or leader.term in grouped):
            continue
        cuts = _cuts(leader.order, nodes)
        for one in free:
            scans[one.alias] = replace(scans[one.alias], span=Span(one.name, cuts))
    return replace(bound, scans=scans)


def _weight(members: list[_Place]) -> tuple[float, str]:
    return sum(one.rows for one in members), min((one.term.sql() for one in members), default="")


def _leads(place: _Place) -> bool:
    return place.order.overlap <= _LEADERS_OVERLAP


def _places(bound: Bound) -> Iterator[_Place]:
    for alias, scan in bound.scans.items():
        facts = bound.tables[alias]
        if not isinstance(facts.layout, Files):
            continue
        for name in scan.columns:
            known = facts.columns[name]
            form = form_named(known.type)
            if known.order is not None and form in ("BIGINT", "DATE") and _is_worth_it(scan, facts, known):
                yield _Place(alias, name, form, rows_of(facts), known.order)


def _is_worth_it(scan: Scan, facts: TableFacts, known: ColumnFacts) -> bool:
    if known.order is None or (known.distinct or 0.0) < _VALUES:
        return False
    size = rows_of(facts) * sum(width_of(facts.columns[name]) for name in scan.columns)
    return known.order.overlap <= _OVERLAP or known.order.overlap * size <= _OVERLAP_BYTES


def _cuts(order: Order, nodes: int) -> Cuts:
    """Between the 60 ranges those cuts where a node's end, as with distributions."""
    most = len(order.cuts)
    return tuple(order.cuts[min(-(-60 * node // nodes), most) - 1] for node in range(1, nodes))
