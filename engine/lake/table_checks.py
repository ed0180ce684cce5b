"""What must hold of a write before its commit: columns, keys, parts, files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from engine.errors import NotFoundError, WriteError
from engine.lake.union import spell

if TYPE_CHECKING:
    from engine.lake.table_writer import TableWriter, WrittenFile, WrittenPart

_CHECKERS = 16
_KEY_TYPES = ("bool", "int8", "int16", "int32", "int64", "string", "date32[day]")


def same_columns(left: pa.Schema, right: pa.Schema) -> bool:
    """Whether both have the same columns of the same types, in any order."""
    return {field.name: field.type for field in left} == {field.name: field.type for field in right}


def check_keys(schema: pa.Schema, keys: Sequence[str]) -> None:
    """Whether a table of these columns can be partitioned by these.

    Raises:
        NotFoundError: A key is no column.
        WriteError: A key's values have no exact text, or nothing is left beside the keys.
    """
    for key in keys:
        if key not in schema.names:
            raise NotFoundError(f"no column {key!r} to partition by", f"there is {spell(schema)}", column=key)
        if str(schema.field(key).type) not in _KEY_TYPES:
            raise WriteError(
                f"column {key!r} is {schema.field(key).type}: only integers, texts, dates partition tables",
                "derive a column of such a type",
                column=key,
            )
    if len(set(keys)) == len(schema):
        raise WriteError("no column is left beside those to partition by", "partition by fewer columns")


def agreed_schema(writer: TableWriter, parts: Sequence[WrittenPart]) -> pa.Schema:
    """The schema of the table: the writer's own, or the one that all parts have.

    Raises:
        WriteError: Two parts have different columns, or there is no part to take them from.
    """
    if writer.schema is not None:
        return writer.schema
    if not parts:
        raise WriteError(f"{writer.name}: there is no part, and no schema", "pass schema= for an empty table")
    first = parts[0]
    for part in parts:
        if not part.schema.equals(first.schema):
            raise WriteError(
                f"{writer.name}: part {first.part} has ({spell(first.schema)}), part {part.part} has "
                f"({spell(part.schema)})",
                "pass schema= so that all parts are cast to it",
                parts=[first.part, part.part],
            )
    return first.schema


def checked_files(writer: TableWriter, parts: Sequence[WrittenPart], schema: pa.Schema) -> list[WrittenFile]:
    """The files of all parts in order of part, each held against the store.

    measured with delta-rs 1.6: it commits files that are not there, named twice or of another schema.

    Raises:
        WriteError: A part or file is given twice, or a file is not what its worker told.
    """
    again = _repeated(part.part for part in parts)
    if again is not None:
        raise WriteError(
            f"{writer.name}: part {again} was given twice", "give one result per part", part=again
        )
    files = [file for part in sorted(parts, key=lambda part: part.part) for file in part.files]
    twice = _repeated(file.path for file in files)
    if twice is not None:
        raise WriteError(f"{writer.name}: {twice} was given twice", "give one result per part", path=twice)
    stored = pa.schema([field for field in schema if field.name not in writer.partition_by])
    with ThreadPoolExecutor(_CHECKERS) as threads:
        list(threads.map(lambda file: _check_file(writer, file, stored), files))
    return files


def _repeated(values: Iterable[Hashable]) -> Hashable | None:
    return next((value for value, times in Counter(values).items() if times > 1), None)


def _check_file(writer: TableWriter, file: WrittenFile, schema: pa.Schema) -> None:
    if not file.path.startswith(f"{writer.job}/"):
        raise WriteError(f"{file.path} is not of the write {writer.job}", "give results of this writer alone")
    location = f"{writer.location}/{file.path}"
    try:
        size = writer.storage.stamp(location).size
        with writer.storage.open(location) as handle:
            footer = pq.read_metadata(handle)
    except (NotFoundError, pa.ArrowInvalid) as error:
        raise WriteError(
            f"{file.path}: the file is gone or broken: {error}", "write again", path=file.path
        ) from error
    found = footer.schema.to_arrow_schema()
    if size != file.data.stamp.size or footer.num_rows != file.data.rows or not found.equals(schema):
        raise WriteError(
            f"{file.path}: {size} bytes, {footer.num_rows} rows of ({spell(found)}) are there; "
            f"{file.data.stamp.size} bytes, {file.data.rows} rows of ({spell(schema)}) were written",
            "write again",
            path=file.path,
        )
