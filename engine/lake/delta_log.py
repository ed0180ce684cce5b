"""Read a version of a Delta table: its protocol, its schema, its files, as a source."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import pyarrow as pa
from deltalake import DeltaTable

from engine.errors import NotFoundError
from engine.lake import parquet
from engine.lake.delta_client import Head, delta_faults, look_at_delta, open_delta
from engine.lake.delta_protocol import check_readable
from engine.lake.formats import ReadOptions
from engine.lake.globs import FoundFile
from engine.lake.partition import ColumnFacts, Partition
from engine.lake.places import DELTA_LOG
from engine.lake.promotion import plain_schema
from engine.lake.recent import Recent
from engine.lake.side_by_side import mapped
from engine.lake.source import Reader, Source
from engine.lake.union import conforms

if TYPE_CHECKING:
    from engine.lake.storage import Storage

# The engine's own column of tables that are distributed by hash: each row's distribution. Nobody sees it.
DISTRIBUTION = "__distribution"

_PLANNERS = 16
_COMMIT = re.compile(r"([0-9]{20})\.json")
# Delta keeps timestamps in its statistics to the millisecond, cut off.
_STATS_TICK = dt.timedelta(milliseconds=1)


_KEPT = 64
_sources: Recent[tuple[object, ...], Source] = Recent(_KEPT)
_listed: Recent[tuple[str, int, Head], list[_Added]] = Recent(_KEPT)


@dataclass(frozen=True, slots=True)
class _Added:
    """One data file of a version, as its log tells."""

    location: str
    partition: tuple[tuple[str, Any], ...]
    facts: Mapping[str, ColumnFacts]


def delta_source(
    storage: Storage,
    location: str,
    version: int | None = None,
    *,
    partition_bytes: int,
    hidden: bool = False,
) -> tuple[int, Source]:
    """A version of a table (newest by default) and the source that reads it; `hidden` shows every column.

    Raises:
        NotFoundError: No table, or no such version.
        FormatError: It needs a reader feature that we do not have.
    """
    table, head = look_at_delta(storage, location, version)
    check_readable(table, storage.relative(location))
    schema, found = schema_of(table), int(table.version())
    with delta_faults(storage.relative(location)):
        added = _listed.get((location, found, head), lambda: _added(storage, location, table, schema))
    files = mapped(lambda one: _stamped(storage, one), added, _PLANNERS)
    shown = schema if hidden else without_hidden(schema)
    reader = Reader(storage, shown, ReadOptions(format="parquet", partition_bytes=partition_bytes))
    stored = [field for field in schema if field.name not in table.metadata().partition_columns]

    def make() -> Source:
        pairs = list(zip(added, files, strict=True))
        parts = mapped(lambda pair: _partitions(reader, *pair, stored), pairs, _PLANNERS)
        return Source(reader, tuple(partition for part in parts for partition in part))

    return found, _sources.get((reader, location, found, head, tuple(files)), make)


def without_hidden(schema: pa.Schema) -> pa.Schema:
    """The columns that users see."""
    return pa.schema([field for field in schema if field.name != DISTRIBUTION])


def schema_of(table: DeltaTable) -> pa.Schema:
    return plain_schema(pa.schema(table.schema().to_arrow()))


def commits(storage: Storage, location: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Version and information of each commit that the log still has, newest first.

    Read from the log itself: `DeltaTable.history` of delta-rs 1.6 counts versions down from the one it was
    opened at, and tells wrong ones (measured: even -1) while others commit.

    Raises:
        FormatError: A commit is not readable.
    """
    for version, commit in sorted(commit_files(storage, location).items(), reverse=True):
        yield version, commit_info(storage, commit)


def commit_files(storage: Storage, location: str) -> dict[int, str]:
    """The commits that the log still has: version and file of each."""
    named = ((_COMMIT.fullmatch(entry.name), entry) for entry in storage.list(f"{location}/{DELTA_LOG}"))
    return {int(match.group(1)): entry.location for match, entry in named if match}


def added_files(storage: Storage, location: str, version: int) -> set[str]:
    """Locations of the files that one commit of the log added."""
    adds = _actions(storage, commit_files(storage, location)[version], "add")
    return {_file_location(storage, location, add["path"]) for add in adds}


