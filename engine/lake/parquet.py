"""Parquet files: partitions from row groups, reads of nothing but the wanted column chunks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pyarrow.types as pt

from engine.errors import FormatError
from engine.lake.formats import FilePlan, ReadOptions
from engine.lake.partition import ColumnFacts, Partition
from engine.lake.promotion import is_text, plain_schema
from engine.lake.recent import Recent
from engine.lake.rows import without_columns
from engine.lake.salvage import BadRow, RowBatch, numbered

if TYPE_CHECKING:
    from engine.lake.globs import FoundFile
    from engine.lake.storage import FileStamp, Storage

# measured: a footer of 60 row groups and 16 columns takes 10 ms to read and 300 kB to remember.
_FOOTERS = 512
_plans: Recent[tuple[str, FileStamp, int], FilePlan] = Recent(_FOOTERS)

# A string costs its offset and a few characters at least, however well a dictionary packs it on disk.
_SMALLEST_STRING = 16
# A stream fetches each column by so much: larger means more memory (once per column), smaller more requests.
_STREAM_BUFFER = 1 << 18


def plan(storage: Storage, file: FoundFile, options: ReadOptions) -> FilePlan:
    """Read the footer; group adjacent row groups up to the wanted size of a partition.

    A file that was looked at before and has not changed since is not looked at again.

    Raises:
        FormatError: The file is not Parquet, is cut short, or has two columns of one name.
    """
    key = (file.location, file.stamp, options.partition_bytes)
    found = _plans.get(key, lambda: _planned(storage, file, options))
    if found.file == file:
        return found
    matched = (replace(partition, wildcards=file.wildcards) for partition in found.partitions)
    return FilePlan(file, found.schema, tuple(matched))


def _planned(storage: Storage, file: FoundFile, options: ReadOptions) -> FilePlan:
    with _open(storage, file.location) as parquet:
        schema, footer = parquet.schema_arrow, parquet.metadata
        _refuse_duplicates(storage.relative(file.location), schema)
        sizes = [_decoded_size(footer.row_group(index), schema) for index in range(footer.num_row_groups)]
        groups = _grouped(sizes, options.partition_bytes)
        partitions = [_partition(file, footer, schema, group) for group in groups]
    filled = tuple(partition for partition in partitions if partition.rows)
    return FilePlan(file, plain_schema(schema), filled)


def facts(storage: Storage, partition: Partition) -> tuple[ColumnFacts, ...]:
    """What the footer tells of each column over the row groups of a partition."""
    with _open(storage, partition.location) as parquet:
        groups = [parquet.metadata.row_group(at) for at in partition.row_groups or ()]
        return _group_facts(groups, parquet.schema_arrow)


def read(storage: Storage, partition: Partition, wanted: pa.Schema, options: ReadOptions) -> pa.Table:
    """The wanted columns that the file has, of the types that it has, in the file's order."""
    del options
    with _open(storage, partition.location) as parquet:
        indices = _leaf_numbers(parquet, wanted)
        if not indices:
            return without_columns(partition.rows or 0)
        table = parquet.reader.read_row_groups(
            list(partition.row_groups or ()), column_indices=indices, use_threads=False
        )
        if partition.span is not None:
            table = table.slice(partition.span[0], partition.span[1] - partition.span[0])
        return table.replace_schema_metadata(None)


def stream(
    storage: Storage, partition: Partition, wanted: pa.Schema, options: ReadOptions, rows: int
) -> Iterator[RowBatch | BadRow]:
    """As `read`, a batch at a time; of a row group no more than that is decoded, nor much more fetched.

    Texts that are wanted as a dictionary are given as the file's own where it has one.
    """
    del options
    coded = [field.name for field in wanted if pt.is_dictionary(field.type)]
    with _open(storage, partition.location, buffer=_STREAM_BUFFER, coded=coded) as parquet:
        groups = list(partition.row_groups or ())
        counts = [parquet.metadata.row_group(index).num_rows for index in range(parquet.num_row_groups)]
        indices = _leaf_numbers(parquet, wanted)
        for group in groups:
            first = sum(counts[:group]) + 1
            start, stop = partition.span or (0, counts[group])
            at = 0
            for table in _group_batches(parquet, group, indices, rows, counts[group]):
                # There is no way past the rows before the span but through them.
                piece = table.slice(max(0, start - at), max(0, min(stop, at + len(table)) - max(start, at)))
                if len(piece):
                    yield numbered(piece, first + max(start, at))
                at += len(table)
                if at >= stop:
                    break


