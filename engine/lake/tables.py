"""Tables: named Delta tables of the workspace, each commit a version."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from engine.errors import NotFoundError
from engine.lake.delta_client import holds_delta, log_head, look_at_delta
from engine.lake.delta_log import (
    DISTRIBUTION,
    commit_files,
    commit_info,
    commits,
    delta_source,
    schema_of,
    without_hidden,
)
from engine.lake.delta_protocol import check_readable
from engine.lake.formats import PARTITION_BYTES
from engine.lake.names import TableName, decode
from engine.lake.places import TABLES, table_location
from engine.lake.publish import prune_empty, remove_tree
from engine.lake.readable import Readable
from engine.lake.table_commit import JOB_KEY, METADATA_KEY

if TYPE_CHECKING:
    from engine.lake.source import Source
    from engine.lake.storage import Entry, Storage


@dataclass(frozen=True, slots=True)
class Commit:
    """One entry of a table's history.

    Attributes:
        version: The version that it made.
        at: When, UTC.
        operation: What Delta calls it.
        job: The write's name; None for a commit of another tool.
        metadata: What the writer told.
    """

    version: int
    at: dt.datetime
    operation: str
    job: str | None
    metadata: Mapping[str, Any]


class Table(Readable):
    """A version of a table. Made by `open_table`; immutable as that version is."""

    def __init__(self, storage: Storage, name: TableName, version: int) -> None:
        self.storage = storage
        self.table_name = name
        self.name = str(name)
        self.version: int = version

    @property
    def location(self) -> str:
        """The folder or URL of the table, for other tools that read Delta."""
        return table_location(self.storage, self.table_name)

    @property
    def description(self) -> str | None:
        """What the table says of itself."""
        told = look_at_delta(self.storage, self.location, self.version)[0].metadata().description
        return str(told) if told else None

    @property
    def has_hidden(self) -> bool:
        """Whether the table has the engine's own column."""
        return DISTRIBUTION in schema_of(look_at_delta(self.storage, self.location, self.version)[0]).names

    def source_with_hidden(self) -> Source:
        """As `source`, with the engine's own column, where the table has it."""
        _, source = delta_source(
            self.storage, self.location, self.version, partition_bytes=PARTITION_BYTES, hidden=True
        )
        return source

    def at(self, version: int) -> Table:
        """Another version of the same table.

        Raises:
            NotFoundError: There is no such version.
        """
        return open_table(self.storage, self.table_name, version=version)

    def versions(self) -> list[int]:
        """Versions that the history still tells of, oldest first."""
        return sorted(commit_files(self.storage, self.location))

    @property
    def history(self) -> tuple[Commit, ...]:
        """All commits, newest first."""
        return tuple(_commit(version, info) for version, info in commits(self.storage, self.location))

    @property
    def first_and_last(self) -> tuple[Commit | None, Commit | None]:
        """The oldest and the newest commit that the log still has; of a long history nothing else is read."""
        files = commit_files(self.storage, self.location)
        if not files:
            return None, None
        first, last = (
            _commit(version, commit_info(self.storage, files[version]))
            for version in (min(files), max(files))
        )
        return first, last

    @property
    def schema(self) -> pa.Schema:
        """The columns, from the log alone as long as no file has been looked at."""
        if self._source is not None:
            return self._source.schema
        table, _ = look_at_delta(self.storage, self.location, self.version)
        check_readable(table, self.name)
        return without_hidden(schema_of(table))

    def _open(self) -> Source:
        _, source = delta_source(self.storage, self.location, self.version, partition_bytes=PARTITION_BYTES)
        return source


def open_table(storage: Storage, name: str | TableName, version: int | None = None) -> Table:
    """A table by name, newest version by default.

    Raises:
        NotFoundError: There is no such table (the hint lists what there is), or no such version.
    """
    table = TableName.parse(name)
    location = table_location(storage, table)
    if not log_head(storage, location):
        raise _no_table(storage, table)
    return Table(storage, table, int(look_at_delta(storage, location, version)[0].version()))


def list_tables(storage: Storage) -> list[str]:
    """Names of all tables, in order."""
    return sorted(
        str(TableName(decode(schema.name), decode(entry.name)))
        for schema in _folders(storage, storage.resolve(TABLES))
        for entry in _folders(storage, schema.location)
        if holds_delta(storage, entry.location)
    )


def drop_table(storage: Storage, name: str | TableName) -> None:
    """Remove a table, all its versions and files.

    Raises:
        NotFoundError: There is no such table.
    """
    table = TableName.parse(name)
    location = table_location(storage, table)
    if not holds_delta(storage, location):
        raise _no_table(storage, table)
    remove_tree(storage, location)
    prune_empty(storage, location.rpartition("/")[0])


def _folders(storage: Storage, location: str) -> list[Entry]:
    """Folders but hidden ones, which are about to be removed; names of tables never begin with a dot."""
    return [entry for entry in storage.list(location) if entry.is_folder and not entry.name.startswith(".")]


def _no_table(storage: Storage, name: TableName) -> NotFoundError:
    there = list_tables(storage)
    hint = f"There is: {', '.join(there[:20])}." if there else "There is no table yet: pool.write makes one."
    return NotFoundError(f"There is no table {name}.", hint, table=str(name))


def _commit(version: int, info: Mapping[str, Any]) -> Commit:
    at = dt.datetime.fromtimestamp(info.get("timestamp", 0) / 1000, dt.UTC)
    return Commit(version, at, str(info.get("operation", "")), info.get(JOB_KEY), _metadata(info))


def _metadata(info: Mapping[str, Any]) -> Mapping[str, Any]:
    """What the writer told; other tools may put any text there."""
    text = info.get(METADATA_KEY)
    try:
        told = json.loads(text) if isinstance(text, str) else None
    except ValueError:
        told = None
    return told if isinstance(told, dict) else {METADATA_KEY: text} if text else {}
