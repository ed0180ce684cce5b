"""Runs and their stages, told to the log by the block that does the work."""

from __future__ import annotations

import getpass
import time
import uuid
from collections.abc import Iterator, Mapping
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
from pools.errors import TarnError

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
        verb: What it does.
        emit: Takes its records.
        counts: What it did, by name, for its last record.
        result: What came of it, in a line.
        tracking: Where MLflow shows it.
        outlives: It goes on when its block ends, and whoever goes on with it calls `finish`.
    """

    id: str
    verb: str
    emit: Bound
    counts: dict[str, float] = field(default_factory=dict)
    result: str = ""
    tracking: str = ""
    outlives: bool = False
    _open: list[Stage] = field(default_factory=list)
    _begun: float = field(default_factory=time.monotonic)

    def finish(self, status: str, error: BaseException | None = None) -> None:
        """Say how it ended: `finished`, `failed`, `cancelled` or `stopped`."""
        if error is not None and status == "failed":
            self.emit(_told(error, self.verb))
        seconds = time.monotonic() - self._begun
        self.emit(RunFinished(status, seconds, self.counts, self.result, self.tracking))

    def tracked(self, where: str) -> None:
        """Say where MLflow keeps it."""
        self.tracking = where
        self.emit(RunTracked(where))

    @contextmanager
    def stage(self, name: str, units: float | None = None) -> Iterator[Stage]:
        """A stage of it, for the length of a block; within one of its name it is that one, with units."""
        innermost = self._open[-1] if self._open else None
        if innermost is not None and innermost.name == name:
            innermost.units = units if innermost.units is None else innermost.units
            yield innermost
            return
        stage = Stage(name, self.emit, units)
        begun = time.monotonic()
        self.emit(StageStarted(name, units))
        self._open.append(stage)
        try:
            yield stage
        finally:
            self._open.remove(stage)
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
    run = Running(uuid.uuid4().hex[:12], verb, log.bind(pool=pool))
    run.emit = run.emit.bind(run=run.id)
    run.emit(RunStarted(name, verb, _user(), settings or {}, parent=run_of_context.get()))
    tokens = run_of_context.set(run.id), _current.set(run)
    try:
        yield run
    except BaseException as error:
        run.finish(status_of(error), error)
        raise
    else:
        if not run.outlives:
            run.finish("finished")
    finally:
        run_of_context.reset(tokens[0])
        _current.reset(tokens[1])


def status_of(error: BaseException | None) -> str:
    """How a run ended that raised this: what is no `Exception` is somebody's wish that it stop."""
    if error is None:
        return "finished"
    if isinstance(error, TarnError) and error.cancelled:
        return "cancelled"
    return "failed" if isinstance(error, Exception) else "stopped"


def _told(error: BaseException, where: str) -> ErrorRaised:
    message = str(getattr(error, "message", "") or error)
    return ErrorRaised(type(error).__name__, message, str(getattr(error, "hint", "") or ""), where)


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container whose user has no name
        return ""
