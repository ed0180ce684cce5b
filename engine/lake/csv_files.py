"""CSV files: partitions are ranges of bytes between records."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import pyarrow as pa

from engine.errors import FormatError
from engine.lake import csv_types
from engine.lake.csv_block import Block
from engine.lake.csv_head import read_head
from engine.lake.csv_parse import infer, parse
from engine.lake.csv_records import Dialect
from engine.lake.csv_rewriting import open_records
from engine.lake.formats import CsvOptions, FilePlan, ReadOptions
from engine.lake.rows import stack
from engine.lake.salvage import BadRow, RowBatch, numbered, salvaged_records
from engine.lake.text import LastEnd, block_encoding, blocks, newline_end, read_range, transcode
from engine.lake.text_pieces import Cutter, Looked, is_divisible, looked, text_partitions

if TYPE_CHECKING:
    from engine.lake.globs import FoundFile
    from engine.lake.partition import Partition
    from engine.lake.storage import Storage


def plan(storage: Storage, file: FoundFile, options: ReadOptions) -> FilePlan:
    """Find the header, cut the rest at ends of records, guess the types of columns that are not declared.

    Raises:
        FormatError: Two columns of one name; or, unless all columns are declared, a record with too many or
            too few fields, or bytes that are no text.
    """
    name = storage.relative(file.location)
    declared = {} if options.schema is None else {field.name: field.type for field in options.schema}
    pieces: list[Looked] = []
    with open_records(storage, file.location, options.csv) as stream:
        head = read_head(stream, options.csv, name)
        if not head.names:
            return FilePlan(file, None, ())
        schemas = [pa.schema([pa.field(column, declared.get(column, pa.null())) for column in head.names])]
        divisible = are_divisible(file.location, options.csv)
        cutter = Cutter(
            options.partition_bytes, last_end_of(options.csv), options.inspect_bytes == 0, divisible
        )
        for piece in cutter.pieces(stream, head.size, head.rest, file.stamp.size):
            first_row = None if pieces else 1
            block = _block(name, head.names, piece.sample, piece.start, first_row, options.csv)
            try:
                schema, table = infer(block, declared, options.csv)
            except FormatError:
                if not set(head.names) <= set(declared):
                    raise
                # Nothing is left to guess; who reads decides what becomes of rows that cannot be read.
                pieces.append(Looked(piece.start, piece.stop))
                continue
            schemas.append(schema)
            pieces.append(looked(piece, table))
    partitions = text_partitions(file, "csv", pieces, header=head.names, divisible=divisible)
    return FilePlan(file, csv_types.union(schemas), partitions)


def read(storage: Storage, partition: Partition, wanted: pa.Schema, options: ReadOptions) -> pa.Table:
    """Parse a partition's records; only the wanted columns are converted."""
    types = {field.name: field.type for field in wanted if field.name in partition.header}
    return stack(parse(block, types, options.csv) for block in csv_blocks(storage, partition, options))


def stream(
    storage: Storage, partition: Partition, wanted: pa.Schema, options: ReadOptions, rows: int
) -> Iterator[RowBatch | BadRow]:
    """As `read`, block by block; records that cannot be parsed are told instead."""
    del rows  # the caller cuts what a block gives
    types = {field.name: field.type for field in wanted if field.name in partition.header}
    first = (partition.first_row or 0) if partition.byte_range is not None else 1
    for block in csv_blocks(storage, partition, options):
        for found in _salvaged(block, types, options.csv, first):
            yield found
            if first:
                first += len(found) if isinstance(found, RowBatch) else 1


def _salvaged(
    block: Block, types: dict[str, pa.DataType], csv: CsvOptions, first: int
) -> Iterator[RowBatch | BadRow]:
    try:
        yield numbered(parse(block, types, csv), first)
    except FormatError:
        records = Dialect(csv.delimiter, csv.quote, csv.escape).records(block.data)
        whole = [record if record.endswith(b"\n") else record + b"\n" for record in records if record.strip()]
        yield from salvaged_records(
            whole, lambda data: parse(replace(block, data=data, first_row=None), types, csv), first
        )


def are_divisible(location: str, options: CsvOptions) -> bool:
    """Whether ranges of a CSV file's bytes can be read alone."""
    if options.separators is not None or options.compression:
        return False
    return is_divisible("" if options.compression == "" else location, options.encoding)


def last_end_of(options: CsvOptions) -> LastEnd:
    """Where the records of a CSV file end."""
    if not options.quoted_newlines:
        return newline_end
    return Dialect(options.delimiter, options.quote, options.escape).last_end


def csv_blocks(storage: Storage, partition: Partition, options: ReadOptions) -> Iterator[Block]:
    """The records of a partition, some megabytes at a time."""
    name, csv = storage.relative(partition.location), options.csv
    if partition.byte_range is not None:
        start = partition.byte_range[0]
        yield _block(name, partition.header, read_range(storage, partition), start, partition.first_row, csv)
        return
    with open_records(storage, partition.location, csv) as stream:
        head = read_head(stream, csv, name)
        for data in blocks(stream, options.partition_bytes, last_end_of(csv), head.rest):
            yield _block(name, partition.header, data, None, None, csv)


def _block(
    name: str, header: tuple[str, ...], data: bytes, start: int | None, row: int | None, options: CsvOptions
) -> Block:
    encoding = "utf-8" if options.separators is not None else block_encoding(options.encoding)
    text = transcode(data, encoding, name, start or 0)
    return Block(text, header, name, start, row)
