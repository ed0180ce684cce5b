"""From events to columns: pure folds over the log, without a clock, a file or Bokeh.

`Views.take(entries)` brings every fold up to date; what a page shows is a function of a fold. Each fold has a
`version` that counts up when it has changed, so that a page at rest costs nothing.
"""

from __future__ import annotations

from engine.dashboard.views.pools import Pools, PoolView
from engine.dashboard.views.queries import Queries, QueryView
from engine.dashboard.views.runs import Runs, RunView
from engine.dashboard.views.scoring import JobView, Scoring
from engine.dashboard.views.studies import Studies, StudyView
from engine.dashboard.views.whole import Views

__all__ = [
    "JobView",
    "PoolView",
    "Pools",
    "Queries",
    "QueryView",
    "RunView",
    "Runs",
    "Scoring",
    "Studies",
    "StudyView",
    "Views",
]
