"""The pages, by their names in the menu."""

from __future__ import annotations

from engine.dashboard.pages.compare import ComparePage
from engine.dashboard.pages.pools import PoolsPage
from engine.dashboard.pages.queries import QueriesPage
from engine.dashboard.pages.runs import RunsPage
from engine.dashboard.pages.scoring import ScoringPage
from engine.dashboard.pages.studies import StudiesPage

PAGES: dict[str, type] = {
    "pools": PoolsPage,
    "queries": QueriesPage,
    "studies": StudiesPage,
    "scoring": ScoringPage,
    "runs": RunsPage,
    "compare": ComparePage,
}

__all__ = [
    "PAGES",
    "ComparePage",
    "PoolsPage",
    "QueriesPage",
    "RunsPage",
    "ScoringPage",
    "StudiesPage",
]
