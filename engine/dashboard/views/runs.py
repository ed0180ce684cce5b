"""Runs by time, their stages, and two of them side by side."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from engine.events import (
    ErrorRaised,
    ModelRegistered,
    ModelTrained,
    RunFinished,
    RunStarted,
    RunTracked,
    StageFinished,
    StageProgress,
    StageStarted,
    writer_of,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.events import Entry


@dataclass(slots=True)
class StageView:
    """One stage of a run."""

    name: str
    started: float
    seconds: float | None = None
    done: float = 0.0
    units: float | None = None
    counts: Mapping[str, float] = field(default_factory=dict)


@dataclass(slots=True)
class RunView:
    """One run."""

    id: str
    asked: RunStarted | None = None
    pool: str = ""
    writer: str = ""
    started: float = 0.0
    seen: float = 0.0
    status: str = "running"
    seconds: float = 0.0
    counts: Mapping[str, float] = field(default_factory=dict)
    result: str = ""
    tracking: str = ""
    errors: list[ErrorRaised] = field(default_factory=list)
    models: list[ModelTrained | ModelRegistered] = field(default_factory=list)
    stages: list[StageView] = field(default_factory=list)

    @property
    def name(self) -> str:
        """What users call it."""
        return self.asked.name if self.asked else self.id

    def lasted(self, now: float) -> float:
        """Its seconds, until now if it still runs."""
        if self.status == "running":
            return max(0.0, now - self.started)
        return self.seconds or max(0.0, self.seen - self.started)


@dataclass(slots=True)
class Runs:
    """The fold."""

    by_id: dict[str, RunView] = field(default_factory=dict)
    version: int = 0

    def take(self, entry: Entry) -> bool:
        """Whether the entry was about a run itself."""
        if not entry.run or not isinstance(entry.event, _KINDS):
            return False
        run = self.by_id.get(entry.run)
        if run is None:
            run = self.by_id[entry.run] = RunView(entry.run, started=entry.time)
        run.seen, run.pool, run.writer = entry.time, entry.pool or run.pool, writer_of(entry.segment)
        if run.status == "lost":  # its writer had only put a segment away
            run.status = "running"
        _apply(run, entry.event, entry.time)
        return True


def _apply(run: RunView, event: Any, time: float) -> None:
    match event:
        case RunStarted():
            run.asked, run.started, run.tracking = event, time, event.tracking
        case RunTracked():
            run.tracking = event.tracking
        case ModelTrained() | ModelRegistered():
            run.models.append(event)
        case StageStarted():
            run.stages.append(StageView(event.stage, time, units=event.units))
        case StageProgress():
            stage = _open_stage(run, event.stage)
            if stage is not None:
                stage.done, stage.units = event.done, event.units
        case StageFinished():
            _end_stage(run, event, time)
        case ErrorRaised():
            run.errors.append(event)
        case RunFinished():
            run.status, run.seconds, run.counts = event.status, event.seconds, event.counts
            run.result, run.tracking = event.result, event.tracking or run.tracking


def _end_stage(run: RunView, event: StageFinished, time: float) -> None:
    stage = _open_stage(run, event.stage)
    if stage is None:
        stage = StageView(event.stage, time - event.seconds)
        run.stages.append(stage)
    stage.seconds, stage.counts = event.seconds, event.counts


def _open_stage(run: RunView, name: str) -> StageView | None:
    return next((one for one in reversed(run.stages) if one.name == name and one.seconds is None), None)


_KINDS = (
    RunStarted,
    RunTracked,
    StageStarted,
    StageProgress,
    StageFinished,
    ModelTrained,
    ModelRegistered,
    ErrorRaised,
    RunFinished,
)


def run_rows(runs: Runs, now: float, *, search: str = "", most: int = 300) -> dict[str, list[Any]]:
    """The table of runs, the newest first; only those whose name, verb, user or pool has `search` in it."""
    word = search.lower()
    parts = _parts(runs)
    found = [one for one in runs.by_id.values() if not word or word in _words(one)]
    found = sorted(found, key=lambda one: -one.started)[:most]
    return {
        "id": [one.id for one in found],
        "started": [one.started * 1e3 for one in found],
        "name": [one.name for one in found],
        "verb": [one.asked.verb if one.asked else "" for one in found],
        "parent": [_name_of(runs, one.asked.parent if one.asked else "") for one in found],
        "status": [one.status for one in found],
        "seconds": [one.lasted(now) for one in found],
        "cost": [_amount(one, "worker_seconds", parts) for one in found],
        "read": [_amount(one, "bytes_read", parts) for one in found],
        "pool": [one.pool for one in found],
        "user": [one.asked.user if one.asked else "" for one in found],
        "tracking": [_link(one.tracking) for one in found],
    }


def _parts(runs: Runs) -> dict[str, list[RunView]]:
    """The runs that are part of another, by that one's id."""
    found: dict[str, list[RunView]] = {}
    for one in runs.by_id.values():
        if one.asked and one.asked.parent:
            found.setdefault(one.asked.parent, []).append(one)
    return found


