"""Which waiting request may run next: a pure function of who waits and who runs.

Documented: a request runs when its share is free and fewer requests run than the pool's size allows; the more
important goes first, then who came first. Here a later request of the same importance may take room that is
too small for those before it, and nobody waits for ever: whoever was passed PATIENCE times goes next.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from engine.session.workload.groups import Importance, Share

PATIENCE = 64
_WHOLE = Fraction(100)


@dataclass(slots=True, eq=False)
class Ticket:
    """A request that runs or wants to.

    Attributes:
        session: Whose it is.
        share: Its group, and what it takes of the pool.
        importance: Who goes first.
        resource_class: Of its user.
        classifier: What put it into its group; empty if nothing did.
        number: Counts arrivals.
        passed: How many that came later have gone before it.
    """

    session: str
    share: Share
    importance: Importance
    resource_class: str
    classifier: str = ""
    number: int = 0
    passed: int = 0

    @property
    def order(self) -> tuple[bool, int, int]:
        """Sorts by who goes first."""
        return self.passed < PATIENCE, -self.importance, self.number


def next_to_run(
    waiting: Collection[Ticket],
    running: Collection[Ticket],
    kept: Mapping[str, Fraction],
    requests: int,
) -> Ticket | None:
    """The request that may run now, if there is one.

    Args:
        waiting: Those that want to.
        running: Those that do.
        kept: By group the percent of the pool that others leave to it.
        requests: The most requests at a time.
    """
    if len(running) >= requests:
        return None
    first: Ticket | None = None
    for ticket in sorted(waiting, key=lambda one: one.order):
        first = first or ticket
        if first.passed >= PATIENCE and ticket is not first:
            return None
        if ticket.importance < first.importance:
            return None
        if _fits(ticket, running, kept):
            return ticket
    return None


def _fits(ticket: Ticket, running: Collection[Ticket], kept: Mapping[str, Fraction]) -> bool:
    if not running:  # what takes more than the others leave would never run
        return True
    share = ticket.share
    if share.dynamic and sum(one.share.dynamic for one in running) >= share.requests:
        return False
    used: dict[str, Fraction] = {}
    for one in running:
        used[one.share.name] = used.get(one.share.name, Fraction(0)) + one.share.need
    own = used.get(share.name, Fraction(0)) + share.need
    groups = {*used, *kept} - {share.name}
    others = sum(
        (max(used.get(name, Fraction(0)), kept.get(name, Fraction(0))) for name in groups), Fraction(0)
    )
    return own <= share.most and own + others <= _WHOLE
