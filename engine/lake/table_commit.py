"""The life of a write: begin, commit once, or leave nothing behind."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import CommitProperties, DeltaTable, Schema, Transaction
from deltalake.exceptions import CommitFailedError, DeltaError
from deltalake.transaction import AddAction, create_table_with_add_actions

from engine.errors import NotFoundError, OptionError, WriteError
from engine.lake.delta_client import address_of, client_options, first_line, holds_delta, open_delta
from engine.lake.delta_log import check_protocol, delta_schema_of
from engine.lake.delta_types import delta_schema
from engine.lake.names import TableName
from engine.lake.places import table_location
from engine.lake.publish import prune_empty, remove_others, remove_tree
from engine.lake.table_writer import TableWriter, WrittenFile, WrittenPart

if TYPE_CHECKING:
    from engine.lake.storage import Storage

MODES = ("create", "overwrite", "append")

# Under these names a commit carries which write it was, and what its caller has to say.
JOB_KEY = "tarn.job"
METADATA_KEY = "userMetadata"

_JOB = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$")
_CHECKERS = 16
# A commit is looked for among so many of the newest first: a history is one small file per version.
_RECENT = 16
_KEYS = ("bool", "int8", "int16", "int32", "int64", "string", "date32[day]")


def begin_write(
    storage: Storage,
    name: str | TableName,
    *,
    mode: str = "overwrite",
    schema: pa.Schema | None = None,
    partition_by: Sequence[str] = (),
    job: str | None = None,
) -> TableWriter:
    """Open a write of a table. Nothing is created yet.

    Args:
        storage: The workspace's files.
        name: The table, `name` or `schema.name`.
        mode: "create" refuses a table that is there, "overwrite" replaces rows and schema, "append" adds rows.
        schema: The columns; None to take them from the data ("append": from the table).
        partition_by: Columns that become folders; "append" takes them from the table.
        job: Names the write, so that one that was interrupted can be taken up or cleaned away; letters,
            digits, `-` and `_`. A job that was committed is not committed again.

    Raises:
        WriteError: The table is there already ("create"), or cannot hold the schema.
        NotFoundError: There is no table to append to.
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
    address_of(storage, location)
    known = open_delta(storage, location) if holds_delta(storage, location) else None
    if known is not None:
        check_protocol(known, str(table))
    if mode == "append":
        schema, partition_by = _appended_to(table, known, schema, partition_by)
    elif mode == "create" and known is not None and _landed(known, job) is None:
        raise WriteError(
            f"table {table} is there already", "choose another name, or mode='overwrite'", table=str(table)
        )
    held = None if schema is None else delta_schema(schema)
    if held is not None:
        _check_keys(held, partition_by)
    base = None if known is None else int(known.version())
    return TableWriter(storage, table, location, job, held, tuple(partition_by), mode, base)


def commit_write(
    writer: TableWriter, parts: Sequence[WrittenPart], *, metadata: Mapping[str, Any] | None = None
) -> int:
    """Make the parts' files the table's, in one commit, and remove what else the job has left.

    Every file is looked at again first: there, of the size, rows and schema that its worker told, named once.

    Args:
        writer: What `begin_write` gave.
        parts: One result per part, in any order.
        metadata: What to tell in the table's history, as JSON.

    Returns:
        The version that the commit made; of a job that was committed before, the version it made then.

    Raises:
        WriteError: Parts or files that do not hold what they should, or the table was changed by others in a
            way that does not go together. Nothing is visible then; call `abort_write`.
    """
    version = committed_version(writer)
    if version is None:
        schema = _agreed_schema(writer, parts)
        _check_keys(schema, writer.partition_by)
        files = _checked_files(writer, parts, schema)
        _commit(writer, schema, [_action(file) for file in files], metadata or {})
        version = committed_version(writer)
    if version is None:
        raise WriteError(
            f"{writer.name}: the commit of {writer.job} is not in its history", "look at its log"
        )
    # Attempts that lost have left files; a committed write has none beside its own.
    kept = {f"{writer.location}/{file.path}" for part in parts for file in part.files}
    remove_others(writer.storage, writer.folder, kept)
    return version


