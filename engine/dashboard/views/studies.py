"""Studies: trials and rungs as they come, learning curves, the best so far, what mattered."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from engine.events import (
    RoundMetrics,
    RungReached,
    StudyFinished,
    StudyStarted,
    TrialFailed,
    TrialFinished,
    TrialPromoted,
    TrialStarted,
    TrialStopped,
    writer_of,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.events import Entry


@dataclass(slots=True)
class TrialView:
    """One trial."""

    number: int
    params: Mapping[str, Any] = field(default_factory=dict)
    state: str = "running"
    score: float | None = None
    rounds: int = 0
    seconds: float = 0.0
    rung: int = -1
    reason: str = ""
    started: float = 0.0
    curve: list[float] = field(default_factory=list)


@dataclass(slots=True)
class StudyView:
    """One study."""

    id: str
    asked: StudyStarted | None = None
    state: str = "running"
    writer: str = ""
    run: str = ""
    started: float = 0.0
    seen: float = 0.0
    finished: StudyFinished | None = None
    trials: dict[int, TrialView] = field(default_factory=dict)
    reached: dict[int, dict[int, float]] = field(default_factory=dict)
    promoted: dict[int, set[int]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """What users call it."""
        return self.asked.name if self.asked else self.id

    @property
    def metric(self) -> str:
        """What is compared."""
        return self.asked.metric if self.asked else "score"

    @property
    def maximize(self) -> bool:
        """Whether more is better."""
        return self.asked.maximize if self.asked else False

    def trial(self, number: int, time: float) -> TrialView:
        """A trial; it is there from the first that is heard of it."""
        if number not in self.trials:
            self.trials[number] = TrialView(number, started=time)
        return self.trials[number]

    def state_of(self, trial: TrialView) -> str:
        """What a trial does; one that ran when its study's writer died does so no more."""
        return self.state if self.state == "lost" and trial.state == "running" else trial.state

    def best(self) -> TrialView | None:
        """The best trial so far; None before one has a score."""
        scored = [one for one in self.trials.values() if one.score is not None and math.isfinite(one.score)]
        if not scored:
            return None
        return (max if self.maximize else min)(scored, key=lambda one: one.score or 0.0)


@dataclass(slots=True)
class Studies:
    """The fold."""

    by_id: dict[str, StudyView] = field(default_factory=dict)
    version: int = 0

    def take(self, entry: Entry) -> bool:
        """Whether the entry was about a study."""
        event = entry.event
        if not isinstance(event, _KINDS):
            return False
        study = self.by_id.get(event.study)
        if study is None:
            study = self.by_id[event.study] = StudyView(event.study, started=entry.time)
        study.seen, study.run = entry.time, entry.run or study.run
        study.writer = writer_of(entry.segment)
        study.state = "finished" if isinstance(event, StudyFinished) else "running"
        if isinstance(event, StudyStarted):
            study.asked, study.finished = event, None
        elif isinstance(event, StudyFinished):
            study.finished = event
            _leave_behind(study)
        else:
            _apply(study, study.trial(event.trial, entry.time), event)
        return True


def _apply(study: StudyView, trial: TrialView, event: Any) -> None:
    match event:
        case TrialStarted():
            trial.params, trial.state = event.params, "running"
        case RoundMetrics():
            del trial.curve[event.first - 1 :]  # a trial that ran again tells its rounds again
            trial.curve.extend(event.valid)
            trial.rounds = max(trial.rounds, len(trial.curve))
        case RungReached():
            study.reached.setdefault(event.rung, {})[event.trial] = event.score
            trial.rung, trial.rounds, trial.score = event.rung, event.rounds, event.score
            trial.state, trial.seconds = "waiting", event.seconds or trial.seconds
        case TrialPromoted():
            trial.state = "running"
            study.promoted.setdefault(event.rung, set()).add(event.trial)
        case TrialFinished():
            trial.state, trial.score, trial.seconds = "finished", event.score, event.seconds
            trial.rounds = max(event.rounds, len(trial.curve))  # the event has the best one
        case TrialStopped():
            trial.state, trial.reason, trial.seconds = "stopped", event.reason, event.seconds
            trial.rounds = event.rounds or trial.rounds
            trial.score = trial.score if event.score is None else event.score
        case TrialFailed():
            trial.state, trial.reason = "failed", event.message


def _leave_behind(study: StudyView) -> None:
    """Trials that wait at a rung when the study ends were not among those that went on."""
    for trial in study.trials.values():
        if trial.state in ("waiting", "running"):
            trial.state, trial.reason = "stopped", trial.reason or "not promoted"


_KINDS = (
    StudyStarted, TrialStarted, RoundMetrics, RungReached, TrialPromoted, TrialFinished, TrialStopped,
    TrialFailed, StudyFinished,
)  # fmt: skip


