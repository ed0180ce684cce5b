"""Records of studies: trials, rungs, promotions and learning curves; and of the models that came of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.events.record import Event


@dataclass(frozen=True, slots=True)
class StudyStarted(Event):
    """A search begins.

    Args:
        study: Identifies it; a study that is resumed keeps it.
        name: What users call it.
        target: The label column.
        metric: What is compared.
        maximize: Whether more of it is better.
        trials: How many shall run at most.
        max_rounds: Boosting rounds of one trial at most.
        space: Parameter to its range, as text: `{"eta": "0.01 .. 0.3 log"}`.
        rungs: Rounds at which trials are compared, if any.
        settings: Everything else that was asked for.
        rows: Rows that are trained on.
        features: Columns of the matrix.
        tracking: Where MLflow shows its run.
        resumed: It goes on from a journal.
    """

    study: str
    name: str
    target: str
    metric: str
    maximize: bool
    trials: int
    max_rounds: int = 0
    space: Mapping[str, str] = field(default_factory=dict)
    rungs: tuple[int, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    rows: int = 0
    features: int = 0
    tracking: str = ""
    resumed: bool = False


@dataclass(frozen=True, slots=True)
class TrialStarted(Event):
    """A trial begins with these parameters."""

    study: str
    trial: int
    params: Mapping[str, Any]
    node: str = ""


@dataclass(frozen=True, slots=True)
class RoundMetrics(Event):
    """The learning curve of a trial, or the next piece of it.

    Args:
        study: See `StudyStarted`.
        trial: Its number.
        first: The round that the first value belongs to, from 1.
        valid: The metric on the validation rows after each round.
        train: The same on the training rows, where it was computed.
    """

    study: str
    trial: int
    first: int
    valid: tuple[float, ...]
    train: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class RungReached(Event):
    """A trial has `score` after `rounds`, at rung number `rung` (from 0), and has trained for `seconds`."""

    study: str
    trial: int
    rung: int
    rounds: int
    score: float
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class TrialPromoted(Event):
    """A trial goes on from a rung to `rounds` rounds."""

    study: str
    trial: int
    rung: int
    rounds: int


@dataclass(frozen=True, slots=True)
class TrialStopped(Event):
    """A trial ended early; `reason` says why: `pruned`, `patience`, `time`, `budget`, ..."""

    study: str
    trial: int
    reason: str
    rounds: int = 0
    score: float | None = None
    rung: int | None = None
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class TrialFinished(Event):
    """A trial came to its end."""

    study: str
    trial: int
    score: float
    rounds: int
    seconds: float = 0.0
    tracking: str = ""


@dataclass(frozen=True, slots=True)
class TrialFailed(Event):
    """A fit of a trial raised, and ended the search: a study that is resumed runs that trial again."""

    study: str
    trial: int
    error: str
    message: str


@dataclass(frozen=True, slots=True)
class StudyFinished(Event):
    """A search is over; `reason` is empty if it ran all its trials."""

    study: str
    trials: int
    best_trial: int | None
    best_score: float | None
    seconds: float
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ModelTrained(Event):
    """A model was trained; `importance` is the gain of each column, `curve` its metric by round."""

    model: str
    study: str = ""
    rounds: int = 0
    seconds: float = 0.0
    metrics: Mapping[str, float] = field(default_factory=dict)
    importance: Mapping[str, float] = field(default_factory=dict)
    curve: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class ModelRegistered(Event):
    """A model took a version of a name; `parity` holds what its gate measured."""

    model: str
    model_version: int
    tracking: str = ""
    parity: Mapping[str, Any] = field(default_factory=dict)
