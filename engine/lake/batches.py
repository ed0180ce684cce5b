"""Read a partition batch by batch, in bounded memory, and go on where a row cannot be read."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import TYPE_CHECKING

import pyarrow as pa

from engine.lake.format_table import format_named
from engine.lake.salvage import BadRow, RowBatch, conform_rows, numbered
from engine.lake.source import pick

if TYPE_CHECKING:
    from engine.lake.partition import Partition
    from engine.lake.source import Reader


def read_batches(
    reader: Reader,
    partition: Partition,
    columns: Sequence[str],
    *,
    rows: int,
    on_bad: Callable[[Sequence[BadRow]], None],
    coded: Collection[str] = (),
) -> Iterator[RowBatch]:
    """The rows of a partition in their order; those that cannot be read go to `on_bad` instead.

    Of Parquet, no more than a batch is decoded at a time, whatever the size of a row group. Text is parsed in
    blocks of the source's `partition_bytes`.

    Args:
        reader: Of the partition's source.
        partition: What to read.
        columns: The columns, in this order.
        rows: Rows of a batch at most.
        on_bad: Told of rows that cannot be parsed, and of values that the source's types cannot hold.
        coded: Columns of texts that may come as dictionaries: they do where the file holds them so.

    Raises:
        NotFoundError: No such column, or the file is gone.
        FormatError: The file has changed since it was opened, or cannot be read at all.
    """
    if format_named(partition.format).is_text:
        coded = ()
    wanted = pick(reader.schema, columns)
    reader.refuse_changed(partition)
    hive = dict(partition.hive)
    stored = pa.schema([field for field in wanted if field.name not in hive])
    for found in _stream(reader, partition, _asked(stored, coded), rows):
        if isinstance(found, BadRow):
            on_bad([found])
            continue
        batch, bad = conform_rows(found, _as_found(stored, coded, found.table.schema))
        if bad:
            on_bad(bad)
        for start in range(0, len(batch), rows):
            piece = batch.slice(start, rows)
            yield RowBatch(_with_hive(piece.table, wanted, hive), piece.rows)


def _stream(
    reader: Reader, partition: Partition, stored: pa.Schema, rows: int
) -> Iterator[RowBatch | BadRow]:
    found = format_named(partition.format)
    if found.stream is None:
        table = found.read(reader.storage, partition, stored, reader.options)
        return iter([numbered(table, partition.first_row or 0)])
    return found.stream(reader.storage, partition, stored, reader.options, rows)


def _asked(stored: pa.Schema, coded: Collection[str]) -> pa.Schema:
    """The columns as a file is asked for them: some of them as dictionaries."""
    return pa.schema([_as_dictionary(field) if field.name in coded else field for field in stored])


def _as_dictionary(field: pa.Field) -> pa.Field:
    return field.with_type(pa.dictionary(pa.int32(), field.type)) if pa.types.is_string(field.type) else field


def _as_found(stored: pa.Schema, coded: Collection[str], found: pa.Schema) -> pa.Schema:
    """The columns as they came: with dictionaries where the file gave some."""
    there = {field.name: field.type for field in found if field.name in coded}
    asked = _asked(stored, coded)
    return pa.schema(
        [
            coded_one if there.get(plain_one.name) == coded_one.type else plain_one
            for plain_one, coded_one in zip(stored, asked, strict=True)
        ]
    )


def _with_hive(table: pa.Table, wanted: pa.Schema, hive: dict[str, object]) -> pa.Table:
    for position, field in enumerate(wanted):
        if field.name in hive:
            value = pa.scalar(hive[field.name], field.type)
            table = table.add_column(position, field, pa.repeat(value, len(table)))
    return table
