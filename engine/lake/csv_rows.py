"""CSV files as rows of texts, bad ones among them: for whoever decides row by row what to reject.

Each partition has the wanted fields as strings, and beside them how many fields a row has, the text of a row
that has another number of them, and where it stands.
"""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv

from engine.lake.csv_block import Block, read_block
from engine.lake.csv_faults import fault
from engine.lake.csv_files import are_divisible, csv_blocks, last_end_of
from engine.lake.csv_head import read_head
from engine.lake.csv_rewriting import open_records
from engine.lake.formats import CsvOptions, FilePlan, ReadOptions
from engine.lake.rows import stack
from engine.lake.text_pieces import Cutter, Looked, text_partitions

if TYPE_CHECKING:
    from engine.lake.globs import FoundFile
    from engine.lake.partition import Partition
    from engine.lake.storage import Storage

# Columns beside the fields: fields of the row, its text where they are not the right number, the byte at
# which its block begins, and its place in that block, from 0.
FIELDS, TEXT, START, PLACE = "__fields", "__text", "__start", "__place"
_OWN = pa.schema([(FIELDS, pa.int32()), (TEXT, pa.string()), (START, pa.int64()), (PLACE, pa.int64())])


def row_schema(names: tuple[str, ...]) -> pa.Schema:
    """The columns of rows of texts."""
    return pa.schema([*((name, pa.string()) for name in names), *_OWN])


def plan(storage: Storage, file: FoundFile, options: ReadOptions) -> FilePlan:
    """Cut a file at ends of records; nothing of it is parsed. Fields are called `c1`, `c2`, ...

    Raises:
        FormatError: The header has two columns of one name, or bytes that are no text.
    """
    plain = replace(options.csv, names=None)
    with open_records(storage, file.location, plain) as stream:
        head = read_head(stream, plain, storage.relative(file.location))
        if not head.names:
            return FilePlan(file, options.schema, ())
        divisible = are_divisible(file.location, plain)
        cutter = Cutter(options.partition_bytes, last_end_of(plain), sampled=True, seekable=divisible)
        pieces = [
            Looked(piece.start, piece.stop)
            for piece in cutter.pieces(stream, head.size, head.rest, file.stamp.size)
        ]
    wanted = [field.name for field in options.schema or () if field.name not in _OWN.names]
    header = tuple(f"c{at}" for at in range(1, max(len(head.names), len(wanted)) + 1))
    return FilePlan(
        file, options.schema, text_partitions(file, "rows", pieces, header=header, divisible=divisible)
    )


def read(storage: Storage, partition: Partition, wanted: pa.Schema, options: ReadOptions) -> pa.Table:
    """The wanted fields of each record as texts, and the columns beside them."""
    names = [field.name for field in wanted if field.name not in _OWN.names]
    plain = replace(options.csv, names=None)
    tables: list[pa.Table] = []
    for block in csv_blocks(storage, partition, replace(options, csv=plain)):
        # Blocks of a file that is read as a whole have no offset: their rows are counted on.
        tables.append(_rows(block, names, plain, sum(map(len, tables))))
    return stack(iter(tables)).select(wanted.names) if tables else wanted.empty_table()


def _rows(block: Block, names: list[str], options: CsvOptions, first: int) -> pa.Table:
    """A block's records in order: the good ones as Arrow reads them, the others one by one."""
    if not block.data.strip(b"\r\n"):
        return row_schema(tuple(names)).empty_table()
    ragged: list[pacsv.InvalidRow] = []

    def keep(row: pacsv.InvalidRow) -> str:
        ragged.append(row)
        return "skip"

    kinds = dict.fromkeys(names or [block.header[0]], pa.string())
    try:
        found = read_block(block, kinds, list(kinds), options, keep)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise fault(block, kinds, options, (), str(error)) from None
    bad = np.array([(row.number or 1) - 1 for row in ragged], np.int64)
    places = np.setdiff1d(np.arange(len(found) + len(ragged)), bad, assume_unique=True)
    good = _with_own(found.select(names), len(block.header), None, places + first, block)
    if not ragged:
        return good
    order = np.argsort(np.concatenate([places, bad]), kind="stable")
    return pa.concat_tables([good, *_ragged(ragged, names, block, options, first)]).take(pa.array(order))


def _ragged(
    rows: list[pacsv.InvalidRow], names: list[str], block: Block, options: CsvOptions, first: int
) -> list[pa.Table]:
    """Records with another number of fields: what fields they have, and their texts."""
    tables = []
    for row in rows:
        fields = next(csv.reader(io.StringIO(row.text), delimiter=options.delimiter), [])
        known = dict(zip(block.header, fields, strict=False))
        columns = {name: pa.array([known.get(name) or None], pa.string()) for name in names}
        table = pa.table(columns) if columns else pa.table({FIELDS: [0]}).select([])
        place = np.array([first + (row.number or 1) - 1])
        tables.append(_with_own(table, row.actual_columns, row.text, place, block))
    return tables


def _with_own(table: pa.Table, fields: int, text: str | None, places: np.ndarray, block: Block) -> pa.Table:
    size = len(places)
    own = [
        pa.repeat(pa.scalar(fields, pa.int32()), size),
        pa.repeat(pa.scalar(text, pa.string()), size),
        pa.repeat(pa.scalar(block.offset or 0, pa.int64()), size),
        pa.array(places, pa.int64()),
    ]
    columns = [*table.columns, *own]
    return pa.Table.from_arrays(columns, schema=row_schema(tuple(table.schema.names)))