def _amount(run: RunView, name: str, parts: Mapping[str, list[RunView]]) -> float:
    """What a run used; one that says nothing of it used what its parts did, if it has any."""
    if name in run.counts:
        return run.counts[name]
    told = [_amount(one, name, parts) for one in parts.get(run.id, ())]
    known = [amount for amount in told if not math.isnan(amount)]
    return sum(known) if known else math.nan


def worker_seconds(runs: Runs) -> float:
    """What all runs used; what is part of a run is in that one's."""
    parts = _parts(runs)
    whole = [one for one in runs.by_id.values() if not (one.asked and one.asked.parent in runs.by_id)]
    used = [_amount(one, "worker_seconds", parts) for one in whole]
    return sum(amount for amount in used if not math.isnan(amount))


def _name_of(runs: Runs, run: str) -> str:
    return runs.by_id[run].name if run in runs.by_id else ""


def _words(run: RunView) -> str:
    asked = run.asked
    return f"{run.name} {run.pool} {asked.verb if asked else ''} {asked.user if asked else ''}".lower()


def _link(tracking: str) -> str:
    """A page that is there, or the run's id: what only `mlflow ui` can show is no link yet."""
    return tracking if tracking.startswith(("http://", "https://")) else tracking.rsplit("/", 1)[-1]


def told(run: RunView | None) -> str:
    """What came of a run in lines: its result, its models, its errors, and how to see it in MLflow."""
    if run is None:
        return ""
    lines = [run.result] if run.result else []
    lines += [_of_model(one) for one in run.models]
    lines += [f"{one.error}: {one.message}" + (f"\n  {one.hint}" if one.hint else "") for one in run.errors]
    return "\n".join([*lines, *_in_mlflow(run.tracking)])


def _of_model(event: ModelTrained | ModelRegistered) -> str:
    if isinstance(event, ModelTrained):
        figures = ", ".join(f"{name} {said(value)}" for name, value in event.metrics.items())
        first = sorted(event.importance.items(), key=lambda item: -item[1])[:5]
        weighty = ", ".join(f"{name} {share:.1%}" for name, share in first)
        return f"trained: {event.rounds} rounds; {figures}" + (f"\n  gain: {weighty}" if weighty else "")
    gate = event.parity
    if not gate:
        return f"registered: {event.model} version {event.model_version}, an ONNX file as it is"
    verdict = "passed" if gate.get("passed") else "FAILED"
    return (
        f"registered: {event.model} version {event.model_version}; parity gate {verdict}: "
        f"{said(gate.get('rows', 0))} rows, {said(gate.get('max_abs_diff', 0.0))} off at most, "
        f"{said(gate.get('labels_flipped', 0))} labels flipped"
    )


def _in_mlflow(tracking: str) -> list[str]:
    store, mark, path = tracking.rpartition("#/")
    if not mark:
        return [f"MLflow: {tracking}"] if tracking else []
    if store.startswith(("http://", "https://")):
        return [f"MLflow: {tracking}"]
    served = f"http://127.0.0.1:5000/#/{path}"
    return [f"MLflow: {served}", f"  once this serves it: mlflow ui --backend-store-uri '{store}'"]


def stage_rows(run: RunView | None, now: float) -> dict[str, list[Any]]:
    """The stages of a run in their order, with their begin and end in seconds since the run began."""
    stages = run.stages if run else []
    begun = run.started if run else 0.0
    until = now if run is None or run.status == "running" else run.seen  # nobody goes on with a dead one
    ends = [one.started - begun + _stage_seconds(one, until) for one in stages]
    labels = _distinct([one.name for one in stages])
    return {
        "stage": labels,
        "left": [one.started - begun for one in stages],
        "right": ends,
        "seconds": [_stage_seconds(one, until) for one in stages],
        "share": [_share(one) for one in stages],
    }


def _stage_seconds(stage: StageView, now: float) -> float:
    return max(0.0, now - stage.started) if stage.seconds is None else stage.seconds


def _share(stage: StageView) -> str:
    if stage.seconds is not None or not stage.units:
        return "done" if stage.seconds is not None else "running"
    return f"{min(1.0, stage.done / stage.units):.0%}"


def _distinct(names: list[str]) -> list[str]:
    seen: dict[str, int] = {}
    labels = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        labels.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return labels


def setting_rows(run: RunView | None) -> dict[str, list[str]]:
    """What a run was asked for."""
    settings = run.asked.settings if run and run.asked else {}
    return {"name": list(settings), "value": [said(value) for value in settings.values()]}


def said(value: Any) -> str:
    """A value as a table shows it."""
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, dict):
        return ", ".join(f"{key}: {said(item)}" for key, item in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(said(item) for item in value)
    return str(value)
