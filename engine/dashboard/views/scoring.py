"""Scoring jobs: partitions done, rows a second, bad rows with reasons, scores against training."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from engine.events import BadRows, PartitionScored, ScoringFinished, ScoringStarted, ScoringStopped, writer_of

if TYPE_CHECKING:
    from engine.events import Entry

_POINTS = 3000
# The rate that the ETA is told by: over so many of the last partitions, but of no less than two seconds.
_RECENT = 20


@dataclass(slots=True)
class JobView:
    """One scoring job; of its `rows` so many were scored `before` it was resumed."""

    id: str
    asked: ScoringStarted | None = None
    run: str = ""
    writer: str = ""
    state: str = "running"
    started: float = 0.0
    seen: float = 0.0
    partitions: int = 0
    rows: int = 0
    before: int = 0
    bad_rows: int = 0
    bytes: int = 0
    reason: str = ""
    seconds: float = 0.0
    counts: list[int] = field(default_factory=list)
    reasons: dict[tuple[str, str], list[Any]] = field(default_factory=dict)
    points: deque[tuple[float, int, int]] = field(default_factory=lambda: deque(maxlen=_POINTS))

    @property
    def wanted(self) -> int:
        """Partitions in all."""
        return self.asked.partitions if self.asked else self.partitions

    def rate(self) -> float:
        """Rows a second: of late while it runs, over all when it is done."""
        points = list(self.points)
        if self.state == "running" and len(points) > 1:
            recent = points[-_RECENT:]
            if recent[-1][0] - recent[0][0] < 2.0:
                recent = points
            span = recent[-1][0] - recent[0][0]
            if span > 0:
                return (recent[-1][1] - recent[0][1]) / span
        seconds = self.seconds or (self.seen - self.started)
        return (self.rows - self.before) / seconds if seconds > 0 else 0.0

    def eta(self, now: float) -> float | None:
        """Seconds that are left; None if nobody can say."""
        left = self.wanted - self.partitions
        done = list(self.points)[1:][-_RECENT:]  # the first is the start, at which nothing is done
        if self.state != "running" or len(done) < 2 or left <= 0:
            return None
        # Since the first of these: what workers load before it is loaded once.
        each = (max(now, done[-1][0]) - done[0][0]) / (len(done) - 1)
        return each * left


@dataclass(slots=True)
class Scoring:
    """The fold."""

    by_id: dict[str, JobView] = field(default_factory=dict)
    version: int = 0

    def take(self, entry: Entry) -> bool:
        """Whether the entry was about a job."""
        event = entry.event
        if not isinstance(event, _KINDS):
            return False
        job = self.by_id.get(event.job)
        if job is None:
            job = self.by_id[event.job] = JobView(event.job, started=entry.time)
        job.seen, job.run, job.writer = entry.time, entry.run or job.run, writer_of(entry.segment)
        _apply(job, event, entry.time)
        return True


def _apply(job: JobView, event: Any, time: float) -> None:
    match event:
        case ScoringStarted():
            job.asked, job.state, job.started, job.reason = event, "running", time, ""
            job.partitions, job.before, job.seconds = 0, job.rows, 0.0
            job.points.clear()
            job.points.append((time, job.rows, 0))
        case PartitionScored():
            job.state = "running"
            job.partitions += 1
            job.rows += event.rows
            job.bad_rows += event.bad_rows
            job.bytes += event.bytes
            job.points.append((time, job.rows, job.bad_rows))
            if event.histogram:
                old = job.counts or [0] * len(event.histogram)
                job.counts = [a + b for a, b in zip(old, event.histogram, strict=False)]
        case BadRows():
            found = job.reasons.setdefault((event.reason, event.column), [0, ""])
            found[0] += event.rows
            found[1] = found[1] or ", ".join(f"{key}={value}" for key, value in (event.sample or {}).items())
        case ScoringFinished():
            job.state, job.seconds = "finished", event.seconds
            job.rows, job.bad_rows = event.rows or job.rows, max(event.bad_rows, job.bad_rows)
        case ScoringStopped():
            job.state, job.reason, job.seconds = "stopped", event.reason, event.seconds


_KINDS = (ScoringStarted, PartitionScored, BadRows, ScoringFinished, ScoringStopped)


def job_series(job: JobView | None) -> dict[str, list[float]]:
    """Rows done over time, and rows a second between points at least half a second apart."""
    times, rows, bad, rates = [], [], [], []
    last: tuple[float, int] | None = None
    for time, done, wrong in job.points if job else ():
        if last is not None and time - last[0] < 0.5 and done < (job.rows if job else 0):
            continue
        rates.append((done - last[1]) / (time - last[0]) if last and time > last[0] else 0.0)
        times.append(time * 1e3)
        rows.append(float(done))
        bad.append(float(wrong))
        last = (time, done)
    return {"time": times, "rows": rows, "bad": bad, "rate": rates}


def reason_rows(job: JobView | None) -> dict[str, list[Any]]:
    """Bad rows by reason and column, the most frequent first."""
    found = sorted(job.reasons.items(), key=lambda item: -item[1][0]) if job else []
    return {
        "reason": [reason for (reason, _), _ in found],
        "column": [column for (_, column), _ in found],
        "rows": [value[0] for _, value in found],
        "sample": [value[1] for _, value in found],
    }


def score_shares(job: JobView | None) -> dict[str, list[float]]:
    """The distribution of the scores beside that of the training rows: shares of each bin."""
    edges = list(job.asked.edges) if job and job.asked else []
    if job is None or len(edges) < 2:
        return {"left": [], "right": [], "now": [], "training": []}
    bins = len(edges) - 1
    counts = (job.counts + [0] * bins)[:bins]
    training = (list(job.asked.training) + [0] * bins)[:bins] if job.asked else [0] * bins
    return {"left": edges[:-1], "right": edges[1:], "now": _shares(counts), "training": _shares(training)}


def _shares(counts: list[int]) -> list[float]:
    total = sum(counts)
    return [count / total if total else 0.0 for count in counts]
