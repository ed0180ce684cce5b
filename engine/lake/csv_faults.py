"""What is wrong with a block of CSV records, told by row, column and value."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence

import pyarrow as pa
import pyarrow.csv as pacsv

from engine.errors import FormatError
from engine.lake.csv_block import Block, read_block
from engine.lake.formats import CsvOptions
from engine.lake.text import bad_text, is_utf8

_SHOWN = 80


def fault(
    block: Block,
    types: Mapping[str, pa.DataType],
    options: CsvOptions,
    ragged: Sequence[pacsv.InvalidRow],
    reason: str,
) -> FormatError:
    """Find out what Arrow stumbled over: a ragged row, bytes that are no text, or a value of another type.

    Args:
        block: The records.
        types: What the columns were to be; empty where they were guessed.
        options: How the file is written.
        ragged: Records with too many or too few fields.
        reason: What Arrow said, if nothing better is found.
    """
    if ragged:
        return _ragged(block, ragged[0])
    encoding = _bad_encoding(block, options)
    if encoding is not None:
        return encoding
    found = _first_of_all(block, types, options)
    if found is None:
        return _plain_fault(block, reason)
    return _unfit(block, options.skip_rows + int(options.header), *found)


def _first_of_all(
    block: Block, types: Mapping[str, pa.DataType], options: CsvOptions
) -> tuple[str, pa.DataType, int, str | None] | None:
    """Column, type, row and text of the first value that is not of its column's type."""
    if not types:
        return None
    try:
        texts = read_block(block, dict.fromkeys(types, pa.string()), list(types), options)
    except pa.ArrowInvalid:
        return None
    for name, kind in types.items():
        row = _first_unfit(texts.column(name).combine_chunks(), kind, options)
        if row is not None:
            return name, kind, row, texts.column(name)[row].as_py()
    return None


def _first_unfit(texts: pa.Array, kind: pa.DataType, options: CsvOptions) -> int | None:
    """The row of the first text that is not of the type, by halving."""
    if _fits(texts, kind, options):
        return None
    low, high = 0, len(texts)
    while high - low > 1:
        middle = (low + high) // 2
        if _fits(texts.slice(low, middle - low), kind, options):
            low = middle
        else:
            high = middle
    return low


def _fits(texts: pa.Array, kind: pa.DataType, options: CsvOptions) -> bool:
    sink = io.BytesIO()
    pacsv.write_csv(pa.table({"text": texts}), sink, pacsv.WriteOptions(include_header=False))
    plain = CsvOptions(null_values=options.null_values)
    try:
        read_block(Block(sink.getvalue(), ("text",), ""), {"text": kind}, ["text"], plain)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return False
    return True


def _ragged(block: Block, row: pacsv.InvalidRow) -> FormatError:
    number = (row.number or 1) - 1
    return FormatError(
        f"{block.file}, {_place(block, number)}: {row.actual_columns} fields where the header has "
        f"{row.expected_columns}: {row.text[:_SHOWN]!r}",
        "quote fields that hold the delimiter, or pass the right delimiter=",
        file=block.file,
        row=number,
        byte=block.offset,
    )


def _unfit(
    block: Block, before: int, column: str, kind: pa.DataType, row: int, value: str | None
) -> FormatError:
    return FormatError(
        f"{block.file}, {_place(block, row)}, column {column!r}: {str(value)[:_SHOWN]!r} is no {kind}",
        f"pass schema= with a type for {column!r} that holds it (string holds all), or null_values= if it "
        "stands for a missing value",
        file=block.file,
        column=column,
        row=row,
        record=None if block.first_row is None else before + block.first_row + row,
        byte=block.offset,
        value=value,
    )


def _bad_encoding(block: Block, options: CsvOptions) -> FormatError | None:
    if not is_utf8(options.encoding):
        return None
    try:
        block.data.decode()
    except UnicodeDecodeError as error:
        return bad_text(block.file, options.encoding, block.offset or 0, error)
    return None


def _plain_fault(block: Block, reason: str) -> FormatError:
    return FormatError(
        f"{block.file}, {_place(block, 0)}: not readable as CSV: {reason.splitlines()[0]}",
        "check delimiter=, quote= and encoding=",
        file=block.file,
        byte=block.offset,
    )


def _place(block: Block, row: int) -> str:
    if block.first_row is not None:
        return f"row {block.first_row + row}"
    return (
        f"row {row + 1} after byte {block.offset}"
        if block.offset is not None
        else f"row {row + 1} of a block"
    )
