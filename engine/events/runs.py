"""Records of runs (one call of a verb, or one command) and their stages; of errors; of the log itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.events.record import Event


@dataclass(frozen=True, slots=True)
class RunStarted(Event):
    """Something begins that a user would name: a demo, a study, a fit, a scoring job, a write, a script.

    Its id stands in the entry's `run`, as in every entry that belongs to it.

    Args:
        name: What users call it.
        verb: What it does: `tune`, `train`, `score`, `write`, `verify`, `sql`, `demo`, ...
        user: Who started it.
        settings: What it was asked for; two runs are compared by these.
        tracking: Where MLflow shows it.
        parent: The run that it is a part of.
    """

    name: str
    verb: str
    user: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    tracking: str = ""
    parent: str = ""


@dataclass(frozen=True, slots=True)
class RunTracked(Event):
    """MLflow keeps the run; `tracking` says where: `URI#/experiments/E/runs/R`, as MLflow's own pages do."""

    tracking: str


@dataclass(frozen=True, slots=True)
class StageStarted(Event):
    """A stage of a run begins; `units` of work are in it, if it is known."""

    stage: str
    units: float | None = None


@dataclass(frozen=True, slots=True)
class StageProgress(Event):
    """So many units of a stage are done."""

    stage: str
    done: float
    units: float
    note: str = ""


@dataclass(frozen=True, slots=True)
class StageFinished(Event):
    """A stage is done; `counts` holds what it did, by name: `rows`, `bytes_read`, ..."""

    stage: str
    seconds: float
    counts: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RunFinished(Event):
    """A run is over: `finished`, `failed`, `cancelled` by its user, or `stopped` from outside."""

    status: str
    seconds: float
    counts: Mapping[str, float] = field(default_factory=dict)
    result: str = ""
    tracking: str = ""


@dataclass(frozen=True, slots=True)
class ErrorRaised(Event):
    """An error reached the user: its class, its line, its hint, and what raised it."""

    error: str
    message: str
    hint: str = ""
    where: str = ""


@dataclass(frozen=True, slots=True)
class EventsLost(Event):
    """So many records could not be written: the disk refused them, or was too slow for them."""

    count: int
    reason: str
