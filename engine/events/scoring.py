"""Records of scoring jobs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from engine.events.record import Event


@dataclass(frozen=True, slots=True)
class ScoringStarted(Event):
    """A job begins, or goes on.

    Args:
        job: Identifies it; a job that is resumed keeps it.
        model: Name of the model.
        model_version: Its version.
        source: What is scored.
        into: The table of the scores.
        partitions: How many there are to score now.
        rows: Rows in all, if they are known.
        done: Partitions that an earlier run has done.
        edges: Edges of the score histogram's bins, `len(training) + 1` of them.
        training: Counts of the training rows' scores in these bins.
    """

    job: str
    model: str
    model_version: int
    source: str
    into: str
    partitions: int
    rows: int | None = None
    done: int = 0
    edges: tuple[float, ...] = ()
    training: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class PartitionScored(Event):
    """A partition is scored and its part written; `histogram` counts its scores in the job's bins."""

    job: str
    partition: str
    rows: int
    seconds: float
    bytes: int = 0
    bad_rows: int = 0
    node: str = ""
    histogram: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class BadRows(Event):
    """Rows that could not be scored: how many of a partition, in which column, why, and one as it looks."""

    job: str
    partition: str
    rows: int
    reason: str
    column: str = ""
    sample: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class ScoringFinished(Event):
    """Every partition is committed."""

    job: str
    rows: int
    seconds: float
    bad_rows: int = 0
    bytes: int = 0
    table_version: int | None = None


@dataclass(frozen=True, slots=True)
class ScoringStopped(Event):
    """The job ended before its end; the same call goes on from `partitions` done ones."""

    job: str
    reason: str
    partitions: int = 0
    rows: int = 0
    seconds: float = 0.0
