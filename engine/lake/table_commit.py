"""The life of a write: begin, commit once, or leave nothing behind."""

from __future__ import annotations

import json
import re
import time
import uuid
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import pyarrow as pa
from deltalake import CommitProperties, DeltaTable, Schema, Transaction
from deltalake.exceptions import CommitFailedError, DeltaError
from deltalake.transaction import AddAction, RemoveAction, create_table_with_add_actions

from engine.errors import ConflictError, NotFoundError, OptionError, WriteError
from engine.lake.delta_client import address_of, client_options, first_line, holds_delta, open_delta
from engine.lake.delta_log import added_files, commits, schema_of
from engine.lake.delta_protocol import check_writable
from engine.lake.delta_types import check_keys, delta_schema
from engine.lake.locking import alone_at
from engine.lake.names import TableName
from engine.lake.places import DELTA_LOG, table_location
from engine.lake.publish import make_folder, prune_empty, remove_others, remove_tree
from engine.lake.table_checks import agreed_schema, checked_files, same_columns
from engine.lake.table_writer import TableWriter, WrittenFile, WrittenPart
from engine.lake.union import spell

if TYPE_CHECKING:
    from engine.lake.storage import Storage

MODES = ("create", "overwrite", "append")

# Under these names a commit carries which write it was, and what its caller has to say.
JOB_KEY = "tarn.job"
METADATA_KEY = "userMetadata"

_JOB = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$")


@dataclass(frozen=True, slots=True)
class _Change:
    """Everything that one commit says."""

    writer: TableWriter
    schema: pa.Schema
    actions: list[AddAction]
    metadata: str
    removed: frozenset[str] = frozenset()

    def properties(self) -> CommitProperties:
        told = {JOB_KEY: self.writer.job, METADATA_KEY: self.metadata}
        once = [Transaction(self.writer.job, 1)]
        return CommitProperties(custom_metadata=told, max_commit_retries=0, app_transactions=once)


