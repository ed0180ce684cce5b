"""From the text of CSV records to Arrow, with faults told by row, column and value."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.csv as pacsv

from engine.errors import FormatError
from engine.lake import csv_types
from engine.lake.formats import CsvOptions
from engine.lake.text import bad_text, is_utf8

_MIN_BLOCK = 1 << 16
_SHOWN = 80
_TRUE = ["true", "True", "TRUE"]
_FALSE = ["false", "False", "FALSE"]


@dataclass(frozen=True, slots=True)
class Block:
    """Whole records in UTF-8, and where they come from.

    Attributes:
        file: The file's name, for messages.
        offset: Byte of the file at which they start; None in compressed or re-encoded files.
        first_row: Number of the first record, from 1; None if records before it were not counted.
    """

    data: bytes
    header: tuple[str, ...]
    file: str
    offset: int | None = 0
    first_row: int | None = 1


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
        texts = (
            parse(block, dict.fromkeys(doubtful, pa.string()), options) if doubtful else guessed.select([])
        )
        columns |= _columns(guessed)
        kinds |= {field.name: field.type for field in csv_types.settle(guessed, texts)}
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
        table = _arrow_read(block.data, block.header, types, include, options, refuse)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowKeyError) as error:
        raise _fault(block, types, options, ragged, error) from None
    broken = [name for name, kind in zip(include, table.schema.types, strict=True) if kind == pa.binary()]
    if any(name not in types for name in broken):
        raise _bad_encoding(block, options) or _plain_fault(block, "the text is not UTF-8")
    return table


def _arrow_read(
    data: bytes,
    header: Sequence[str],
    types: Mapping[str, pa.DataType],
    include: Sequence[str],
    options: CsvOptions,
    refuse: Callable[[pacsv.InvalidRow], str] | None = None,
) -> pa.Table:
    return pacsv.read_csv(
        io.BytesIO(data),
        # One block: no record can straddle two, and types are inferred from all of the text.
        read_options=pacsv.ReadOptions(
            use_threads=False, column_names=list(header), block_size=max(len(data) + 1, _MIN_BLOCK)
        ),
        parse_options=pacsv.ParseOptions(
            delimiter=options.delimiter,
            quote_char=options.quote or False,
            escape_char=options.escape or False,
            newlines_in_values=True,
            invalid_row_handler=refuse,
        ),
        convert_options=pacsv.ConvertOptions(
            include_columns=list(include),
            column_types={name: kind for name, kind in types.items() if name in include},
            null_values=list(options.null_values),
            strings_can_be_null=True,
            quoted_strings_can_be_null=True,
            # Digits are booleans only if somebody says so: in one block they may be alone, in the next not.
            true_values=[*_TRUE, "1"] if types else _TRUE,
            false_values=[*_FALSE, "0"] if types else _FALSE,
        ),
    )


def _fault(
    block: Block,
    types: Mapping[str, pa.DataType],
    options: CsvOptions,
    ragged: Sequence[pacsv.InvalidRow],
    error: Exception,
) -> FormatError:
    """Find out what Arrow stumbled over: a ragged row, bytes that are no text, or a value of another type."""
    if ragged:
        return _ragged(block, ragged[0])
    encoding = _bad_encoding(block, options)
    if encoding is not None:
        return encoding
    texts = _arrow_read(
        block.data, block.header, dict.fromkeys(block.header, pa.string()), block.header, options
    )
    for name, kind in types.items():
        row = (
            _first_unfit(texts.column(name).combine_chunks(), kind, options) if name in block.header else None
        )
        if row is not None:
            return _unfit(block, name, kind, row, texts.column(name)[row].as_py())
    return _plain_fault(block, str(error))


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
        _arrow_read(sink.getvalue(), ["text"], {"text": kind}, ["text"], plain)
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


def _unfit(block: Block, column: str, kind: pa.DataType, row: int, value: str | None) -> FormatError:
    return FormatError(
        f"{block.file}, {_place(block, row)}, column {column!r}: {str(value)[:_SHOWN]!r} is no {kind}",
        f"pass schema= with a type for {column!r} that holds it (string holds all), or null_values= if it "
        "stands for a missing value",
        file=block.file,
        column=column,
        row=row,
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
