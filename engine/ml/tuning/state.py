"""What a study is at a moment: trials and where they stand. Events change it, actions follow from it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from engine.errors import OptionError

# running: on a worker, or to be sent there again after a crash; paused: may be promoted; ready: goes on at
# once; stopped: ended by a policy; complete: had all rounds, or stopped getting better; cut: by a limit.
Status = Literal["running", "paused", "ready", "stopped", "complete", "cut"]


@dataclass(frozen=True, slots=True)
class TrialState:
    """One set of parameters and how far it has come.

    Attributes:
        number: In the order of the proposals, from 0.
        params: What was proposed.
        phase: Which value of the outer loop it belongs to.
        bracket: Which bracket of the schedule, counted through all turns.
        ladder: The rungs it climbs, in rounds.
        status: See `Status`.
        target: Rounds it is on its way to, while it runs.
        curve: The metric on the validation rows after each round that it was trained.
        scores: The best of it up to each rung that is done.
        outlooks: What it was expected to come to, at each of them: what it is ranked by.
        converged: It has stopped getting better; what is left of the ladder needs no training.
        core_seconds: CPU time of all its fits.
        checkpoint: File of its booster so far, empty before the first.
    """

    number: int
    params: dict[str, Any]
    phase: int
    bracket: int
    ladder: tuple[int, ...]
    status: Status = "running"
    target: int = 0
    curve: tuple[float, ...] = field(default=(), repr=False)
    scores: tuple[float, ...] = ()
    outlooks: tuple[float, ...] = field(default=(), repr=False)
    converged: bool = False
    core_seconds: float = 0.0
    checkpoint: str = ""

    @property
    def rounds(self) -> int:
        """Rounds trained so far."""
        return len(self.curve)

    @property
    def rung(self) -> int:
        """Rungs that are done."""
        return len(self.scores)

    @property
    def at_top(self) -> bool:
        return self.rung == len(self.ladder)

    def best(self, maximise: bool) -> tuple[float, int]:
        """Best score and the round of it, from 1; NaN and 0 without one. The earliest of equal ones."""
        known = [(-v if maximise else v, i) for i, v in enumerate(self.curve) if not math.isnan(v)]
        if not known:
            return math.nan, 0
        value, index = min(known)
        return (-value if maximise else value), index + 1


@dataclass(frozen=True, slots=True)
class Limits:
    """When a study ends, whichever comes first.

    Attributes:
        trials: How many are proposed; None for as many as time allows.
        seconds: Wall time.
        core_seconds: CPU time of all fits together, the building of matrices included.
    """

    trials: int | None = 20
    seconds: float | None = None
    core_seconds: float | None = None

    def __post_init__(self) -> None:
        for name in ("trials", "seconds", "core_seconds"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise OptionError(f"{name}={value} makes no sense.", f"{name} must be above 0, or None.")
        if self.trials is None and self.seconds is None and self.core_seconds is None:
            raise OptionError(
                "The study would never end.", "Give trials=, seconds= or core_seconds= (or several)."
            )


@dataclass(frozen=True, slots=True)
class StudyState:
    """All of a study that decisions follow from.

    Attributes:
        limits: When it ends.
        trials: By number.
        slots: Fits that can run side by side.
        asked: A proposal is on its way.
        phase: Which value of the outer loop is worked on.
        elapsed: Seconds of wall time, of all sessions together.
        core_seconds: CPU seconds of all fits.
        finished: Why it is over; empty while it is not.
    """

    limits: Limits = Limits()
    trials: tuple[TrialState, ...] = ()
    slots: int = 1
    asked: bool = False
    phase: int = 0
    elapsed: float = 0.0
    core_seconds: float = 0.0
    finished: str = ""

    @property
    def running(self) -> tuple[TrialState, ...]:
        return tuple(trial for trial in self.trials if trial.status == "running")

    def put(self, trial: TrialState) -> StudyState:
        """The state with a trial in its place, or added as the next."""
        trials = list(self.trials)
        trials[trial.number : trial.number + 1] = [trial]
        return replace(self, trials=tuple(trials))


# Events


@dataclass(frozen=True, slots=True)
class Opened:
    """A session begins: the first, or one that resumes. What ran in the last one runs again."""

    slots: int
    limits: Limits
    elapsed: float = 0.0


@dataclass(frozen=True, slots=True)
class Proposed:
    """The sampler has answered."""

    params: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Reported:
    """A fit is done, or was cut by a limit.

    Attributes:
        number: Of the trial.
        curve: The metric after each new round.
        converged: It stopped because it no longer got better.
        cut: It stopped because a limit was reached.
        core_seconds: CPU time of its rounds.
        setup: CPU time of building matrices before them.
        elapsed: Of the study.
        checkpoint: Where its booster is.
    """

    number: int
    curve: tuple[float, ...]
    converged: bool
    cut: bool
    core_seconds: float
    setup: float
    elapsed: float
    checkpoint: str


Event = Opened | Proposed | Reported


# Actions


@dataclass(frozen=True, slots=True)
class Ask:
    """Ask the sampler for the parameters of the next trial."""


@dataclass(frozen=True, slots=True)
class Run:
    """Train a trial on until it has so many rounds.

    Attributes:
        number: Of the trial.
        rounds: Rounds in all when it is done.
        seconds: Wall seconds after which it shall stop; None for no limit.
        core_seconds: The same in CPU seconds.
    """

    number: int
    rounds: int
    seconds: float | None = None
    core_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Finish:
    """Nothing is left to do."""

    reason: str


Action = Ask | Run | Finish
