"""Carries out what the machine decides: asks the sampler, sends fits out, and writes down what comes back."""

from __future__ import annotations

import base64
import math
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import cloudpickle  # type: ignore[import-untyped]

from engine.ml.boost import Patience
from engine.ml.tuning.fit import Fitted, Job
from engine.ml.tuning.machine import Rules, step
from engine.ml.tuning.proposer import Proposal, Proposer
from engine.ml.tuning.state import (
    Action,
    Ask,
    Event,
    Finish,
    Limits,
    Opened,
    Proposed,
    Reported,
    Run,
    StudyState,
    TrialState,
)

if TYPE_CHECKING:
    from engine.ml.tuning.journal import Journal


class Fits(Protocol):
    """Where fits run."""

    def start(self, job: Job, models: bytes) -> None:
        """Begin a fit from the boosters of the rung before, none for the first."""

    def next(self) -> tuple[int, Fitted]:
        """Wait for one to end; the number of its trial, and what came of it."""


class Watch(Protocol):
    """Who is told of every step, after it is in the journal."""

    def __call__(
        self, before: StudyState, event: Event, after: StudyState, actions: Sequence[Action]
    ) -> None:
        """A step was taken."""


@dataclass(slots=True)
class Runner:
    """One session of a study.

    Attributes:
        study: Identifies it.
        rules: What the machine decides by.
        proposer: Who is asked for parameters.
        params_of: From number, phase and proposed parameters to all parameters of a trial.
        journal: Where it is remembered.
        watch: Who is told.
        state: Where it stands.
        fits: Where fits run.
    """

    study: str
    rules: Rules
    proposer: Proposer
    params_of: Callable[[int, int, Mapping[str, Any]], dict[str, Any]]
    journal: Journal
    watch: Watch
    state: StudyState = field(default_factory=StudyState)
    fits: Fits = field(init=False)
    _began: float = field(default_factory=time.monotonic)
    _before: float = 0.0

    def run(self, slots: int, limits: Limits) -> StudyState:
        """Work until nothing is left to do, or a limit is reached.

        Raises:
            OptionError: XGBoost refuses a trial's parameters.
            TaskLostError: Workers died too often under one fit. The journal is whole: the study can resume.
        """
        self._before, self._began = self.state.elapsed, time.monotonic()
        self.journal.sweep({trial.checkpoint for trial in self.state.trials})
        self.journal.append("opened", slots=slots, limits=asdict(limits), elapsed=self._before)
        todo = deque(self._take(Opened(slots, limits, self._before)))
        while True:
            while todo:
                action = todo.popleft()
                if isinstance(action, Finish):
                    self.journal.append("finished", reason=action.reason, elapsed=self._elapsed())
                    return self.state
                if isinstance(action, Ask):
                    todo.extend(self._propose())
                else:
                    self._start(action)
            todo.extend(self._report(*self.fits.next()))

    def _take(self, event: Event) -> list[Action]:
        before = self.state
        self.state, actions = step(self.rules, before, event)
        self.watch(before, event, self.state, actions)
        return actions

    def _propose(self) -> list[Action]:
        proposal = self.proposer.propose(self.state)
        number = len(self.state.trials)
        self.proposer.keep(number, proposal)
        sampler = None
        if not isinstance(self.proposer.sampler, str):
            sampler = base64.b64encode(cloudpickle.dumps(self.proposer.sampler)).decode()
        self.journal.append(
            "proposed",
            number=number,
            params=proposal.params,
            attributes=proposal.attributes,
            of_study=proposal.of_study,
            sampler=sampler,
        )
        return self._take(Proposed(proposal.params))

    def _start(self, action: Run) -> None:
        trial = self.state.trials[action.number]
        best, since = stand(trial, maximise=self.rules.maximise)
        job = Job(
            study=self.study,
            number=trial.number,
            params=self.params_of(trial.number, trial.phase, trial.params),
            start=trial.rounds,
            stop=action.rounds,
            best=best,
            since=since,
            seconds=action.seconds,
            core_seconds=action.core_seconds,
        )
        self.fits.start(job, self.journal.booster(trial.checkpoint) if trial.checkpoint else b"")

    def _report(self, number: int, fitted: Fitted) -> list[Action]:
        trial = self.state.trials[number]
        checkpoint = self.journal.keep(number, trial.rounds + len(fitted.curve), fitted.models)
        event = Reported(
            number=number,
            curve=fitted.curve,
            converged=fitted.converged,
            cut=fitted.cut,
            core_seconds=fitted.core_seconds,
            setup=fitted.setup,
            elapsed=self._elapsed(),
            checkpoint=checkpoint,
        )
        self.journal.append("reported", **asdict(event))
        if trial.checkpoint not in ("", checkpoint):
            self.journal.forget(trial.checkpoint)
        return self._take(event)

    def _elapsed(self) -> float:
        return self._before + time.monotonic() - self._began


def stand(trial: TrialState, *, maximise: bool) -> tuple[float, int]:
    """Best value of a trial's curve, as patience counts it, and the rounds since; NaN before the first."""
    patience = Patience(None, maximise)
    for value in trial.curve:
        patience.ends(value)
    return (patience.best, patience.since) if trial.curve else (math.nan, 0)


def replay(entries: Sequence[Mapping[str, Any]], rules: Rules, proposer: Proposer) -> StudyState:
    """The state that a journal's entries lead to; the proposer gets back what its sampler knew."""
    state = StudyState()
    for entry in entries:
        event = _event(entry)
        if event is None:
            continue
        if entry["kind"] == "proposed":
            proposer.keep(entry["number"], Proposal(entry["params"], entry["attributes"], entry["of_study"]))
            if entry["sampler"] is not None:
                proposer.sampler = cloudpickle.loads(base64.b64decode(entry["sampler"]))
        state, _ = step(rules, state, event)
    return state


def _event(entry: Mapping[str, Any]) -> Event | None:
    data = {name: value for name, value in entry.items() if name != "kind"}
    if entry["kind"] == "opened":
        return Opened(data["slots"], Limits(**data["limits"]), data["elapsed"])
    if entry["kind"] == "proposed":
        return Proposed(data["params"])
    if entry["kind"] == "reported":
        return Reported(**{**data, "curve": tuple(data["curve"])})
    return None