def score_series(study: StudyView | None, most: int = 2000) -> dict[str, list[Any]]:
    """Trials with a score and the best until then; of very many every so many, and every record."""
    scored = sorted(
        (one for one in study.trials.values() if one.score is not None), key=lambda one: one.number
    ) if study else []  # fmt: skip
    best: list[float] = []
    for one in scored:
        score = float(one.score or 0.0)
        better = not best or (score > best[-1] if study and study.maximize else score < best[-1])
        best.append(score if better else best[-1])
    step = max(1, math.ceil(len(scored) / most))
    shown = [at for at in range(len(scored)) if at % step == 0 or best[at] != best[at - 1]]
    return {
        "trial": [scored[at].number for at in shown],
        "score": [float(scored[at].score or 0.0) for at in shown],
        "best": [best[at] for at in shown],
        "rounds": [scored[at].rounds for at in shown],
    }


def ranked(study: StudyView | None) -> list[TrialView]:
    """Trials with a score, the best first."""
    if study is None:
        return []
    scored = [one for one in study.trials.values() if one.score is not None]
    return sorted(scored, key=lambda one: one.score or 0.0, reverse=study.maximize)


def trial_rows(study: StudyView | None, most: int = 100) -> dict[str, list[Any]]:
    """The table of trials: those that run, then the best."""
    failed = [one for one in study.trials.values() if one.state == "failed"][:20] if study else []
    running = [one for one in study.trials.values() if one.state == "running"] if study else []
    shown = failed + running[:20]
    shown += [one for one in ranked(study) if one.state not in ("running", "failed")][:most]
    return {
        "trial": [one.number for one in shown],
        "state": [study.state_of(one) if study else "" for one in shown],
        "score": [math.nan if one.score is None else one.score for one in shown],
        "rounds": [one.rounds for one in shown],
        "rung": [str(one.rung) if one.rung >= 0 else "" for one in shown],
        "seconds": [one.seconds or math.nan for one in shown],  # told when a trial ends
        "params": [_said(one.params) for one in shown],
        "reason": [one.reason for one in shown],
    }


def _said(params: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {_short(value)}" for name, value in params.items())


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def curve_lines(study: StudyView | None, most: int = 30) -> dict[str, list[Any]]:
    """Learning curves of the best trials and of those that run, the best last, so that it is drawn on top."""
    if study is None:
        return {"rounds": [], "values": [], "trial": [], "best": []}
    with_curve = [one for one in ranked(study) if len(one.curve) > 1][:most]
    running = [one for one in study.trials.values() if one.state == "running" and len(one.curve) > 1]
    shown = [one for one in running if one not in with_curve][:most] + with_curve[::-1]
    best = with_curve[0].number if with_curve else -1
    picked = [_thinned(one.curve) for one in shown]
    return {
        "rounds": [rounds for rounds, _ in picked],
        "values": [values for _, values in picked],
        "trial": [one.number for one in shown],
        "best": [one.number == best for one in shown],
    }


def curve_span(lines: Mapping[str, list[Any]], *, maximize: bool) -> tuple[float, float]:
    """Where a figure of `curve_lines` shall begin and end: all but the steep first tenth of each curve.

    A first round that is far from all others would press the differences of the others into one line.
    """
    curves = [sorted(values) for values in lines["values"]]
    if not curves:
        return 0.0, 1.0
    tenth = [math.ceil(0.1 * (len(curve) - 1)) for curve in curves]
    if maximize:
        low = min(curve[at] for curve, at in zip(curves, tenth, strict=True))
        high = max(curve[-1] for curve in curves)
    else:
        low = min(curve[0] for curve in curves)
        high = max(curve[-1 - at] for curve, at in zip(curves, tenth, strict=True))
    pad = 0.05 * (high - low) or 0.05 * abs(high) or 0.05
    return low - pad, high + pad


def _thinned(curve: list[float], most: int = 100) -> tuple[list[int], list[float]]:
    """A curve of at most so many points: more are not seen on a screen."""
    step = max(1, math.ceil(len(curve) / most))
    at = list(range(0, len(curve), step))
    if at[-1] != len(curve) - 1:
        at.append(len(curve) - 1)
    return [one + 1 for one in at], [curve[one] for one in at]


def rung_rows(study: StudyView | None) -> dict[str, list[Any]]:
    """Each rung: how many trials reached it, how many went on, the best and the worst score that did."""
    rungs = sorted(study.reached) if study else []
    rounds = study.asked.rungs if study and study.asked else ()
    scores = [list(study.reached[rung].values()) if study else [] for rung in rungs]
    ordered = [sorted(one, reverse=bool(study and study.maximize)) for one in scores]
    return {
        "rung": rungs,
        "rounds": [rounds[rung] if rung < len(rounds) else 0 for rung in rungs],
        "reached": [len(one) for one in scores],
        "promoted": [len(study.promoted.get(rung, ())) if study else 0 for rung in rungs],
        "best": [one[0] for one in ordered],
        "median": [one[len(one) // 2] for one in ordered],
    }
