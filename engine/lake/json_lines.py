"""JSON lines: one object per line; partitions are ranges of bytes between lines."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import pyarrow as pa

from engine.errors import FormatError
from engine.lake.formats import FilePlan, ReadOptions
from engine.lake.json_parse import guess, parse
from engine.lake.promotion import promote_json
from engine.lake.rows import stack
from engine.lake.salvage import BadRow, RowBatch, numbered, salvaged_records
from engine.lake.text import BOM, blocks, newline_end, open_text, read_range
from engine.lake.text_pieces import Cutter, Looked, is_divisible, looked, text_partitions
from engine.lake.union import union_schemas

if TYPE_CHECKING:
    from engine.lake.globs import FoundFile
    from engine.lake.partition import Partition
    from engine.lake.storage import Storage

_ENCODING = "utf-8"


def plan(storage: Storage, file: FoundFile, options: ReadOptions) -> FilePlan:
    """Cut the file at newlines and guess the types of columns that are not declared.

    Raises:
        FormatError: A line is no JSON object, or a column holds values of kinds that do not go together.
    """
    name = storage.relative(file.location)
    pieces: list[Looked] = []
    schemas: list[tuple[str, pa.Schema]] = []
    with open_text(storage, file.location, _ENCODING) as stream:
        head = stream.read(len(BOM))
        start = len(BOM) if head == BOM else 0
        divisible = is_divisible(file.location, _ENCODING)
        cutter = Cutter(options.partition_bytes, newline_end, options.inspect_bytes == 0, divisible)
        for piece in cutter.pieces(stream, start, head[start:], file.stamp.size):
            place = f"{name} after byte {piece.start}" if pieces else name
            try:
                table = guess(piece.sample, options.schema, place)
            except FormatError:
                if options.schema is None:
                    raise
                # Who reads decides what becomes of the rows that cannot be read.
                table = options.schema.empty_table()
                piece = replace(piece, whole=False)  # noqa: PLW2901
            schemas.append((place, table.schema))
            pieces.append(looked(piece, table))
    partitions = text_partitions(file, "json", pieces, divisible=divisible)
    return FilePlan(file, union_schemas(schemas, promote_json) if schemas else None, partitions)


def read(storage: Storage, partition: Partition, wanted: pa.Schema, options: ReadOptions) -> pa.Table:
    """Parse a partition's lines; other keys than the wanted are skipped over."""
    return stack(parse(data, wanted, place) for place, data in _blocks(storage, partition, options))


def stream(
    storage: Storage, partition: Partition, wanted: pa.Schema, options: ReadOptions, rows: int
) -> Iterator[RowBatch | BadRow]:
    """As `read`, block by block; lines that cannot be parsed are told instead."""
    del rows  # the caller cuts what a block gives
    first = (partition.first_row or 0) if partition.byte_range is not None else 1
    for place, data in _blocks(storage, partition, options):
        for found in _salvaged(data, wanted, place, first):
            yield found
            if first:
                first += len(found) if isinstance(found, RowBatch) else 1


def _salvaged(data: bytes, wanted: pa.Schema, place: str, first: int) -> Iterator[RowBatch | BadRow]:
    try:
        yield numbered(parse(data, wanted, place), first)
    except FormatError:
        lines = [line + b"\n" for line in data.split(b"\n") if line.strip()]
        yield from salvaged_records(lines, lambda some: parse(some, wanted, place), first)


def _blocks(storage: Storage, partition: Partition, options: ReadOptions) -> Iterator[tuple[str, bytes]]:
    name = storage.relative(partition.location)
    if partition.byte_range is not None:
        place = name if partition.first_row == 1 else f"{name} after byte {partition.byte_range[0]}"
        yield place, read_range(storage, partition)
        return
    with open_text(storage, partition.location, _ENCODING) as stream:
        head = stream.read(len(BOM))
        for data in blocks(stream, options.partition_bytes, newline_end, b"" if head == BOM else head):
            yield name, data
