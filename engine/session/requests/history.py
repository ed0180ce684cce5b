"""What the event log tells of requests, folded into what the views of a pool show."""

from __future__ import annotations

import datetime as dt
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from engine.events import (
    FilesOpened,
    PlanMade,
    PlanStep,
    PoolState,
    RequestFailed,
    RequestFinished,
    RequestQueued,
    RequestStarted,
    RequestSubmitted,
    StepFinished,
)

if TYPE_CHECKING:
    from engine.events import Entry, NodeShare

# Documented: requests, and those of them whose steps are kept.
KEPT_REQUESTS = 10_000
KEPT_STEPS = 1_000

# What is told of a request once it is known.
_Told = (
    RequestQueued | RequestStarted | PlanMade | StepFinished | FilesOpened | RequestFinished | RequestFailed
)


@dataclass(slots=True)
class Step:
    """One step of a plan that ran.

    Attributes:
        move: `Shuffle`, `Broadcast`, `Gather`, `Trim`, `Keep` or `Return`.
        text: Its SQL.
        estimate: Rows that the planner expected; None where it made no estimate.
        ended: When it was done; None while it runs.
    """

    name: str
    move: str
    text: str = ""
    estimate: float | None = None
    ended: dt.datetime | None = None
    seconds: float = 0.0
    rows: int | None = None
    bytes: int = 0
    nodes: tuple[NodeShare, ...] = ()


@dataclass(slots=True)
class Request:
    """One request, as far as the log tells of it; times are UTC without a zone."""

    id: str
    pool: str
    session: str
    user: str
    label: str
    text: str
    submitted: dt.datetime
    started: dt.datetime | None = None
    planned: dt.datetime | None = None
    ended: dt.datetime | None = None
    status: str = "Running"
    error: str = ""
    rows: int = -1
    cache_code: int = 0
    nodes: int = 0
    files: int = 0
    bytes_read: int = 0
    resource_class: str = ""
    group: str = ""
    importance: str = ""
    classifier: str = ""
    percent: float = 0.0
    steps: dict[tuple[int, str], Step] = field(default_factory=dict)


@dataclass(slots=True)
class History:
    """Requests of a workspace, the newest last, and what its serverless pools have processed.

    Attributes:
        requests: By id.
        by_day: Billed MB by day, UTC.
    """

    requests: OrderedDict[str, Request] = field(default_factory=OrderedDict)
    by_day: dict[dt.date, int] = field(default_factory=dict)

    def take(self, entry: Entry) -> None:
        """Take what one entry tells; entries of a request come in the order of time."""
        event, at = entry.event, dt.datetime.fromtimestamp(entry.time, dt.UTC).replace(tzinfo=None)
        if isinstance(event, RequestSubmitted):
            self._submitted(event, entry.pool, at)
        elif isinstance(event, PoolState):
            if event.state == "paused":
                self._paused(entry.pool)
        elif isinstance(event, _Told):
            if isinstance(event, RequestFinished):
                self._spend(at.date(), int(event.counts.get("data_processed_mb", 0)))
            request = self.requests.get(event.request)
            if request is not None:
                _tell(request, event, at)

    def of_pool(self, pool: str) -> list[Request]:
        """Requests of one pool, the newest first."""
        return [one for one in reversed(self.requests.values()) if one.pool == pool]

    def _submitted(self, event: RequestSubmitted, pool: str, at: dt.datetime) -> None:
        self.requests[event.request] = Request(
            event.request, pool, event.session, event.user, event.label, event.text, at, started=at
        )
        while len(self.requests) > KEPT_REQUESTS:
            self.requests.popitem(last=False)
        if len(self.requests) > KEPT_STEPS:
            oldest = list(self.requests)[-KEPT_STEPS - 1]
            self.requests[oldest].steps.clear()

    def _spend(self, day: dt.date, amount: int) -> None:
        if amount:
            self.by_day[day] = self.by_day.get(day, 0) + amount

    def _paused(self, pool: str) -> None:
        """A pause forgets what the pool has done; what was billed stays."""
        for gone in [key for key, one in self.requests.items() if one.pool == pool]:
            del self.requests[gone]


def _tell(request: Request, event: _Told, at: dt.datetime) -> None:
    match event:
        case RequestQueued():
            request.started, request.status = None, "Suspended"
            request.group, request.importance = event.group, event.importance
        case RequestStarted():
            request.started, request.status, request.nodes = at, "Running", event.nodes
            request.resource_class, request.classifier = event.resource_class, event.classifier
            request.group, request.importance, request.percent = event.group, event.importance, event.percent
        case PlanMade():
            request.planned = request.planned or at
            for step in event.steps:
                request.steps[event.statement, step.step] = _planned(step)
        case StepFinished():
            known = request.steps.setdefault((event.statement, event.step), Step(event.step, event.move))
            known.ended, known.seconds, known.rows = at, event.seconds, event.rows
            known.bytes, known.nodes = event.bytes, event.nodes
        case FilesOpened():
            request.files += event.files
        case RequestFinished():
            request.ended, request.status, request.rows = at, "Completed", event.rows
            request.cache_code = int(event.counts.get("result_cache_hit", 0))
            request.bytes_read = event.bytes_read
        case RequestFailed():
            request.ended, request.error = at, event.message
            request.status = "Cancelled" if event.cancelled else "Failed"


def _planned(step: PlanStep) -> Step:
    return Step(step.step, step.move, step.text, step.rows)
