"""Scoring: a model over the rows of a source, into a table, every partition exactly once.

`plan_job` decides and writes down, `drive` has the workers score what is missing and commits, `ScoringJob` is
what a user holds. `Scorer` makes scores from rows; SQL's PREDICT uses the same.

Names are loaded when they are asked for: a worker that only scores never imports what plans.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from engine.ml.scoring.ahead import loading_ahead
    from engine.ml.scoring.job import ScoringJob, all_jobs
    from engine.ml.scoring.plan import Request, plan_job
    from engine.ml.scoring.result import JobStatus, Report, Scored
    from engine.ml.scoring.scorer import Scorer, scorer_for
    from engine.ml.scoring.shadow import Shadow, ShadowReport
    from engine.ml.scoring.sources import Origin, origin_of

__all__ = [
    "JobStatus",
    "Origin",
    "Report",
    "Request",
    "Scored",
    "Scorer",
    "ScoringJob",
    "Shadow",
    "ShadowReport",
    "all_jobs",
    "loading_ahead",
    "origin_of",
    "plan_job",
    "scorer_for",
]

_HOMES = {
    "JobStatus": "result",
    "Origin": "sources",
    "Report": "result",
    "Request": "plan",
    "Scored": "result",
    "Scorer": "scorer",
    "ScoringJob": "job",
    "Shadow": "shadow",
    "ShadowReport": "shadow",
    "all_jobs": "job",
    "loading_ahead": "ahead",
    "origin_of": "sources",
    "plan_job": "plan",
    "scorer_for": "scorer",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
