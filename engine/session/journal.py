"""One commit of several tables: a record of what is to be committed, then a Delta commit of each.

A Delta log knows one table. What makes several one: first every table is checked; then one small file is
written that names all files of all tables (whoever finds it later finishes the work); then the tables are
committed, those that can still lose to another writer first. If one does lose, those before it are set back,
as long as nobody has built on them. So a crash leaves all or nothing once the next session begins, and the
only gap is another commit to two replaced tables within the milliseconds between check and commit.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from engine.errors import ConflictError, NotFoundError, WriteError
from engine.lake import (
    TableName,
    TableWriter,
    WrittenFile,
    WrittenPart,
    abort_write,
    begin_write,
    commit_write,
    committed_version,
    open_table,
)
from engine.lake.data_file import DataFile
from engine.lake.publish import make_folder, publish_new, remove_file
from engine.lake.restoring import restore_table
from engine.lake.storage import FileStamp

if TYPE_CHECKING:
    from engine.lake import Storage

_FOLDER = "catalog/sql/transactions"
# A transaction's commits take seconds. Whatever is older was left by a process that ended.
_ABANDONED = dt.timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Change:
    """What is to be committed to one table: parts that are added, or replace the version `writer.base`."""

    writer: TableWriter
    parts: tuple[WrittenPart, ...]


def commit_changes(storage: Storage, name: str, changes: Sequence[Change]) -> None:
    """Commit the changes of a transaction to all tables, or to none.

    Args:
        storage: The workspace's files.
        name: Of the transaction; no other has it.
        changes: One for each table.

    Raises:
        ConflictError: Another write to a table whose rows are replaced came first; nothing is changed.
        WriteError: The store refused a commit. Of one table nothing is changed then; what is recorded of
            several the next session finishes.
    """
    ordered = sorted(changes, key=lambda change: change.writer.mode == "append")
    location = storage.resolve(f"{_FOLDER}/{name}.json")
    try:
        for change in ordered:
            _check(change)
        if len(ordered) > 1:
            make_folder(storage, location.rpartition("/")[0])
            publish_new(storage, location, _record(ordered))
        elif ordered:
            commit_write(ordered[0].writer, ordered[0].parts)
    except BaseException:
        for change in ordered:
            abort_write(change.writer)
        raise
    if len(ordered) > 1:
        _carry_out(storage, location, ordered)


def finish_abandoned(storage: Storage, now: dt.datetime | None = None) -> None:
    """Carry out what processes that ended have left recorded.

    Args:
        storage: The workspace's files.
        now: The time; records of the last minutes are left to those who wrote them.
    """
    now = now or dt.datetime.now(dt.UTC)
    for entry in storage.list(storage.resolve(_FOLDER)):
        if entry.is_folder or not entry.name.endswith(".json") or entry.name.startswith("."):
            continue
        try:
            with storage.open(entry.location) as file:
                told = json.loads(file.read())
        except NotFoundError:
            continue  # its own process has just finished it
        if now - dt.datetime.fromisoformat(told["at"]) > _ABANDONED:
            changes = [_read(storage, one) for one in told["changes"]]
            # One that others have overtaken is undone: nobody was told that it was committed.
            with suppress(ConflictError):
                _carry_out(storage, entry.location, changes)


def _carry_out(storage: Storage, location: str, changes: Sequence[Change | None]) -> None:
    """Commit all of the changes, or none: a change is None where its table is gone."""
    there = [change for change in changes if change is not None]
    try:
        if len(there) < len(changes):
            raise ConflictError("A table of the transaction was dropped.", "Run it again.")
        for change in there:
            commit_write(change.writer, change.parts)
    except ConflictError:
        for change in reversed(there):
            _set_back(storage, change)
        remove_file(storage, location)
        raise
    remove_file(storage, location)


def _check(change: Change) -> None:
    writer = change.writer
    if writer.mode == "overwrite" and open_table(writer.storage, writer.name).version != writer.base:
        raise ConflictError(
            f"{writer.name} was changed by another write during the transaction; nothing of it is done.",
            "Run the transaction again.",
            table=str(writer.name),
        )


def _set_back(storage: Storage, change: Change) -> None:
    writer = change.writer
    version = committed_version(writer)
    if version is None:
        abort_write(writer)
    elif writer.base is not None:
        with suppress(ConflictError):  # others have built on it
            restore_table(storage, writer.name, to=writer.base, base=version)


def _record(changes: Sequence[Change]) -> bytes:
    told = {"at": dt.datetime.now(dt.UTC).isoformat(), "changes": [_told(change) for change in changes]}
    return json.dumps(told).encode()


def _told(change: Change) -> dict[str, Any]:
    writer = change.writer
    files = [
        {
            "path": file.path,
            "size": file.data.stamp.size,
            "mark": file.data.stamp.mark,
            "rows": file.data.rows,
            "modified": file.data.modified,
            "stats": file.data.stats,
            "values": list(file.partition_values),
        }
        for part in change.parts
        for file in part.files
    ]
    name = writer.name
    return {"schema": name.schema, "name": name.name, "job": writer.job, "base": writer.base,
            "mode": writer.mode, "files": files}  # fmt: skip


def _read(storage: Storage, told: dict[str, Any]) -> Change | None:
    name = TableName(told["schema"], told["name"])
    try:
        writer = begin_write(storage, name, mode="append", job=told["job"])
    except NotFoundError:
        return None
    files = tuple(
        WrittenFile(
            one["path"],
            DataFile(FileStamp(one["size"], one["mark"]), one["rows"], one["modified"], one["stats"]),
            tuple((key, value) for key, value in one["values"]),
        )
        for one in told["files"]
    )
    if writer.schema is None:
        raise WriteError(f"{name} has no columns.", "Look at its log.")
    return Change(
        replace(writer, mode=told["mode"], base=told["base"]), (WrittenPart(0, writer.schema, files),)
    )
