"""From JSON lines to Arrow, of types that are known or guessed."""

from __future__ import annotations

import io

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as pajson
import pyarrow.types as pt

from engine.errors import FormatError
from engine.lake.json_faults import fault, unfit
from engine.lake.promotion import is_listing, is_text

_MIN_BLOCK = 1 << 16
_MOMENT = r"^\d{4}-\d\d-\d\d"
_MOMENTS = (
    pa.date32(),
    pa.timestamp("us"),
    pa.timestamp("us", "UTC"),
    pa.timestamp("ns"),
    pa.timestamp("ns", "UTC"),
)
# Holds unsigned integers, and meets signed ones in itself.
_LONG_INTEGER = pa.decimal128(38, 0)
_INT64_END = 2.0**63


def guess(data: bytes, declared: pa.Schema | None, place: str) -> pa.Table:
    """Parse whole lines; columns that are not declared get the types that fit all their values.

    Texts that are dates or timestamps become such, in every column but nested ones; numbers that are integers
    of more than 63 bits become decimals, and of more than 64 doubles, as JSON's numbers are.

    Raises:
        FormatError: A line is no JSON object, or a column holds values of kinds that do not go together.
    """
    table = _read(data, _with_texts(declared or pa.schema([])), place, others="infer")
    moments = pa.schema([field for field in table.schema if _as_text(field.type) != field.type])
    if len(moments):
        again = _read(data, _with_texts(moments), place, others="ignore")
        for name in moments.names:
            table = table.set_column(table.schema.get_field_index(name), name, again.column(name))
    for position, field in enumerate(table.schema):
        column = table.column(position)
        if is_text(field.type):
            table = table.set_column(position, field.name, _moment(column))
        elif pt.is_float64(field.type) and (pc.max(pc.abs(column)).as_py() or 0) >= _INT64_END:
            table = table.set_column(position, field.name, _long(column, field.name, data))
    return table


def parse(data: bytes, wanted: pa.Schema, place: str) -> pa.Table:
    """Parse whole lines into the wanted columns; other keys are skipped over.

    Raises:
        FormatError: See `guess`; or a value is not of its column's type.
    """
    table = _read(data, _with_texts(wanted), place, others="ignore")
    for position, field in enumerate(wanted):
        if pt.is_temporal(field.type):
            texts = table.column(position)
            try:
                table = table.set_column(position, field.name, texts.cast(field.type))
            except pa.ArrowInvalid:
                raise unfit(texts, field.name, field.type, place) from None
    return table


def _with_texts(schema: pa.Schema) -> pa.Schema:
    return pa.schema([field.with_type(_as_text(field.type)) for field in schema])


def _as_text(kind: pa.DataType) -> pa.DataType:
    """The type to ask Arrow for: moments are taken as text and cast after.

    measured with pyarrow 25: its JSON reader takes "...Z" for local time and "...:00.5" for text.
    """
    if pt.is_struct(kind):
        return pa.struct([child.with_type(_as_text(child.type)) for child in kind])
    if is_listing(kind):
        return pa.list_(kind.value_field.with_type(_as_text(kind.value_type)))
    return pa.string() if pt.is_temporal(kind) else kind


def _read(data: bytes, explicit: pa.Schema, place: str, *, others: str) -> pa.Table:
    if not data.strip():
        return explicit.empty_table()
    try:
        # Arrow's JSON reader lets bytes pass that are no UTF-8.
        pa.array([data], pa.large_binary()).cast(pa.large_string())
        return pajson.read_json(
            io.BytesIO(data),
            read_options=pajson.ReadOptions(use_threads=False, block_size=max(len(data) + 1, _MIN_BLOCK)),
            parse_options=pajson.ParseOptions(
                explicit_schema=explicit, unexpected_field_behavior=others, newlines_in_values=False
            ),
        )
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, UnicodeDecodeError) as error:
        raise fault(data, explicit, place, error) from None


def _moment(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    """The texts as dates or timestamps if every one is such, else as they are."""
    if texts.null_count == len(texts) or not pc.all(pc.match_substring_regex(texts, _MOMENT)).as_py():
        return texts
    for kind in _MOMENTS:
        try:
            return texts.cast(kind)
        except pa.ArrowInvalid:
            continue
    return texts


def _long(column: pa.ChunkedArray, name: str, data: bytes) -> pa.ChunkedArray:
    """The numbers as integers, if every one is one of 64 bits."""
    try:
        return (
            _read(data, pa.schema([(name, pa.uint64())]), "", others="ignore")
            .column(name)
            .cast(_LONG_INTEGER)
        )
    except FormatError:
        return column
