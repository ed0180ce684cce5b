"""The manifest of a scoring: which parts are done, as a pure state machine over what its journal says.

The journal is append-only, and may hold anything that two processes and a kill can put there: a part scored
twice, a stop in the middle, a commit that is told again. Each part counts once, by its first entry.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Literal

State = Literal["open", "stopped", "cancelled", "finished"]

Entry = Mapping[str, Any]
"""A line of the journal: `kind` and what it tells."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What is known of a job.

    Attributes:
        parts: How many there are.
        done: What became of each part that is scored, as its worker told.
        state: `open` while there is work; `stopped` by an error or a limit, `cancelled` by its user; both can
            go on. `finished` is final.
        reason: Why it stopped.
        version: The table's version that it committed; None where it had nothing to change.
        limit: Greatest share of bad rows; None for no limit.
        pace: Rows scored by the last run that came to an end, and its seconds; none of one that was killed.
    """

    parts: int
    done: Mapping[int, Entry] = field(default_factory=lambda: MappingProxyType({}))
    state: State = "open"
    reason: str = ""
    version: int | None = None
    limit: float | None = None
    pace: tuple[int, float] = (0, 0.0)

    @property
    def missing(self) -> list[int]:
        """Parts that are not scored, in order."""
        return [part for part in range(self.parts) if part not in self.done]

    def total(self, what: str) -> int:
        """The sum of a figure over the parts that are done."""
        return sum(int(entry.get(what, 0)) for entry in self.done.values())


def scored(part: int, outcome: Mapping[str, Any]) -> Entry:
    return {"kind": "scored", **outcome, "part": part}


def stopped(reason: str) -> Entry:
    return {"kind": "stopped", "reason": reason}


def cancelled() -> Entry:
    return {"kind": "cancelled"}


def timed(entry: Entry, rows: int, seconds: float) -> Entry:
    """The last line of a run, with the rows that it scored and its seconds."""
    return {**entry, "pace": [rows, round(seconds, 3)]}


def resumed(limit: float | None) -> Entry:
    return {"kind": "resumed", "limit": limit}


def finished(version: int | None) -> Entry:
    return {"kind": "finished", "version": version}


def after(manifest: Manifest, entry: Entry) -> Manifest:
    """The manifest with one more line of the journal."""
    if manifest.state == "finished":
        return manifest
    if "pace" in entry:
        manifest = replace(manifest, pace=(int(entry["pace"][0]), float(entry["pace"][1])))
    match entry["kind"]:
        case "scored" if entry["part"] in manifest.missing:
            done = MappingProxyType({**manifest.done, int(entry["part"]): entry})
            changed = replace(manifest, done=done)
        case "stopped":
            changed = replace(manifest, state="stopped", reason=str(entry["reason"]))
        case "cancelled":
            changed = replace(manifest, state="cancelled", reason="it was cancelled")
        case "resumed":
            changed = replace(manifest, state="open", reason="", limit=entry["limit"], pace=(0, 0.0))
        case "finished" if not manifest.missing:
            changed = replace(manifest, state="finished", reason="", version=entry["version"])
        case _:
            changed = manifest
    return changed


def fold(parts: int, limit: float | None, entries: Iterable[Entry]) -> Manifest:
    """The manifest that a journal tells."""
    known = Manifest(parts, limit=limit)
    done: dict[int, Entry] = {}
    for entry in entries:
        # As `after` does, without a copy of all that is done for every part.
        if entry["kind"] == "scored" and known.state != "finished":
            part = int(entry["part"])
            if 0 <= part < parts:
                done.setdefault(part, entry)
            continue
        known = after(replace(known, done=MappingProxyType(done)), entry)
    return replace(known, done=MappingProxyType(dict(done)))
