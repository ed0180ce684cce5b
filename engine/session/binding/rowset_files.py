"""Files of a rowset as a source: found, left out by their paths, planned, with columns of path and name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import pyarrow as pa

from engine.errors import BindError, NotFoundError
from engine.lake import ReadOptions, Source
from engine.lake.delta_client import holds_delta
from engine.lake.delta_log import delta_source
from engine.lake.discover import plan_files
from engine.lake.formats import PARTITION_BYTES
from engine.lake.globs import FoundFile, find_files

if TYPE_CHECKING:
    from engine.lake import Partition, Storage
    from engine.session.binding.rowset_options import Rowset

FILE_NAME = "filename()"
FILE_PATH = "filepath()"

Keep = Callable[[Sequence[FoundFile]], Sequence[FoundFile]]


def path_column(number: int | None) -> str:
    """The hidden column of `filepath(number)`."""
    return FILE_PATH if number is None else f"filepath({number})"


def rowset_source(storage: Storage, rowset: Rowset, schema: pa.Schema | None, keep: Keep) -> Source:
    """The source of a rowset's files.

    Args:
        storage: The workspace's files.
        rowset: Which files, and how they are written.
        schema: Types that are declared, by column.
        keep: Leaves files out before any is opened.

    Raises:
        BindError: There is no such file.
        FormatError, PathRefusedError: See `engine.lake`.
    """
    if rowset.format == "delta":
        return _delta(storage, rowset)
    paths = rowset.paths if rowset.recursive else [own_files(storage, path) for path in rowset.paths]
    try:
        files = find_files(storage, paths)
    except NotFoundError as error:
        raise BindError(
            "File cannot be opened because it does not exist or it is used by another process.",
            f"{error.message} {error.hint}",
            paths=list(rowset.paths),
        ) from None
    kept = keep(files)
    # Folders are no columns of OPENROWSET: filepath(n) tells of them.
    options = ReadOptions(format=rowset.format, schema=schema, csv=rowset.csv, path_columns=False)
    # With no file left, the first one still tells the columns.
    source = plan_files(storage, kept or files[:1], options)
    return source if kept else replace(source, partitions=())


def with_paths(source: Source, columns: Sequence[str]) -> Source:
    """The source with hidden columns of paths: constants of each partition, as Hive columns are."""
    if not columns:
        return source
    fields = [pa.field(name, pa.string()) for name in columns]
    reader = replace(source.reader, schema=pa.schema([*source.reader.schema, *fields]))
    partitions = tuple(
        replace(one, hive=(*one.hive, *((name, path_value(one, name)) for name in columns)))
        for one in source.partitions
    )
    return Source(reader, partitions)


def path_value(file: FoundFile | Partition, name: str) -> str | None:
    """What a hidden column holds for a file."""
    if name == FILE_NAME:
        return file.location.rpartition("/")[2]
    if name == FILE_PATH:
        return file.location
    number = int(name.removeprefix("filepath(").removesuffix(")"))
    return file.wildcards[number - 1] if number <= len(file.wildcards) else None


def own_files(storage: Storage, path: str) -> str:
    """A folder of OPENROWSET means its own files; `/**` all below it."""
    plain = path.rstrip("/")
    if "*" in plain or "?" in plain or not storage.is_folder(storage.resolve(plain)):
        return plain
    return f"{plain}/*"


def _delta(storage: Storage, rowset: Rowset) -> Source:
    (path,) = rowset.paths if len(rowset.paths) == 1 else ("",)
    location = storage.resolve(path) if path and "*" not in path else ""
    if not location or not holds_delta(storage, location):
        raise BindError(
            f"Content of directory on path '{path or rowset.paths}' cannot be listed.",
            "FORMAT = 'DELTA' takes the path of one folder that holds _delta_log, without wildcards.",
        )
    return delta_source(storage, location, partition_bytes=PARTITION_BYTES)[1]
