"""All folds together, brought up to date by one pass over what is new."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from engine.dashboard.views.pools import Pools
from engine.dashboard.views.queries import LOST, Queries
from engine.dashboard.views.runs import Runs
from engine.dashboard.views.scoring import Scoring
from engine.dashboard.views.studies import Studies

if TYPE_CHECKING:
    from engine.events import Entry


@dataclass(slots=True)
class Views:
    """What all pages show.

    Attributes:
        entries: How many entries were taken.
        now: The time of the newest entry.
        complete: Whether all that was there at the beginning has been taken.
    """

    pools: Pools = field(default_factory=Pools)
    queries: Queries = field(default_factory=Queries)
    studies: Studies = field(default_factory=Studies)
    scoring: Scoring = field(default_factory=Scoring)
    runs: Runs = field(default_factory=Runs)
    entries: int = 0
    now: float = 0.0
    complete: bool = False

    def take(self, entries: Iterable[Entry]) -> None:
        """Bring every fold up to date; each entry costs some microseconds."""
        for entry in entries:
            self.entries += 1
            self.now = max(self.now, entry.time)
            for fold in (self.pools, self.queries, self.studies, self.scoring, self.runs):
                if fold.take(entry):
                    fold.version += 1

    def settle(self, writers: set[str] | None) -> None:
        """What was under way when its writer died is lost: nobody will say how it ended.

        Args:
            writers: Who writes now; None if that cannot be told.
        """
        self.complete = True
        if writers is None:
            return
        self.pools.version += _settled(self.pools.by_name.values(), "state", POOL_UP, writers)
        self.queries.version += _settled(self.queries.by_id.values(), "state", QUERY_LIVE, writers)
        self.studies.version += _settled(self.studies.by_id.values(), "state", RUNNING, writers)
        self.scoring.version += _settled(self.scoring.by_id.values(), "state", RUNNING, writers)
        self.runs.version += _settled(self.runs.by_id.values(), "status", RUNNING, writers)


POOL_UP = ("new", "starting", "running", "resuming", "paused")
QUERY_LIVE = ("queued", "running")
RUNNING = ("running",)


def _settled(views: Iterable[Any], field_name: str, live: tuple[str, ...], writers: set[str]) -> int:
    """Mark as lost; returns how many."""
    lost = [one for one in views if getattr(one, field_name) in live and one.writer not in writers]
    for one in lost:
        setattr(one, field_name, LOST)
    return len(lost)