def abort_write(writer: TableWriter) -> None:
    """Remove every file of the write; does nothing if it was committed after all."""
    if committed_version(writer) is None:
        remove_tree(writer.storage, writer.folder)
        prune_empty(writer.storage, writer.location)


def _appended_to(
    table: TableName, known: DeltaTable | None, schema: pa.Schema | None, partition_by: Sequence[str]
) -> tuple[pa.Schema, Sequence[str]]:
    if known is None:
        raise NotFoundError(f"there is no table {table} to append to", "create it first, with mode='create'")
    found, keys = delta_schema_of(known), list(known.metadata().partition_columns)
    if schema is not None and not _fits(delta_schema(schema), found):
        raise WriteError(
            f"the columns to append to {table} are not its columns",
            f"the table has {_spell(found)}",
            table=str(table),
            given=_spell(schema),
        )
    if partition_by and list(partition_by) != keys:
        raise WriteError(
            f"{table} is partitioned by {keys}, not by {list(partition_by)}", "leave partition_by out"
        )
    return found, keys


def _fits(given: pa.Schema, table: pa.Schema) -> bool:
    """Whether the same columns are meant, in any order; a column may promise more than the table asks."""
    return {field.name: field.type for field in given} == {field.name: field.type for field in table}


def _spell(schema: pa.Schema) -> str:
    return ", ".join(f"{field.name} {field.type}" for field in schema)


def _check_keys(schema: pa.Schema, keys: Sequence[str]) -> None:
    for key in keys:
        if key not in schema.names:
            raise NotFoundError(
                f"no column {key!r} to partition by", f"the columns are {_spell(schema)}", column=key
            )
        if str(schema.field(key).type) not in _KEYS:
            raise WriteError(
                f"column {key!r} is {schema.field(key).type}: tables are partitioned by integers, texts and dates",
                "derive a column of such a type",
                column=key,
            )
    if len(set(keys)) == len(schema):
        raise WriteError(
            "a table needs a column beside those it is partitioned by", "partition by fewer columns"
        )


def _agreed_schema(writer: TableWriter, parts: Sequence[WrittenPart]) -> pa.Schema:
    if writer.schema is not None:
        return writer.schema
    if not parts:
        raise WriteError(f"{writer.name}: no part, and no schema either", "pass schema= for an empty table")
    first = parts[0]
    for part in parts:
        if not part.schema.equals(first.schema):
            raise WriteError(
                f"{writer.name}: part {first.part} has ({_spell(first.schema)}), part {part.part} has "
                f"({_spell(part.schema)})",
                "pass schema= so that all parts are cast to it",
                parts=[first.part, part.part],
            )
    return first.schema


def _checked_files(writer: TableWriter, parts: Sequence[WrittenPart], schema: pa.Schema) -> list[WrittenFile]:
    """The files of all parts in order of part, each held against the store.

    delta-rs 1.6 commits files that are not there, named twice or of another schema (measured).
    """
    numbers = [part.part for part in parts]
    twice = (
        next((number for number in numbers if numbers.count(number) > 1), None)
        if _has_twice(numbers)
        else None
    )
    if twice is not None:
        raise WriteError(
            f"{writer.name}: part {twice} was given twice", "give one result per part", part=twice
        )
    files = [file for part in sorted(parts, key=lambda part: part.part) for file in part.files]
    paths = [file.path for file in files]
    if _has_twice(paths):
        raise WriteError(f"{writer.name}: a file was given twice", "give one result per part")
    stored = pa.schema([field for field in schema if field.name not in writer.partition_by])
    with ThreadPoolExecutor(_CHECKERS) as threads:
        list(threads.map(lambda file: _check_file(writer, file, stored), files))
    return files


def _has_twice(values: Sequence[Any]) -> bool:
    return len(set(values)) < len(values)


