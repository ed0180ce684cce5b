"""Two runs side by side: which two are worth it, and what they say line by line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from engine.dashboard.spoken import spoken_bytes
from engine.dashboard.views.runs import setting_rows, stage_rows

if TYPE_CHECKING:
    from engine.dashboard.views.runs import RunView


def likely_pair(runs: Sequence[RunView]) -> tuple[str, str]:
    """The newest run that has an earlier one of its verb beside it, and that one; the two newest if none has.

    Args:
        runs: The newest first.
    """
    for run in runs:
        other = partner(runs, run)
        if other and _verb(run) == _verb(other) != "":
            return run.id, other.id
    first = runs[0].id if runs else ""
    return first, runs[1].id if len(runs) > 1 else ""


def partner(runs: Sequence[RunView], run: RunView) -> RunView | None:
    """What a run is best compared with: one of its name, else of its verb, else any; the newest of these."""
    others = [one for one in runs if one.id != run.id]
    likeness = [(_verb(one) == _verb(run), one.name == run.name) for one in others]
    best = max(likeness, default=None)
    return None if best is None else others[likeness.index(best)]


def _verb(run: RunView) -> str:
    return run.asked.verb if run.asked else ""


def stage_pairs(pair: Sequence[RunView | None], now: float) -> list[tuple[str, int, float]]:
    """Stage, which of the runs (0 or 1) and seconds: the same stage of both runs one after the other."""
    rows = [
        (stage, side, seconds)
        for side, run in enumerate(pair)
        if run is not None
        for stage, seconds in _stages(run, now)
    ]
    order = {stage: at for at, stage in enumerate(dict.fromkeys(row[0] for row in rows))}
    return sorted(rows, key=lambda row: (order[row[0]], row[1]))


def compared(left: RunView | None, right: RunView | None, now: float) -> dict[str, list[Any]]:
    """Two runs line by line: their ends, amounts, settings and stages; `differs` marks those that do."""
    first, second = _lines(left, now), _lines(right, now)
    keys = list(dict.fromkeys([*first, *second]))
    values = [(first.get(key, _NOTHING), second.get(key, _NOTHING)) for key in keys]
    return {
        "part": [part for part, _ in keys],
        "name": [name for _, name in keys],
        "left": [a[0] for a, _ in values],
        "right": [b[0] for _, b in values],
        "ratio": [_ratio(a[1], b[1]) for a, b in values],
        "differs": [a != b for a, b in values],
    }


_Value = tuple[str, float | None]
_NOTHING: _Value = ("", None)


def _lines(run: RunView | None, now: float) -> dict[tuple[str, str], _Value]:
    """What a run says, by part and name: as text, and as a number where it is one."""
    if run is None:
        return {}
    lines: dict[tuple[str, str], _Value] = {("run", "status"): (run.status, None)}
    lines["run", "seconds"] = _seconds(run.lasted(now))
    for name, amount in run.counts.items():
        lines["amount", name.replace("_", " ")] = _amount(name, amount)
    settings = setting_rows(run)
    for name, text in zip(settings["name"], settings["value"], strict=True):
        lines["setting", name] = (text, None if "seed" in name else _number(text))
    for name, seconds in _stages(run, now):
        lines["stage", name] = _seconds(seconds)
    return lines


def _stages(run: RunView, now: float) -> list[tuple[str, float]]:
    """Stages with their seconds; one that bears its run's own name is called by the verb instead."""
    rows = stage_rows(run, now)
    names = [_verb(run) or name if name == run.name else name for name in rows["stage"]]
    return list(zip(names, rows["seconds"], strict=True))


def _seconds(seconds: float) -> _Value:
    return f"{seconds:,.2f} s", seconds


def _amount(name: str, amount: float) -> _Value:
    if "bytes" in name:
        return spoken_bytes(amount), amount
    if name.endswith("seconds"):
        return _seconds(amount)
    return f"{amount:,.0f}" if float(amount).is_integer() else f"{amount:,.6g}", amount


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _ratio(left: float | None, right: float | None) -> str:
    return f"{right / left:.2f}x" if left and right is not None else ""
