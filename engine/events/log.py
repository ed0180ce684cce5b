"""The event log of a workspace."""

from __future__ import annotations

import json
import logging
import threading
import time
import weakref
from collections.abc import Mapping
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from engine.events.emit import Bound, run_of_context
from engine.events.entry import Entry, body
from engine.events.local_store import LocalStore
from engine.events.logs import mirror
from engine.events.object_store import ObjectStore
from engine.events.reading import Tail, read_table
from engine.events.record import field_names, kinds
from engine.events.writer import Writer
from pools.errors import TarnError

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from engine.events.record import Event
    from engine.events.store import Store

logger = logging.getLogger(__name__)


class UnknownKindError(TarnError):
    """The log is asked for a kind of record that there is not."""


class EventLog:
    """Append-only, typed and versioned records of everything that happens in a workspace.

    Any number of threads and processes write at once. A call costs microseconds, never waits and never
    raises: a thread of the process appends what was left for it, usually within a millisecond. What was
    appended survives `kill -9` of its writer.

    Args:
        location: The workspace's home, a folder or an fsspec URL.
        options: Options of the home's filesystem.

    Attributes:
        writes: False has this process write nothing more; it still reads.

    Example:
        >>> emit = ws.events.bind(run="demo-1", pool="dw")        # doctest: +SKIP
        >>> emit(StageStarted("prepare"))                         # doctest: +SKIP
        >>> ws.events.to_pandas("stage_started")                  # doctest: +SKIP
    """

    def __init__(self, location: str, options: Mapping[str, Any] | None = None) -> None:
        self.writes = True
        self._home = (location, dict(options or {}))
        self._store = open_store(location, self._home[1])
        self._writer = Writer(self._store)

    @property
    def home(self) -> str:
        """The folder or URL of the workspace."""
        return self._home[0]

    @property
    def location(self) -> str:
        """The folder or URL of the log's files."""
        return self._store.location

    def __call__(self, event: Event) -> None:
        """Write down a record that belongs to no run and no pool."""
        self._take(event, run_of_context.get(), "")

    def bind(self, *, run: str = "", pool: str = "") -> Bound:
        """What the records of a run or pool are given to: `emit(record)`."""
        return Bound(self._take, run, pool)

    def flush(self) -> None:
        """Return when what this process has emitted can be read by all."""
        self._writer.flush()

    def archive(self) -> None:
        """Put everything that no other process still writes into Parquet, for tools that read only that.

        It happens by itself when a segment is full and when a process ends.
        """
        from engine.events.archive import put_away

        self._writer.end_segment()
        put_away(self._store)

    def tail(self) -> Tail:
        """A reader that gives everything there is, and then what comes."""
        return Tail(self._store)

    def read(self) -> list[Entry]:
        """Every entry, in order of time."""
        self.flush()
        return self.tail().read()

    def to_arrow(self) -> pa.Table:
        """The log as a table: time, kind, version, run, pool, data (JSON), segment and seq."""
        self.flush()
        return read_table(self._store)

    def to_pandas(self, kind: str | None = None) -> pd.DataFrame:
        """The log as a frame; of one kind of record with a column for each of its fields.

        Args:
            kind: Such as `trial_finished`; all kinds by default, their fields as JSON in `data`.

        Raises:
            UnknownKindError: There is no such kind, neither in this release nor in the log.
        """
        import pandas as pd

        frame: pd.DataFrame = self.to_arrow().to_pandas()
        if kind is None:
            return frame
        if kind not in kinds() and kind not in set(frame["kind"]):
            known = get_close_matches(kind, kinds(), n=3, cutoff=0.5)
            hint = f"Near it: {', '.join(known)}." if known else "engine.events.kinds() has them all."
            raise UnknownKindError(f"No record of the event log is a {kind!r}.", hint, kind=kind)
        frame = frame[frame["kind"] == kind].reset_index(drop=True)
        rows = [json.loads(text) for text in frame["data"]]
        names = None if rows or kind not in kinds() else list(field_names(kinds()[kind]))
        fields = pd.DataFrame(rows, index=frame.index, columns=names)
        return frame.drop(columns=["data", *(set(fields.columns) & set(frame.columns))]).join(fields)

    def __reduce__(self) -> Any:
        return open_log, self._home

    def __repr__(self) -> str:
        return f"EventLog({self.location!r})"

    def _take(self, event: Event, run: str, pool: str) -> None:
        if not self.writes:
            return
        try:
            self._writer.put(body(event, time.time(), run, pool))
            mirror(event, run, pool)
        except Exception:  # the work that is told of must not suffer from the telling
            self._writer.lost()
            logger.debug("A record could not be written: %r", type(event), exc_info=True)


def open_store(location: str, options: Mapping[str, Any]) -> Store:
    """The files of the log below a home."""
    if "://" in location and not location.startswith(("file://", "local://")):
        return ObjectStore(location, options)
    return LocalStore(location.removeprefix("file://").removeprefix("local://"))


_open: weakref.WeakValueDictionary[str, EventLog] = weakref.WeakValueDictionary()
_opening = threading.Lock()


def open_log(location: str, options: Mapping[str, Any] | None = None) -> EventLog:
    """The log of the workspace at a folder or URL; a process has one for each. Nothing is touched yet."""
    with _opening:
        log = _open.get(location)
        if log is None:
            log = _open[location] = EventLog(location, options)
        return log
