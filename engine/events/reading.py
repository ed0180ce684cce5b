"""Reads a log while others write it: everything once, then what came since."""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING

from engine.events.entry import Entry, from_fields, parse

if TYPE_CHECKING:
    import pyarrow as pa

    from engine.events.store import Store

# A merged file that went while it was read is found under its new name at the next look; two races in a row
# are rare, three were never seen.
_LOOKS = 3


class Tail:
    """A reader's place in a log: each `read` gives every entry that no `read` before has given."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._offsets: dict[str, int] = {}  # bytes of each live file that were read
        self._seen: dict[str, int] = {}  # the last `seq` of each segment
        self._latest: dict[str, float] = {}  # the latest time of each segment
        self._done: set[str] = set()  # Parquet files that were read

    def writers(self) -> set[str] | None:
        """Who writes the log now, as `writer_of` names them; None if that cannot be told."""
        return self._store.writers()

    def read(self) -> list[Entry]:
        """What is new, in order of time as far as it came together.

        What one writer wrote stays in its order, also where its clock was set back meanwhile.
        """
        found: list[Entry] = []
        for _ in range(_LOOKS):
            try:
                self._look(found)
                break
            except FileNotFoundError:
                continue  # it was put away meanwhile
        return [entry for _, entry in sorted(map(self._placed, found), key=itemgetter(0))]

    def _placed(self, entry: Entry) -> tuple[float, Entry]:
        latest = max(entry.time, self._latest.get(entry.segment, entry.time))
        self._latest[entry.segment] = latest
        return latest, entry

    def _look(self, found: list[Entry]) -> None:
        live = self._store.live()  # before the archive: what leaves the one in between is in the other
        for name, _ in self._store.archived():
            if name not in self._done:
                found += self._archived(name)
        for name, size in live:
            if size > self._offsets.get(name, 0):
                found += self.lines(name)

    def _archived(self, name: str) -> list[Entry]:
        import pyarrow.parquet as pq

        with self._store.open_archived(name) as file:
            rows = pq.read_table(file).to_pylist()
        self._done.add(name)
        return [entry for row in rows if self._is_new(entry := from_fields(row))]

    def lines(self, name: str) -> list[Entry]:
        """What is new in one live file."""
        offset = self._offsets.get(name, 0)
        text = self._store.read_live(name, offset)
        whole = text[: text.rfind(b"\n") + 1]  # the rest is still being written
        self._offsets[name] = offset + len(whole)
        entries = (parse(one) for one in whole.split(b"\n"))
        return [entry for entry in entries if entry is not None and self._is_new(entry)]

    def _is_new(self, entry: Entry) -> bool:
        if entry.seq <= self._seen.get(entry.segment, -1):
            return False
        self._seen[entry.segment] = entry.seq
        return True


def read_table(store: Store) -> pa.Table:
    """The whole log as a table, in order of time."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from engine.events.archive import distinct, schema, table_of

    lines: list[bytes] = []
    tables: list[pa.Table] = []
    for _ in range(_LOOKS):
        tables, lines = [], [line for name, _ in store.live() for line in _gently(store, name)]
        try:
            for name, _ in store.archived():
                with store.open_archived(name) as file:
                    tables.append(pq.read_table(file).cast(schema()))
            break
        except FileNotFoundError:
            continue
    whole = pa.concat_tables([schema().empty_table(), *tables, table_of(lines)])
    order = [("segment", "ascending"), ("seq", "ascending")]
    return distinct(whole.sort_by(order)).sort_by("time")


def _gently(store: Store, name: str) -> list[bytes]:
    try:
        return store.read_live(name, 0).split(b"\n")
    except FileNotFoundError:
        return []