def live_files(storage: Storage, location: str, version: int | None = None) -> set[str]:
    """Paths below the table's folder of the files of a version."""
    table = open_delta(storage, location, version)
    with delta_faults(storage.relative(location)):
        rows = pa.table(table.get_add_actions(flatten=True)).column("path").to_pylist()
    return {unquote(str(path)) for path in rows}


def commit_info(storage: Storage, commit: str) -> Mapping[str, Any]:
    """What one commit file tells of itself."""
    return next(iter(_actions(storage, commit, "commitInfo")), {})


def _actions(storage: Storage, commit: str, kind: str) -> list[dict[str, Any]]:
    mark = f'"{kind}"'.encode()
    with storage.open(commit) as handle, delta_faults(storage.relative(commit)):
        actions = [json.loads(line) for line in handle if mark in line]
    return [action[kind] for action in actions if kind in action]


def _added(storage: Storage, location: str, table: DeltaTable, schema: pa.Schema) -> list[_Added]:
    """The files of a version, in an order that stays: delta-rs promises none.

    Writes of ours come one after the other (each has a folder), the parts of each by number.
    """
    keys = list(table.metadata().partition_columns)
    rows = pa.table(table.get_add_actions(flatten=True)).to_pylist()
    began: dict[str, int] = {}
    for row in rows:
        job = _job_folder(row)
        began[job] = min(began.get(job, row["modification_time"]), row["modification_time"])
    found = []
    for row in sorted(rows, key=lambda row: (began[_job_folder(row)], str(row["path"]))):
        values = tuple((key, _key_value(row.get(f"partition.{key}"), schema.field(key))) for key in keys)
        facts = {field.name: fact for field in schema if (fact := _fact(row, field)) is not None}
        found.append(_Added(_file_location(storage, location, str(row["path"])), values, facts))
    return found


def _job_folder(row: Mapping[str, Any]) -> str:
    folder, slash, _ = str(row["path"]).partition("/")
    return folder if slash else ""


def _file_location(storage: Storage, location: str, path: str) -> str:
    """Paths in a log are percent-encoded, and absolute where a table shares files with another."""
    plain = unquote(path)
    return storage.resolve(plain if "://" in plain or plain.startswith("/") else f"{location}/{plain}")


def _key_value(value: Any, field: pa.Field) -> Any:
    """Delta holds no empty text to partition by: it stands for null."""
    return None if value in (None, "") else pa.scalar(value).cast(field.type).as_py()


def _fact(row: Mapping[str, Any], field: pa.Field) -> ColumnFacts | None:
    low, high = row.get(f"min.{field.name}"), row.get(f"max.{field.name}")
    nulls = row.get(f"null_count.{field.name}")
    if pa.types.is_nested(field.type) or (low is None and high is None and nulls is None):
        return None
    if isinstance(high, dt.datetime):
        high += _STATS_TICK
    return ColumnFacts(field.name, 0, nulls, low, high)


def _stamped(storage: Storage, added: _Added) -> FoundFile:
    try:
        return FoundFile(added.location, storage.stamp(added.location))
    except NotFoundError as error:
        hint = "old versions lose their files to a vacuum; read a newer one"
        raise NotFoundError(
            f"a file of the table's version is gone: {error.message}", hint, **error.data
        ) from None


def _partitions(
    reader: Reader, added: _Added, file: FoundFile, stored: Sequence[pa.Field]
) -> list[Partition]:
    plan = parquet.plan(reader.storage, file, reader.options)
    told = conforms(plan.schema, stored)
    return [
        replace(
            partition,
            hive=added.partition,
            facts=tuple(_joined(partition.facts, added.facts)),
            conforms=told,
        )
        for partition in plan.partitions
    ]


def _joined(footer: Sequence[ColumnFacts], log: Mapping[str, ColumnFacts]) -> Iterable[ColumnFacts]:
    """What the footer tells; where it is silent, what the log tells of the file and holds for parts of it."""
    for fact in footer:
        whole = log.get(fact.name)
        if whole is None or fact.nulls is not None:
            yield fact
        else:
            yield replace(fact, nulls=0 if whole.nulls == 0 else None, low=whole.low, high=whole.high)
