"""A study without XGBoost: curves follow from a number, fits end in any order."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from engine.ml.tuning.machine import Rules, step
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
)

SECONDS_PER_ROUND = 0.1


@dataclass
class Simulation:
    """Plays the runner: keeps what runs, and ends one of them at a time."""

    rules: Rules
    slots: int = 1
    limits: Limits = field(default_factory=lambda: Limits(20))
    seed: int = 0
    converges: float = 0.0
    state: StudyState = field(default_factory=StudyState)
    events: list[Event] = field(default_factory=list)
    jobs: list[Run] = field(default_factory=list)
    promoted: list[tuple[int, int]] = field(default_factory=list)
    ran: list[tuple[int, int]] = field(default_factory=list)

    def run(self, steps: int | None = None) -> StudyState:
        """To the end, or so many events far."""
        chance = random.Random(self.seed)
        self.take(Opened(self.slots, self.limits))
        while not self.state.finished and (steps is None or len(self.events) < steps):
            job = self.jobs.pop(chance.randrange(len(self.jobs)))
            self.take(self.report(job))
        return self.state

    def take(self, event: Event) -> None:
        self.events.append(event)
        self.state, actions = step(self.rules, self.state, event)
        for action in actions:
            self.act(action)

    def act(self, action: Action) -> None:
        if isinstance(action, Ask):
            number = len(self.state.trials)
            self.take(Proposed({"quality": random.Random(f"{self.seed}-{number}").random()}))
        elif isinstance(action, Run):
            if self.state.trials[action.number].rung:
                self.promoted.append((action.number, action.rounds))
            self.jobs.append(action)
        else:
            assert isinstance(action, Finish)

    def report(self, job: Run) -> Reported:
        trial = self.state.trials[job.number]
        quality = trial.params["quality"]
        ends = random.Random(f"{self.seed}-{job.number}-{job.rounds}").random() < self.converges
        last = (trial.rounds + job.rounds + 1) // 2 if ends else job.rounds
        curve = tuple(quality * (1 - math.exp(-(i + 1) / 20)) for i in range(trial.rounds, last))
        self.ran.append((job.number, trial.rung))
        cost = len(curve) * SECONDS_PER_ROUND
        return Reported(job.number, curve, ends, False, cost, 0.0, self.state.elapsed + cost, "x")


def replayed(rules: Rules, events: list[Event]) -> Iterator[tuple[StudyState, list[Action]]]:
    state = StudyState()
    for event in events:
        state, actions = step(rules, state, event)
        yield state, actions


Make = Callable[[], Simulation]