def _group_batches(
    parquet: pq.ParquetFile, group: int, indices: list[int], rows: int, count: int
) -> Iterator[pa.Table]:
    if not indices:
        for start in range(0, count, rows):
            yield without_columns(min(rows, count - start))
        return
    even = -(-count // -(-count // rows)) if count else rows  # no small one at the end
    for batch in parquet.reader.iter_batches(even, [group], column_indices=indices, use_threads=False):
        yield pa.Table.from_batches([batch]).replace_schema_metadata(None)


def _leaf_numbers(parquet: pq.ParquetFile, wanted: pa.Schema) -> list[int]:
    """By leaf number: a column whose name holds a dot ("pm2.5") would be taken for a path into a struct."""
    names = set(wanted.names)
    leaves = _leaves(parquet.schema_arrow).items()
    return [leaf for name, numbers in leaves if name in names for leaf in numbers]


@contextmanager
def _open(
    storage: Storage, location: str, *, buffer: int = 0, coded: Sequence[str] = ()
) -> Iterator[pq.ParquetFile]:
    """Open a footer; everything that goes wrong in the block is told as a fault of this file."""
    name = storage.relative(location)
    local = storage.local_path(location)
    handle = None if local else storage.open(location)
    try:
        # Checksums are looked at where a file has them, as those of our own tables do.
        settings = {
            "pre_buffer": local is None and not buffer,
            "buffer_size": buffer,
            "page_checksum_verification": True,
        }
        with pq.ParquetFile(handle or local, **settings) as parquet:
            texts = _texts_among(coded, parquet.schema_arrow)
            if not texts:
                yield parquet
                return
            # pyarrow refuses names that the file has not, or not as a text, so its footer comes first.
            footer = parquet.metadata
            with pq.ParquetFile(handle or local, metadata=footer, read_dictionary=texts, **settings) as again:
                yield again
    except FileNotFoundError:
        storage.stamp(location)
        raise
    except (pa.ArrowException, OSError) as error:
        raise FormatError(
            f"{name}: not a readable Parquet file: {_first_line(error)}",
            "it may be cut short or still being written; write it again or leave it out",
            file=location,
        ) from error
    finally:
        if handle is not None:
            handle.close()


def _texts_among(names: Sequence[str], schema: pa.Schema) -> list[str]:
    kinds = {field.name: field.type for field in schema}
    return [name for name in names if name in kinds and is_text(kinds[name])]


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


def _refuse_duplicates(name: str, schema: pa.Schema) -> None:
    for column, times in Counter(schema.names).items():
        if times > 1:
            raise FormatError(
                f"{name}: two columns are named {column!r}", "rename one of them", file=name, column=column
            )


def _leaves(schema: pa.Schema) -> dict[str, range]:
    """The numbers of the physical columns that belong to each column."""
    found: dict[str, range] = {}
    start = 0
    for column in schema:
        found[column.name] = range(start, start + _leaf_count(column.type))
        start = found[column.name].stop
    return found


def _leaf_count(kind: pa.DataType) -> int:
    if isinstance(kind, pa.BaseExtensionType):
        return _leaf_count(kind.storage_type)
    if not pt.is_nested(kind):
        return 1
    return sum(_leaf_count(kind.field(index).type) for index in range(kind.num_fields))


def _decoded_size(group: pq.RowGroupMetaData, schema: pa.Schema) -> int:
    widths = sum(_smallest_width(kind) for kind in schema.types)
    return int(max(group.total_byte_size, group.num_rows * widths))


def _smallest_width(kind: pa.DataType) -> int:
    try:
        return max(1, int(kind.bit_width) // 8)
    except ValueError:
        return _SMALLEST_STRING


def _grouped(sizes: Sequence[int], target: int) -> Iterator[tuple[int, ...]]:
    """Adjacent numbers whose sizes add up to the target or less; one that is larger stays alone.

    >>> list(_grouped([3, 3, 9, 1], 6))
    [(0, 1), (2,), (3,)]
    """
    group: list[int] = []
    total = 0
    for index, size in enumerate(sizes):
        if group and total + size > target:
            yield tuple(group)
            group, total = [], 0
        group.append(index)
        total += size
    if group:
        yield tuple(group)


def footer_facts(footer: pq.FileMetaData, schema: pa.Schema) -> tuple[ColumnFacts, ...]:
    """What the footer tells of each column over the whole file."""
    return _group_facts([footer.row_group(index) for index in range(footer.num_row_groups)], schema)


def _group_facts(groups: Sequence[pq.RowGroupMetaData], schema: pa.Schema) -> tuple[ColumnFacts, ...]:
    leaves = _leaves(schema)
    return tuple(_facts(field.name, field.type, groups, leaves[field.name]) for field in schema)


def _partition(
    file: FoundFile, footer: pq.FileMetaData, schema: pa.Schema, groups: tuple[int, ...]
) -> Partition:
    chunks = [footer.row_group(index) for index in groups]
    facts = _group_facts(chunks, schema)
    return Partition(
        file.location,
        "parquet",
        file.stamp,
        stored=sum(fact.stored for fact in facts),
        rows=sum(chunk.num_rows for chunk in chunks),
        row_groups=groups,
        facts=facts,
        wildcards=file.wildcards,
    )


def _facts(name: str, kind: pa.DataType, groups: Sequence[pq.RowGroupMetaData], leaves: range) -> ColumnFacts:
    stored = sum(group.column(leaf).total_compressed_size for group in groups for leaf in leaves)
    if pt.is_nested(kind):
        return ColumnFacts(name, stored)
    statistics = [group.column(leaves[0]).statistics for group in groups]
    if any(one is None or not one.has_null_count for one in statistics):
        return ColumnFacts(name, stored)
    nulls = sum(one.null_count for one in statistics)
    low, high = _bounds(kind, [one for one in statistics if one.num_values])
    return ColumnFacts(name, stored, nulls, low, high)


def _bounds(kind: pa.DataType, statistics: Sequence[Any]) -> tuple[Any, Any]:
    """Least and greatest value; unknown where one row group does not tell or Python cannot hold the value."""
    if not statistics or not _has_order(kind) or not all(one.has_min_max for one in statistics):
        return None, None
    try:
        return min(one.min for one in statistics), max(one.max for one in statistics)
    except (ValueError, OverflowError):
        # A text cut within a character by another writer, or a date beyond the year 9999.
        return None, None


def _has_order(kind: pa.DataType) -> bool:
    return any(
        test(kind)
        for test in (
            pt.is_integer,
            pt.is_float32,
            pt.is_float64,
            pt.is_boolean,
            pt.is_string,
            pt.is_large_string,
            pt.is_date32,
            pt.is_timestamp,
            pt.is_decimal,
        )
    )
