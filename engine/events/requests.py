"""Records of T-SQL requests and of the steps that their plans take."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from engine.events.record import Event


@dataclass(frozen=True, slots=True)
class RequestSubmitted(Event):
    """Somebody sent a statement or script.

    Args:
        request: Identifies it in every record about it; unique within the workspace.
        text: The T-SQL as it was sent.
        label: What its OPTION (LABEL = ...) or the caller calls it.
        user: Who sent it.
        session: Whose temporary tables it sees.
    """

    request: str
    text: str
    label: str = ""
    user: str = ""
    session: str = ""


@dataclass(frozen=True, slots=True)
class RequestQueued(Event):
    """It waits for its turn: `ahead` requests come first; `group` is its workload group."""

    request: str
    ahead: int = 0
    group: str = ""
    importance: str = ""


@dataclass(frozen=True, slots=True)
class RequestStarted(Event):
    """It runs.

    Args:
        request: See `RequestSubmitted`.
        nodes: Compute nodes; 0 where no plan has settled that yet.
        queued_seconds: How long it waited for its turn.
        resource_class: Of the user who sent it; empty for what takes no share of the pool.
        group: Its workload group.
        importance: `low` to `high`.
        classifier: What put it into the group; empty if nothing did.
        percent: The share of the pool that it takes.
    """

    request: str
    nodes: int = 0
    queued_seconds: float = 0.0
    resource_class: str = ""
    group: str = ""
    importance: str = ""
    classifier: str = ""
    percent: float = 0.0


@dataclass(frozen=True, slots=True)
class PlanStep:
    """One line of a plan: its name, what becomes of its rows, its SQL, and the estimates it was chosen by."""

    step: str
    move: str = ""
    text: str = ""
    rows: float | None = None
    bytes: float | None = None
    inputs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PlanMade(Event):
    """A query was planned. `statement` counts within the request, from 0; `text` is what EXPLAIN prints."""

    parts: ClassVar[Mapping[str, type]] = {"steps": PlanStep}

    request: str
    text: str
    statement: int = 0
    steps: tuple[PlanStep, ...] = ()


@dataclass(frozen=True, slots=True)
class StepStarted(Event):
    """A step of a plan begins."""

    request: str
    step: str
    statement: int = 0
    move: str = ""
    tasks: int = 0


@dataclass(frozen=True, slots=True)
class NodeShare:
    """What one node did of a step; `rows` and `bytes` are what it put out, `seconds` what it took."""

    node: str
    rows: int
    bytes: int
    seconds: float


@dataclass(frozen=True, slots=True)
class StepFinished(Event):
    """A step is done.

    Args:
        request: See `RequestSubmitted`.
        step: Its name in the plan.
        statement: Counts within the request, from 0.
        move: What became of its rows: `Shuffle`, `Broadcast`, `Gather`, `Trim`, `Keep`, `Return`, ...
        rows: Rows that it put out on all nodes.
        bytes: Bytes of these rows.
        seconds: Until its slowest node was done.
        nodes: What each node did; shows the skew.
    """

    parts: ClassVar[Mapping[str, type]] = {"nodes": NodeShare}

    request: str
    step: str
    statement: int = 0
    move: str = ""
    rows: int = 0
    bytes: int = 0
    seconds: float = 0.0
    nodes: tuple[NodeShare, ...] = ()


@dataclass(frozen=True, slots=True)
class FilesOpened(Event):
    """Files were read for a request: `bytes` went through the network or disk, `skipped` were not opened."""

    request: str
    files: int
    bytes: int
    skipped: int = 0
    source: str = ""


@dataclass(frozen=True, slots=True)
class RequestFinished(Event):
    """It is done.

    Args:
        request: See `RequestSubmitted`.
        seconds: From its start, its time in the queue aside.
        rows: Rows of the last result, or rows changed.
        bytes_read: Bytes read from files.
        bytes_moved: Bytes that went from node to node.
        cached: The answer came from the result-set cache.
        counts: Further amounts, by name.
    """

    request: str
    seconds: float
    rows: int = 0
    bytes_read: int = 0
    bytes_moved: int = 0
    cached: bool = False
    counts: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RequestFailed(Event):
    """It failed, or was `cancelled`; `error` is the class of the error, `message` its one line."""

    request: str
    error: str
    message: str
    seconds: float = 0.0
    cancelled: bool = False
