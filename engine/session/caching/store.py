"""Answers as Parquet files below `cache/results` of the workspace: they survive pauses and processes.

An answer is `<question>-<state>.parquet`; when it was last used is in a small file beside it. One that nobody
has used for 48 hours goes, and so does one whose tables have changed, when its question is answered anew.
"""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from engine.errors import NotFoundError
from engine.lake.publish import make_folder, publishing, remove_file, remove_tree
from engine.session.caching.rules import LARGEST_RESULT, LARGEST_ROW, Reason

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from engine.lake import Storage
    from engine.runtime import Answer

_FOLDER = "cache/results"
_UNUSED = dt.timedelta(hours=48)
_MOST_BYTES = 10**12
_ROWS, _USED = ".parquet", ".used.json"


@dataclass(frozen=True, slots=True)
class Kept:
    """One file of the cache."""

    name: str
    bytes: int
    used: dt.datetime


@dataclass(frozen=True, slots=True)
class RowGroup:
    """Rows, bytes and the numbers of the columns without a null."""

    rows: int
    bytes: int
    null_free: frozenset[int]


class _RefusedError(Exception):
    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class ResultStore:
    """The cache of one workspace."""

    storage: Storage

    def find(self, question: str, state: str) -> str | None:
        """The location of an answer, which is used now; None if it is not kept."""
        name = f"{question}-{state}"
        location = self._location(name + _ROWS)
        if not self.storage.is_file(location):
            return None
        self._touch(name)
        return location

    def put(self, question: str, state: str, answer: Answer, now: dt.datetime) -> Reason:
        """Keep an answer; the reason if it may not be.

        Raises:
            WriteError: The store refused it.
        """
        if sum(one.facts.bytes for one in answer.reports) > LARGEST_RESULT:
            return Reason.TOO_LARGE
        folder = self.storage.resolve(_FOLDER)
        make_folder(self.storage, folder)
        self._drop(lambda kept: kept.name.startswith(f"{question}-") or now - kept.used > _UNUSED)
        name = f"{question}-{state}"
        try:
            with publishing(self.storage, self._location(name + _ROWS), within=folder) as scratch:
                _write(str(scratch), answer)
        except _RefusedError as refused:
            return refused.reason
        self._touch(name)
        self._make_room()
        return Reason.NONE

    def files(self) -> Iterator[Kept]:
        """What is kept."""
        for entry in self.storage.list(self.storage.resolve(_FOLDER)):
            if entry.name.endswith(_ROWS) and not entry.name.startswith("."):
                name = entry.name.removesuffix(_ROWS)
                yield Kept(name, entry.stamp.size, self._used(name))

    def clear(self) -> None:
        """Forget everything."""
        remove_tree(self.storage, self.storage.resolve(_FOLDER))

    def _make_room(self) -> None:
        kept = sorted(self.files(), key=lambda one: one.used)
        over = sum(one.bytes for one in kept) - _MOST_BYTES
        for one in kept:
            if over <= 0:
                return
            over -= one.bytes
            self._remove(one.name)

    def _drop(self, goes: Callable[[Kept], bool]) -> None:
        for kept in list(self.files()):
            if goes(kept):
                self._remove(kept.name)

    def _remove(self, name: str) -> None:
        remove_file(self.storage, self._location(name + _ROWS))
        remove_file(self.storage, self._location(name + _USED))

    def _touch(self, name: str) -> None:
        location, folder = self._location(name + _USED), self.storage.resolve(_FOLDER)
        with publishing(self.storage, location, within=folder) as scratch:
            scratch.write_text(json.dumps({"used": dt.datetime.now(dt.UTC).isoformat()}))

    def _used(self, name: str) -> dt.datetime:
        try:
            with self.storage.open(self._location(name + _USED)) as file:
                return dt.datetime.fromisoformat(json.loads(file.read())["used"])
        except (NotFoundError, OSError, ValueError, KeyError):
            return dt.datetime.min.replace(tzinfo=dt.UTC)

    def _location(self, name: str) -> str:
        return self.storage.resolve(f"{_FOLDER}/{name}")


def _write(path: str, answer: Answer) -> None:
    """Columns by their numbers: names of a result may repeat, those of a Parquet file may not."""
    schema = pa.schema([field.with_name(f"c{at}") for at, field in enumerate(answer.schema)])
    with pq.ParquetWriter(path, schema) as writer:
        for batch in answer.fetch_batches():
            if _widest(batch) > LARGEST_ROW:
                raise _RefusedError(Reason.ROW_TOO_LARGE)
            writer.write_batch(pa.RecordBatch.from_arrays(batch.columns, schema=schema))


def _widest(batch: pa.RecordBatch) -> int:
    """Bytes of the widest row, by its texts and binaries; a number adds eight."""
    total = pa.array([0] * batch.num_rows, pa.int64())
    for column in batch.columns:
        kind = column.type
        if pa.types.is_string(kind) or pa.types.is_binary(kind):
            total = pc.add(total, pc.fill_null(pc.cast(pc.binary_length(column), pa.int64()), 0))
        else:
            total = pc.add(total, 8)
    return pc.max(total).as_py() or 0


def cached_table(storage: Storage, location: str, names: list[str], group: int | None = None) -> pa.Table:
    """An answer, or one row group of it. Runs where it is wanted: here, or on a worker."""
    with storage.open(location) as file, pq.ParquetFile(file) as parquet:
        table = parquet.read() if group is None else parquet.read_row_group(group)
    return table.rename_columns(names)


def row_groups(storage: Storage, location: str) -> list[RowGroup]:
    """The row groups of an answer, from its footer."""
    with storage.open(location) as file, pq.ParquetFile(file) as parquet:
        groups = [parquet.metadata.row_group(at) for at in range(parquet.metadata.num_row_groups)]
    return [
        RowGroup(
            one.num_rows,
            one.total_byte_size,
            frozenset(
                at
                for at in range(one.num_columns)
                if (told := one.column(at).statistics) is not None and told.null_count == 0
            ),
        )
        for one in groups
    ]