def begin_write(
    storage: Storage,
    name: str | TableName,
    *,
    mode: str = "overwrite",
    schema: pa.Schema | None = None,
    partition_by: Sequence[str] = (),
    job: str | None = None,
    description: str | None = None,
    base: int | None = None,
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
        base: The version that the rows of an "overwrite" are computed from; by default the newest one now. A
            commit in between is not overwritten: the write is refused.

    Raises:
        ConflictError: The table is no longer at `base`.
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
    elif mode == "create" and known is not None and _landed(storage, location, known, job) is None:
        raise WriteError(f"table {table} is there already", "choose another name, or mode='overwrite'")
    held = None if schema is None else delta_schema(schema)
    if held is not None:
        check_keys(held, partition_by)
    newest = None if known is None else int(known.version())
    writer = TableWriter(storage, table, location, job, held, tuple(partition_by), mode, newest, description)
    if base is not None and base != newest and committed_version(writer) is None:
        raise _conflict(replace(writer, base=base))
    make_folder(storage, writer.folder)
    return writer


def commit_write(
    writer: TableWriter,
    parts: Sequence[WrittenPart],
    *,
    metadata: Mapping[str, Any] | None = None,
    removed: Collection[str] = (),
) -> int:
    """Make the parts' files the table's, in one commit, and remove what else the job has left.

    Every file is looked at again first: there, of the size, rows and schema that its worker told, named once.

    Args:
        writer: What `begin_write` gave.
        parts: One result per part, in any order.
        metadata: What to tell in the table's history; goes through JSON.
        removed: Files that leave the table in the same commit, by their paths below its folder; "append"
            alone takes them.

    Returns:
        The version that the commit made; of a job that was committed before, the version it made then.

    Raises:
        OptionError: Metadata that JSON cannot hold.
        ConflictError: Another write committed first.
        WriteError: Parts or files that do not hold what they should, or the table was changed by others in a
            way that does not go together. Nothing is visible then; call `abort_write`.
    """
    told = _as_json(metadata or {})
    version = committed_version(writer)
    if version is None:
        schema = agreed_schema(writer, parts)
        check_keys(schema, writer.partition_by)
        files = checked_files(writer, parts, schema)
        actions = [_action(file) for file in files]
        version = _commit(_Change(writer, schema, actions, told, _removable(writer, removed)))
    _sweep(writer)
    return version


def _removable(writer: TableWriter, removed: Collection[str]) -> frozenset[str]:
    if removed and writer.mode != "append":
        raise OptionError(f"mode {writer.mode!r} removes all files", "leave removed= out", mode=writer.mode)
    known = _existing(writer.storage, writer.location) if removed else None
    if known is not None:
        check_writable(known, str(writer.name), adds_only=False)
    return frozenset(removed)


def abort_write(writer: TableWriter) -> None:
    """Remove every file of the write; does nothing if it was committed after all."""
    if committed_version(writer) is None:
        remove_tree(writer.storage, writer.folder)
        prune_empty(writer.storage, writer.location)


def committed_version(writer: TableWriter) -> int | None:
    """The version that this job made, if it was committed."""
    table = _existing(writer.storage, writer.location)
    return None if table is None else _landed(writer.storage, writer.location, table, writer.job)


def _existing(storage: Storage, location: str) -> DeltaTable | None:
    address_of(storage, location)
    return open_delta(storage, location) if holds_delta(storage, location) else None


def _landed(storage: Storage, location: str, table: DeltaTable, job: str) -> int | None:
    if table.transaction_version(job) is None:
        return None
    version = _commit_of(storage, location, job)
    # A log that was cleaned up since still knows that the job was committed, but no longer as what.
    return int(table.version()) if version is None else version


def _commit_of(storage: Storage, location: str, job: str) -> int | None:
    """The commit of a job, as long as the log has it."""
    found = (version for version, info in commits(storage, location) if info.get(JOB_KEY) == job)
    return next(found, None)


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


def _as_json(metadata: Mapping[str, Any]) -> str:
    try:
        return json.dumps(dict(metadata), sort_keys=True)
    except (TypeError, ValueError) as error:
        raise OptionError(
            f"metadata cannot be told as JSON: {error}", "give texts, numbers, lists, dicts"
        ) from None


def _action(file: WrittenFile) -> AddAction:
    values, data = dict(file.partition_values), file.data
    return AddAction(file.path, data.stamp.size, values, data.modified, data_change=True, stats=data.stats)


def _commit(change: _Change) -> int:
    writer = change.writer
    try:
        with _conflicts(writer), _in_turn(writer):
            latest = _existing(writer.storage, writer.location)
            if writer.base is None:
                _create(change, mode="error")
            elif latest is None:
                raise _conflict(writer)
            elif writer.mode == "append":
                _append(change, latest)
            else:
                _overwrite(change, latest)
    except WriteError:
        # Another process may have committed this very job, or this commit may have landed unheard.
        version = committed_version(writer)
        if version is None:
            raise
        return version
    version = committed_version(writer)
    if version is None:
        raise WriteError(f"{writer.name}: its history does not tell of {writer.job}", "look at its log")
    return version


def _in_turn(writer: TableWriter) -> AbstractContextManager[None]:
    """Writers of one machine commit to a table one after the other.

    An overwrite that brings other columns has delta-rs read the log once more: without this a commit that
    came between our look at the version and that one would be overwritten unseen.
    """
    log = f"{writer.location}/{DELTA_LOG}"
    local = writer.storage.root_of(log).protocol == "file" and Path(log).is_dir()
    return alone_at(log) if local else nullcontext()


def _sweep(writer: TableWriter) -> None:
    """Remove the files of attempts that lost: all of the job that its commit does not name.

    They are in nobody's way: neither a store that refuses nor a log that no longer has the commit matters.
    """
    version = _commit_of(writer.storage, writer.location, writer.job)
    if version is not None:
        kept = added_files(writer.storage, writer.location, version)
        with suppress(WriteError):
            remove_others(writer.storage, writer.folder, kept)


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
        storage_options=client_options(writer.storage, writer.location),
        commit_properties=change.properties(),
    )


def _append(change: _Change, latest: DeltaTable) -> None:
    """Add to whatever is there now: appends of others in between do no harm, other columns do.

    Each try is for one version alone. measured: delta-rs 1.6 tries again by itself without a look at whether
    the same job was committed in between, and commits it twice.
    """
    writer = change.writer
    while latest.transaction_version(writer.job) is None:
        if not same_columns(change.schema, schema_of(latest)):
            raise _conflict(writer)
        try:
            latest.create_write_transaction(
                [*change.actions, *_removals(writer, latest, change.removed)],
                "append",
                latest.schema(),
                partition_by=list(writer.partition_by),
                commit_properties=change.properties(),
            )
        except CommitFailedError:
            tried = int(latest.version())
            latest = open_delta(writer.storage, writer.location)
            if int(latest.version()) == tried:
                raise
        else:
            return


def _removals(writer: TableWriter, latest: DeltaTable, removed: frozenset[str]) -> list[RemoveAction]:
    """The actions that take files out; each must still be there, or somebody else has changed its rows."""
    if not removed:
        return []
    now = int(time.time() * 1000)
    rows = pa.table(latest.get_add_actions(flatten=True)).to_pylist()
    live = {unquote(str(row["path"])): row for row in rows}
    if not removed <= set(live):
        raise _conflict(writer)
    gone = [live[path] for path in sorted(removed)]
    return [RemoveAction(str(row["path"]), True, now, int(row["size_bytes"])) for row in gone]


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
        commit_properties=change.properties(),
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


def _conflict(writer: TableWriter) -> ConflictError:
    return ConflictError(
        f"{writer.name} was changed by another write while this one ran; nothing of this one is visible",
        "look at Table.history, and write again if it is still wanted",
        table=str(writer.name),
        base=writer.base,
    )
