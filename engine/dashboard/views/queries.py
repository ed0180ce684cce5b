"""T-SQL requests: running and past, and where each one's time and bytes went."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from engine.events import (
    FilesOpened,
    PlanMade,
    RequestFailed,
    RequestFinished,
    RequestQueued,
    RequestStarted,
    RequestSubmitted,
    StepFinished,
    StepStarted,
    writer_of,
)

if TYPE_CHECKING:
    from engine.events import Entry

RUNNING, QUEUED, FINISHED, FAILED, CANCELLED = "running", "queued", "finished", "failed", "cancelled"
LOST = "lost"  # its writer died before it said how it ended
STATES = (RUNNING, QUEUED, FINISHED, FAILED, CANCELLED, LOST)
_LIVE = (RUNNING, QUEUED)


@dataclass(slots=True)
class QueryView:
    """One request."""

    id: str
    writer: str = ""
    text: str = ""
    label: str = ""
    user: str = ""
    pool: str = ""
    state: str = RUNNING
    submitted: float = 0.0
    started: float = 0.0
    queued_seconds: float = 0.0
    queue: RequestQueued | None = None
    seconds: float = 0.0
    rows: int = 0
    bytes_read: int = 0
    bytes_moved: int = 0
    files: int = 0
    cached: bool = False
    message: str = ""
    plans: list[PlanMade] = field(default_factory=list)
    open_steps: dict[tuple[int, str], float] = field(default_factory=dict)
    steps: list[StepFinished] = field(default_factory=list)


@dataclass(slots=True)
class Queries:
    """The fold."""

    by_id: dict[str, QueryView] = field(default_factory=dict)
    version: int = 0

    def take(self, entry: Entry) -> bool:
        """Whether the entry was about a request."""
        event = entry.event
        if not isinstance(event, _KINDS):
            return False
        query = self.by_id.get(event.request)
        if query is None:
            query = self.by_id[event.request] = QueryView(event.request, submitted=entry.time)
        query.pool, query.writer = entry.pool or query.pool, writer_of(entry.segment)
        _apply(query, event, entry.time)
        return True


def _apply(query: QueryView, event: Any, time: float) -> None:
    match event:
        case RequestSubmitted():
            query.text, query.label, query.user = event.text, event.label, event.user
        case RequestQueued():
            query.state, query.queue = QUEUED, event
        case RequestStarted():
            query.state, query.started, query.queued_seconds = RUNNING, time, event.queued_seconds
        case PlanMade():
            query.plans.append(event)
        case StepStarted():
            query.open_steps[event.statement, event.step] = time
        case StepFinished():
            query.open_steps.pop((event.statement, event.step), None)
            query.steps.append(event)
            query.bytes_moved += event.bytes if event.move in _MOVES else 0
        case FilesOpened():
            query.files += event.files
            query.bytes_read += event.bytes
        case _:
            _end(query, event)


def _end(query: QueryView, event: RequestFinished | RequestFailed) -> None:
    query.seconds = event.seconds
    query.open_steps.clear()
    if isinstance(event, RequestFailed):
        query.state, query.message = (CANCELLED if event.cancelled else FAILED), event.message
        return
    query.state, query.rows, query.cached = FINISHED, event.rows, event.cached
    query.bytes_read = event.bytes_read or query.bytes_read
    query.bytes_moved = event.bytes_moved or query.bytes_moved


_MOVES = ("Shuffle", "Broadcast", "Gather", "Trim")
_KINDS = (
    RequestSubmitted, RequestQueued, RequestStarted, PlanMade, StepStarted, StepFinished, FilesOpened,
    RequestFinished, RequestFailed,
)  # fmt: skip


def query_rows(
    queries: Queries, now: float, *, state: str = "", search: str = "", most: int = 300
) -> dict[str, list[Any]]:
    """The table of requests, the newest first, on top those that run or wait.

    Args:
        queries: The fold.
        now: For how long those that run have been running.
        state: Only those in this state.
        search: Only those whose text, label, user or pool has this in it.
        most: So many at most.
    """
    word = search.lower()
    found = [
        one
        for one in queries.by_id.values()
        if (not state or one.state == state)
        and (not word or word in f"{one.text} {one.label} {one.user} {one.pool}".lower())
    ]
    found.sort(key=lambda one: (_LIVE.index(one.state) if one.state in _LIVE else len(_LIVE), -one.submitted))
    found = found[:most]
    return {
        "id": [one.id for one in found],
        "state": [one.state for one in found],
        "submitted": [one.submitted * 1e3 for one in found],
        "seconds": [_seconds(one, now) for one in found],
        "queued": [
            max(0.0, now - one.submitted) if one.state == QUEUED else one.queued_seconds for one in found
        ],
        "rows": [one.rows for one in found],
        "read": [one.bytes_read for one in found],
        "moved": [one.bytes_moved for one in found],
        "label": [one.label for one in found],
        "user": [one.user for one in found],
        "pool": [one.pool for one in found],
        "text": [" ".join(one.text.split())[:300] for one in found],
    }


def _seconds(query: QueryView, now: float) -> float:
    if query.state == RUNNING:
        return max(0.0, now - (query.started or query.submitted))
    return query.seconds


def query_totals(queries: Queries) -> dict[str, float]:
    """How many are in each state, and the bytes that all of them read."""
    totals = dict.fromkeys(STATES, 0.0)
    for one in queries.by_id.values():
        totals[one.state] += 1
    totals["read"] = float(sum(one.bytes_read for one in queries.by_id.values()))
    return totals


def step_rows(query: QueryView | None, now: float) -> dict[str, list[Any]]:
    """The steps of a request in their order: what each put out, how long it took, how unevenly.

    `skew` is the slowest node's seconds over the mean: 1 is even. Steps that run have only their seconds.
    """
    steps = list(query.steps) if query else []
    running = list(query.open_steps.items()) if query else []
    unknown = [math.nan for _ in running]
    return {
        "step": [_step_name(one.statement, one.step) for one in steps]
        + [_step_name(*key) for key, _ in running],
        "move": [one.move for one in steps] + ["running" for _ in running],
        "rows": [one.rows for one in steps] + unknown,
        "bytes": [one.bytes for one in steps] + unknown,
        "seconds": [one.seconds for one in steps] + [max(0.0, now - begun) for _, begun in running],
        "nodes": [len(one.nodes) for one in steps] + unknown,
        "skew": [skew([node.seconds for node in one.nodes]) for one in steps] + unknown,
    }


def _step_name(statement: int, step: str) -> str:
    return f"{statement}.{step}" if statement else step


def share_rows(query: QueryView | None, most: int = 40) -> dict[str, list[Any]]:
    """What each node did of each step, for bars of seconds."""
    shares = [
        (_step_name(step.statement, step.step), node)
        for step in (query.steps[-most:] if query else [])
        for node in step.nodes
    ]
    return {
        "place": [(step, node.node) for step, node in shares],
        "step": [step for step, _ in shares],
        "node": [node.node for _, node in shares],
        "rows": [node.rows for _, node in shares],
        "bytes": [node.bytes for _, node in shares],
        "seconds": [node.seconds for _, node in shares],
    }


def skew(values: list[float]) -> float:
    """The greatest value over the mean; 1 where there is nothing to compare."""
    total = sum(values)
    return max(values) * len(values) / total if total > 0 else 1.0
