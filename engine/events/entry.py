"""One line of the log: a record, when it was written, and what it belongs to."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from typing import Any

from engine.events.record import Event, revive


@dataclass(frozen=True, slots=True)
class Entry:
    """A record in the log.

    Args:
        event: The record.
        time: Seconds since 1970, UTC, by the clock of who wrote it.
        run: The run it belongs to; empty if to none.
        pool: The pool it belongs to; empty if to none.
        segment: The writer's file; with `seq` it identifies the entry.
        seq: Counts within the segment, from 0.
    """

    event: Event
    time: float
    run: str = ""
    pool: str = ""
    segment: str = ""
    seq: int = 0

    @property
    def kind(self) -> str:
        """The record's kind, also of one that this release does not know."""
        return str(getattr(self.event, "said", self.event.kind))


def body(event: Event, time: float, run: str, pool: str) -> str:
    """The entry as JSON, without what only its writer knows, and without the opening brace."""
    said = {
        "time": moment(time),
        "kind": event.kind,
        "version": event.version,
        "run": run,
        "pool": pool,
        "data": event.data(),
    }
    return json.dumps(said, ensure_ascii=False, separators=(",", ":"))[1:]


def line(segment: str, seq: int, rest: str) -> bytes:
    """The whole line of an entry, from what `body` gave."""
    return f'{{"segment":"{segment}","seq":{seq},{rest}\n'.encode("utf-8", "surrogatepass")


def parse(text: bytes) -> Entry | None:
    """The entry of a line; None for one that was cut off, or that is none."""
    try:
        return from_fields(json.loads(text))
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def from_fields(said: dict[str, Any]) -> Entry:
    """The entry of a line's or row's fields, where `data` may still be JSON.

    Raises:
        ValueError, KeyError, TypeError: They are none of an entry.
    """
    data, time = said["data"], said["time"]
    fields = json.loads(data) if isinstance(data, str) else data
    when = dt.datetime.fromisoformat(time) if isinstance(time, str) else time
    event = revive(said["kind"], said["version"], fields)
    return Entry(event, when.timestamp(), said["run"], said["pool"], said["segment"], said["seq"])


def moment(time: float) -> str:
    """A time as the log writes it: ISO 8601 in UTC, with microseconds."""
    return dt.datetime.fromtimestamp(time, dt.UTC).isoformat(timespec="microseconds")[:26] + "Z"