def _check_file(writer: TableWriter, file: WrittenFile, schema: pa.Schema) -> None:
    location = f"{writer.location}/{file.path}"
    if not file.path.startswith(f"{writer.job}/"):
        raise WriteError(f"{file.path} is not of the write {writer.job}", "give the results of this writer")
    stamp = writer.storage.stamp(location)
    with writer.storage.open(location) as handle:
        footer = pq.read_metadata(handle)
    found = footer.schema.to_arrow_schema()
    if stamp.size != file.stamp.size or footer.num_rows != file.rows or not found.equals(schema):
        raise WriteError(
            f"{file.path}: not what was written ({stamp.size} bytes, {footer.num_rows} rows)",
            f"{file.stamp.size} bytes and {file.rows} rows of ({_spell(schema)}) were expected; write again",
            path=file.path,
        )


def _action(file: WrittenFile) -> AddAction:
    return AddAction(file.path, file.stamp.size, dict(file.partition_values), file.modified, True, file.stats)


def _commit(
    writer: TableWriter, schema: pa.Schema, actions: list[AddAction], metadata: Mapping[str, Any]
) -> None:
    latest = (
        open_delta(writer.storage, writer.location) if holds_delta(writer.storage, writer.location) else None
    )
    with _conflicts(writer):
        if latest is None or writer.base is None:
            _create(writer, schema, actions, metadata, mode="error")
        elif writer.mode == "append":
            _append(writer, latest, schema, actions, metadata)
        else:
            _overwrite(writer, latest, schema, actions, metadata)


def _create(
    writer: TableWriter,
    schema: pa.Schema,
    actions: list[AddAction],
    metadata: Mapping[str, Any],
    *,
    mode: str,
) -> None:
    create_table_with_add_actions(
        address_of(writer.storage, writer.location),
        Schema.from_arrow(schema),
        actions,
        mode=mode,
        partition_by=list(writer.partition_by),
        name=str(writer.name),
        storage_options=client_options(writer.storage),
        commit_properties=_properties(writer, metadata, retries=0),
    )


def _append(
    writer: TableWriter,
    latest: DeltaTable,
    schema: pa.Schema,
    actions: list[AddAction],
    metadata: Mapping[str, Any],
) -> None:
    if not _fits(schema, delta_schema_of(latest)):
        raise WriteError(
            f"{writer.name} has other columns than when the write began",
            f"it has {_spell(delta_schema_of(latest))} now; write again",
            table=str(writer.name),
        )
    latest.create_write_transaction(
        actions,
        "append",
        latest.schema(),
        partition_by=list(writer.partition_by),
        commit_properties=_properties(writer, metadata, retries=None),
    )


def _overwrite(
    writer: TableWriter,
    latest: DeltaTable,
    schema: pa.Schema,
    actions: list[AddAction],
    metadata: Mapping[str, Any],
) -> None:
    """Replace what was there when the write began; whoever committed since is not overwritten unseen.

    Without retries: measured with delta-rs 1.6, two overwrites of an empty table both land, and their rows add up.
    """
    if int(latest.version()) != writer.base:
        raise _conflict(writer)
    same = delta_schema_of(latest).equals(schema) and list(latest.metadata().partition_columns) == list(
        writer.partition_by
    )
    if not same:
        _create(writer, schema, actions, metadata, mode="overwrite")
        return
    latest.create_write_transaction(
        actions,
        "overwrite",
        latest.schema(),
        partition_by=list(writer.partition_by),
        commit_properties=_properties(writer, metadata, retries=0),
    )


def _properties(writer: TableWriter, metadata: Mapping[str, Any], *, retries: int | None) -> CommitProperties:
    return CommitProperties(
        custom_metadata={JOB_KEY: writer.job, METADATA_KEY: json.dumps(dict(metadata), sort_keys=True)},
        max_commit_retries=retries,
        app_transactions=[Transaction(writer.job, 1)],
    )


@contextmanager
def _conflicts(writer: TableWriter) -> Iterator[None]:
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


def committed_version(writer: TableWriter) -> int | None:
    """The version that this job made, if it was committed."""
    if not holds_delta(writer.storage, writer.location):
        return None
    return _landed(open_delta(writer.storage, writer.location), writer.job)


def _landed(table: DeltaTable, job: str) -> int | None:
    if table.transaction_version(job) is None:
        return None
    for limit in (_RECENT, None):
        for commit in table.history(limit):
            if commit.get(JOB_KEY) == job:
                return int(commit["version"])
    return None
