"""The life of a write: begin, commit once, or leave nothing behind."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from deltalake import CommitProperties, DeltaTable, Schema, Transaction
from deltalake.exceptions import CommitFailedError, DeltaError
from deltalake.transaction import AddAction, create_table_with_add_actions

from engine.errors import NotFoundError, OptionError, WriteError
from engine.lake.delta_client import address_of, client_options, first_line, holds_delta, open_delta
from engine.lake.delta_log import schema_of
from engine.lake.delta_protocol import check_writable
from engine.lake.delta_types import delta_schema
from engine.lake.names import TableName
from engine.lake.places import table_location
from engine.lake.publish import make_folder, prune_empty, remove_others, remove_tree
from engine.lake.table_checks import agreed_schema, check_keys, checked_files, same_columns
from engine.lake.table_writer import TableWriter, WrittenFile, WrittenPart
from engine.lake.union import spell

if TYPE_CHECKING:
    from engine.lake.storage import Storage

MODES = ("create", "overwrite", "append")

# Under these names a commit carries which write it was, and what its caller has to say.
JOB_KEY = "tarn.job"
METADATA_KEY = "userMetadata"

_JOB = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$")
# A commit is looked for among so many of the newest first: a history is one small file per version.
_RECENT = 16


@dataclass(frozen=True, slots=True)
class _Change:
    """Everything that one commit says."""

    writer: TableWriter
    schema: pa.Schema
    actions: list[AddAction]
    metadata: Mapping[str, Any]

    def properties(self, retries: int | None) -> CommitProperties:
        told = {JOB_KEY: self.writer.job, METADATA_KEY: json.dumps(dict(self.metadata), sort_keys=True)}
        return CommitProperties(
            custom_metadata=told,
            max_commit_retries=retries,
            app_transactions=[Transaction(self.writer.job, 1)],
        )


def begin_write(
    storage: Storage,
    name: str | TableName,
    *,
    mode: str = "overwrite",
    schema: pa.Schema | None = None,
    partition_by: Sequence[str] = (),
    job: str | None = None,
    description: str | None = None,
) -> TableWriter:
    """Open a write of a table, and make the folder that its files go to.

    Args:
        storage: The workspace's files.
        name: The table, `name` or `schema.name`.
        mode: "create" refuses a table that is there, "overwrite" replaces its rows and columns, "append" adds
            rows of its columns.
        schema: The columns; None to take them from the data ("append": from the table).
        partition_by: Columns that become folders; "append" takes them from the table.
        job: Names the write, so that one that was interrupted can be taken up or cleaned away; letters,
            digits, `-` and `_`. A job that was committed is not committed again.
        description: What the table is to say of itself ("append" leaves that as it is).

    Raises:
        WriteError: The table is there already ("create"), cannot hold the schema, or asks what we cannot do.
        NotFoundError: There is no table to append to, or no column to partition by.
        OptionError: No such mode, or a job's name that cannot be one.
    """
    if mode not in MODES:
        raise OptionError(f"there is no mode {mode!r}", f"choose from {', '.join(MODES)}", mode=mode)
    table, job = TableName.parse(name), job or uuid.uuid4().hex
    if not _JOB.match(job):
        raise OptionError(
            f"{job!r} cannot name a write", "use up to 100 letters, digits, '-' and '_'", job=job
        )
    location = table_location(storage, table)
    known = _existing(storage, location)
    if known is not None:
        check_writable(known, str(table), adds_only=mode == "append")
    if mode == "append":
        schema, partition_by = _appended_to(table, known, schema, partition_by)
    elif mode == "create" and known is not None and _landed(known, job) is None:
        raise WriteError(f"table {table} is there already", "choose another name, or mode='overwrite'")
    held = None if schema is None else delta_schema(schema)
    if held is not None:
        check_keys(held, partition_by)
    base = None if known is None else int(known.version())
    writer = TableWriter(storage, table, location, job, held, tuple(partition_by), mode, base, description)
    make_folder(storage, writer.folder)
    return writer


def commit_write(
    writer: TableWriter, parts: Sequence[WrittenPart], *, metadata: Mapping[str, Any] | None = None
) -> int:
    """Make the parts' files the table's, in one commit, and remove what else the job has left.

    Every file is looked at again first: there, of the size, rows and schema that its worker told, named once.

    Args:
        writer: What `begin_write` gave.
        parts: One result per part, in any order.
        metadata: What to tell in the table's history; goes through JSON.

    Returns:
        The version that the commit made; of a job that was committed before, the version it made then.

    Raises:
        WriteError: Parts or files that do not hold what they should, or the table was changed by others in a
            way that does not go together. Nothing is visible then; call `abort_write`.
    """
    version = committed_version(writer)
    if version is None:
        schema = agreed_schema(writer, parts)
        check_keys(schema, writer.partition_by)
        files = checked_files(writer, parts, schema)
        _commit(_Change(writer, schema, [_action(file) for file in files], metadata or {}))
        version = committed_version(writer)
    if version is None:
        raise WriteError(f"{writer.name}: its history does not tell of {writer.job}", "look at its log")
    # Attempts that lost have left files; a committed write has none beside its own.
    kept = {f"{writer.location}/{file.path}" for part in parts for file in part.files}
    remove_others(writer.storage, writer.folder, kept)
    return version


def abort_write(writer: TableWriter) -> None:
    """Remove every file of the write; does nothing if it was committed after all."""
    if committed_version(writer) is None:
        remove_tree(writer.storage, writer.folder)
        prune_empty(writer.storage, writer.location)


def committed_version(writer: TableWriter) -> int | None:
    """The version that this job made, if it was committed."""
    table = _existing(writer.storage, writer.location)
    return None if table is None else _landed(table, writer.job)


def _existing(storage: Storage, location: str) -> DeltaTable | None:
    address_of(storage, location)
    return open_delta(storage, location) if holds_delta(storage, location) else None


def _landed(table: DeltaTable, job: str) -> int | None:
    if table.transaction_version(job) is None:
        return None
    for limit in (_RECENT, None):
        for commit in table.history(limit):
            if commit.get(JOB_KEY) == job:
                return int(commit["version"])
    return None


def _appended_to(
    name: TableName, known: DeltaTable | None, schema: pa.Schema | None, keys: Sequence[str]
) -> tuple[pa.Schema, Sequence[str]]:
    if known is None:
        raise NotFoundError(f"there is no table {name} to append to", "create it first, with mode='create'")
    found, found_keys = schema_of(known), list(known.metadata().partition_columns)
    if schema is not None and not same_columns(delta_schema(schema), found):
        raise WriteError(
            f"({spell(schema)}) cannot be appended to {name}",
            f"its columns are {spell(found)}",
            table=str(name),
        )
    if keys and list(keys) != found_keys:
        raise WriteError(
            f"{name} is partitioned by {found_keys}, not by {list(keys)}", "leave partition_by out"
        )
    return found, found_keys


def _action(file: WrittenFile) -> AddAction:
    values, data = dict(file.partition_values), file.data
    return AddAction(file.path, data.stamp.size, values, data.modified, data_change=True, stats=data.stats)


def _commit(change: _Change) -> None:
    writer = change.writer
    latest = _existing(writer.storage, writer.location)
    with _conflicts(writer):
        if latest is None or writer.base is None:
            _create(change, mode="error")
        elif writer.mode == "append":
            _append(change, latest)
        else:
            _overwrite(change, latest)


def _create(change: _Change, *, mode: str) -> None:
    writer = change.writer
    create_table_with_add_actions(
        address_of(writer.storage, writer.location),
        Schema.from_arrow(change.schema),
        change.actions,
        mode=mode,
        partition_by=list(writer.partition_by),
        name=str(writer.name),
        description=writer.description,
        storage_options=client_options(writer.storage),
        commit_properties=change.properties(retries=0),
    )


def _append(change: _Change, latest: DeltaTable) -> None:
    """Add to whatever is there now: appends of others in between do no harm, other columns do."""
    writer = change.writer
    if not same_columns(change.schema, schema_of(latest)):
        raise _conflict(writer)
    latest.create_write_transaction(
        change.actions,
        "append",
        latest.schema(),
        partition_by=list(writer.partition_by),
        commit_properties=change.properties(retries=None),
    )


def _overwrite(change: _Change, latest: DeltaTable) -> None:
    """Replace what was there when the write began; whoever committed since is not overwritten unseen.

    Without retries: measured with delta-rs 1.6, of two overwrites of an empty table both land with retries,
    and their rows add up.
    """
    writer = change.writer
    if int(latest.version()) != writer.base:
        raise _conflict(writer)
    keys = list(latest.metadata().partition_columns)
    said = latest.metadata().description
    redefined = writer.description is not None and writer.description != said
    if redefined or not schema_of(latest).equals(change.schema) or keys != list(writer.partition_by):
        _create(change, mode="overwrite")
        return
    latest.create_write_transaction(
        change.actions,
        "overwrite",
        latest.schema(),
        partition_by=keys,
        commit_properties=change.properties(retries=0),
    )


@contextmanager
def _conflicts(writer: TableWriter) -> Iterator[None]:
    """Tell a lost race from a commit that failed for itself."""
    try:
        yield
    except CommitFailedError as error:
        raise _conflict(writer) from error
    except (DeltaError, OSError, ValueError) as error:
        if writer.base is None and holds_delta(writer.storage, writer.location):
            raise _conflict(writer) from error
        raise WriteError(
            f"{writer.name}: the commit failed: {first_line(error)}", "nothing of it is visible; write again"
        ) from error


def _conflict(writer: TableWriter) -> WriteError:
    return WriteError(
        f"{writer.name} was changed by another write while this one ran; nothing of this one is visible",
        "look at Table.history, and write again if it is still wanted",
        table=str(writer.name),
        base=writer.base,
    )
