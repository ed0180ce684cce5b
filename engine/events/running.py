"""Runs and their stages, told to the log by the block that does the work."""

from __future__ import annotations

import getpass
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Protocol

from engine.events.emit import Bound, run_of_context
from engine.events.runs import (
    ErrorRaised,
    RunFinished,
    RunStarted,
    RunTracked,
    StageFinished,
    StageProgress,
    StageStarted,
)

# A stage of many small units tells of no more than this many steps a second.
_PROGRESS_SECONDS = 0.5


class Binding(Protocol):
    """A log, or anything else that gives an `Emit` for a run."""

    def bind(self, *, run: str = "", pool: str = "") -> Bound:
        """See `EventLog.bind`."""


@dataclass(slots=True)
class Stage:
    """A stage of a run while it is under way."""

    name: str
    emit: Bound
    units: float | None = None
    counts: dict[str, float] = field(default_factory=dict)
    _done: float = 0.0
    _spoke: float = 0.0

    def advance(self, units: float = 1.0, *, note: str = "") -> None:
        """Some units are done."""
        self._done += units
        now = time.monotonic()
        if self.units and now - self._spoke >= _PROGRESS_SECONDS:
            self._spoke = now
            self.emit(StageProgress(self.name, self._done, self.units, note))


@dataclass(slots=True)
class Running:
    """A run while it is under way.

    Attributes:
        id: What its entries have as `run`.
        emit: Takes its records.
        counts: What it did, by name, for its last record.
        result: What came of it, in a line.
        tracking: Where MLflow shows it.
    """

    id: str
    emit: Bound
    counts: dict[str, float] = field(default_factory=dict)
    result: str = ""
    tracking: str = ""

    def tracked(self, where: str) -> None:
        """Say where MLflow keeps it."""
        self.tracking = where
        self.emit(RunTracked(where))

    @contextmanager
    def stage(self, name: str, units: float | None = None) -> Iterator[Stage]:
        """A stage of it, for the length of a block."""
        stage = Stage(name, self.emit, units)
        begun = time.monotonic()
        self.emit(StageStarted(name, units))
        try:
            yield stage
        finally:
            self.emit(StageFinished(name, time.monotonic() - begun, stage.counts))


_current: ContextVar[Running | None] = ContextVar("_current", default=None)


def current_run() -> Running | None:
    """The innermost run that this thread or task is in."""
    return _current.get()


def tracked(where: str) -> None:
    """Say where MLflow keeps the innermost run; outside of a run nobody asks."""
    run = _current.get()
    if run is not None:
        run.tracked(where)


@contextmanager
def running(
    log: Binding, name: str, *, verb: str, settings: Mapping[str, Any] | None = None, pool: str = ""
) -> Iterator[Running]:
    """A run, for the length of a block; what is emitted within it belongs to it.

    Args:
        log: Where to.
        name: What users call it.
        verb: What it does.
        settings: What it was asked for.
        pool: The pool it is done on.
    """
    run = Running(uuid.uuid4().hex[:12], log.bind(pool=pool))
    run.emit = run.emit.bind(run=run.id)
    run.emit(RunStarted(name, verb, _user(), settings or {}, parent=run_of_context.get()))
    begun = time.monotonic()
    tokens = run_of_context.set(run.id), _current.set(run)
    try:
        yield run
    except BaseException as error:
        stopped = not isinstance(error, Exception)
        if not stopped:
            run.emit(_told(error, verb))
        _finish(run.emit, run, "stopped" if stopped else "failed", begun)
        raise
    else:
        _finish(run.emit, run, "finished", begun)
    finally:
        run_of_context.reset(tokens[0])
        _current.reset(tokens[1])


def _finish(emit: Callable[[RunFinished], None], run: Running, status: str, begun: float) -> None:
    emit(RunFinished(status, time.monotonic() - begun, run.counts, run.result, run.tracking))


def _told(error: BaseException, where: str) -> ErrorRaised:
    message = str(getattr(error, "message", "") or error)
    return ErrorRaised(type(error).__name__, message, str(getattr(error, "hint", "") or ""), where)


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container whose user has no name
        return ""
