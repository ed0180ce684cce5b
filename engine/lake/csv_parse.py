"""From the text of CSV records to Arrow, of types that are known or guessed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.csv as pacsv

from engine.lake import csv_types
from engine.lake.csv_block import Block, read_block
from engine.lake.csv_faults import fault

if TYPE_CHECKING:
    from engine.lake.formats import CsvOptions


def parse(block: Block, types: Mapping[str, pa.DataType], options: CsvOptions) -> pa.Table:
    """Read the columns that `types` names, of these types.

    Raises:
        FormatError: A record has too many or too few fields, or a value is not of its type.
    """
    wanted = [name for name in block.header if name in types]
    # Arrow takes an empty list for all columns; one is enough to count the records.
    kinds = {name: types[name] for name in wanted} or {block.header[0]: pa.string()}
    return _read(block, kinds, list(kinds), options).select(wanted)


def infer(
    block: Block, declared: Mapping[str, pa.DataType], options: CsvOptions
) -> tuple[pa.Schema, pa.Table]:
    """The types of all columns by what the block holds (declared ones as declared), and the block itself.

    Raises:
        FormatError: See `parse`.
    """
    known = {name: kind for name, kind in declared.items() if name in block.header}
    unknown = [name for name in block.header if name not in known]
    columns: dict[str, pa.ChunkedArray] = {}
    kinds = dict(known)
    if known:
        columns |= _columns(parse(block, known, options))
    if unknown:
        guessed = _read(block, {}, unknown, options)
        doubtful = csv_types.doubtful(guessed, block.data)
        texts = dict.fromkeys(doubtful, pa.string())
        settled = csv_types.settle(guessed, parse(block, texts, options) if texts else guessed.select([]))
        columns |= _columns(guessed)
        kinds |= {field.name: field.type for field in settled}
    table = pa.table({name: columns[name] for name in block.header})
    return pa.schema([pa.field(name, kinds[name]) for name in block.header]), table


def _columns(table: pa.Table) -> dict[str, pa.ChunkedArray]:
    return dict(zip(table.schema.names, table.columns, strict=True))


def _read(
    block: Block, types: Mapping[str, pa.DataType], include: Sequence[str], options: CsvOptions
) -> pa.Table:
    if not block.data.strip(b"\r\n"):
        return pa.schema([pa.field(name, types.get(name, pa.null())) for name in include]).empty_table()
    ragged: list[pacsv.InvalidRow] = []

    def refuse(row: pacsv.InvalidRow) -> str:
        ragged.append(row)
        return "error"

    try:
        table = read_block(block, types, include, options, refuse)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowKeyError) as error:
        raise fault(block, types, options, ragged, str(error)) from None
    # What is no UTF-8 Arrow guesses to be bytes; nobody else asks for them.
    if pa.binary() in table.schema.types and not types:
        raise fault(block, types, options, (), "the text is not UTF-8")
    return table
