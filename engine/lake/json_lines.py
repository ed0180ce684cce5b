"""JSON lines: one object per line; partitions are ranges of bytes between lines."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as pajson
import pyarrow.types as pt

from engine.errors import FormatError
from engine.lake.formats import FilePlan, ReadOptions
from engine.lake.promotion import is_text, promote_json
from engine.lake.rows import stack
from engine.lake.text import BOM, blocks, newline_end, open_text, read_range
from engine.lake.text_pieces import Cutter, Looked, is_divisible, looked, text_partitions
from engine.lake.union import union_schemas

if TYPE_CHECKING:
    from engine.lake.globs import FoundFile
    from engine.lake.partition import Partition
    from engine.lake.storage import Storage

_ENCODING = "utf-8"
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
            table = _typed(
                _parse(piece.sample, _explicit(options.schema), "infer", place), piece.sample, place
            )
            schemas.append((place, table.schema))
            pieces.append(looked(piece, table))
    partitions = text_partitions(file, "json", pieces, divisible=divisible)
    return FilePlan(file, union_schemas(schemas, promote_json) if schemas else None, partitions)


def read(storage: Storage, partition: Partition, wanted: pa.Schema, options: ReadOptions) -> pa.Table:
    """Parse a partition's lines; other keys than the wanted are skipped over."""
    tables = [
        _moments(_parse(data, _explicit(wanted), "ignore", place), wanted, place)
        for place, data in _blocks(storage, partition, options)
    ]
    return stack(tables)


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


def _explicit(schema: pa.Schema | None) -> pa.Schema:
    """The types to ask Arrow for: moments are taken as text and cast after.

    measured with pyarrow 25: its JSON reader takes "...Z" for local time and "...:00.5" for text.
    """
    return pa.schema(
        [field.with_type(pa.string()) if _is_moment(field.type) else field for field in schema or ()]
    )


def _is_moment(kind: pa.DataType) -> bool:
    return bool(pt.is_temporal(kind))


def _parse(data: bytes, explicit: pa.Schema, others: str, place: str) -> pa.Table:
    if not data.strip():
        return explicit.empty_table()
    try:
        pa.array([data], pa.large_binary()).cast(
            pa.large_string()
        )  # is it UTF-8? the JSON reader does not ask
        return pajson.read_json(
            io.BytesIO(data),
            read_options=pajson.ReadOptions(use_threads=False, block_size=max(len(data) + 1, _MIN_BLOCK)),
            parse_options=pajson.ParseOptions(
                explicit_schema=explicit, unexpected_field_behavior=others, newlines_in_values=False
            ),
        )
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, UnicodeDecodeError) as error:
        raise _fault(data, explicit, place, error) from None


def _typed(table: pa.Table, data: bytes, place: str) -> pa.Table:
    """Give texts that are moments and numbers that are long integers their own types."""
    texts = [field.name for field in table.schema if _is_moment(field.type)]
    if texts:
        as_text = _parse(data, pa.schema([(name, pa.string()) for name in texts]), "ignore", place)
        for name in texts:
            table = table.set_column(table.schema.get_field_index(name), name, as_text.column(name))
    for position, field in enumerate(table.schema):
        column = table.column(position)
        if is_text(field.type):
            table = table.set_column(position, field.name, _moment(column))
        elif pt.is_float64(field.type) and (pc.max(pc.abs(column)).as_py() or 0) >= _INT64_END:
            table = table.set_column(position, field.name, _long(column, field.name, data))
    return table


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
    """The numbers as integers if every one has 64 bits; larger ones stay doubles, as JSON's numbers are."""
    try:
        return _parse(data, pa.schema([(name, pa.uint64())]), "ignore", "").column(name).cast(_LONG_INTEGER)
    except FormatError:
        return column


def _moments(table: pa.Table, wanted: pa.Schema, place: str) -> pa.Table:
    for position, field in enumerate(table.schema):
        kind = wanted.field(field.name).type
        if _is_moment(kind):
            texts = table.column(position)
            try:
                table = table.set_column(position, field.name, texts.cast(kind))
            except pa.ArrowInvalid:
                raise _unfit(texts, field.name, kind, place) from None
    return table


def _unfit(texts: pa.ChunkedArray, column: str, kind: pa.DataType, place: str) -> FormatError:
    for row, text in enumerate(texts):
        try:
            text.cast(kind)
        except pa.ArrowInvalid:
            return _bad_value(place, row, column, text.as_py(), str(kind))
    return _bad_value(place, 0, column, None, str(kind))


def _fault(data: bytes, explicit: pa.Schema, place: str, error: Exception) -> FormatError:
    """Find the line that Arrow stumbled over."""
    kinds: dict[str, type] = {field.name: _python_kind(field.type) for field in explicit}
    for row, line in enumerate(data.splitlines()):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except ValueError:
            return _bad_line(place, row, line, "is no JSON")
        if not isinstance(record, dict):
            return _bad_line(place, row, line, "is no JSON object")
        clash = _clash(record, kinds)
        if clash is not None:
            return _bad_value(place, row, clash, record[clash], kinds[clash].__name__)
    return FormatError(
        f"{place}: not readable as JSON lines: {error}", "write one object per line", file=place
    )


def _clash(record: Mapping[str, Any], kinds: dict[str, type]) -> str | None:
    """The first key whose value is of another kind than the values before it."""
    for key, value in record.items():
        found = type(value)
        known = kinds.setdefault(key, float if found is int else found) if value is not None else object
        if known is not object and found is not known and (known, found) != (float, int):
            return key
    return None


def _python_kind(kind: pa.DataType) -> type:
    tests = (
        (is_text, str),
        (pt.is_boolean, bool),
        (pt.is_integer, int),
        (pt.is_floating, float),
        (pt.is_struct, dict),
        (pt.is_list, list),
    )
    return next((python for test, python in tests if test(kind)), object)


def _bad_line(place: str, row: int, line: bytes, what: str) -> FormatError:
    shown = line[:80].decode(errors="replace")
    return FormatError(
        f"{place}, line {row + 1} {what}: {shown!r}", "write one object per line", file=place, row=row
    )


def _bad_value(place: str, row: int, column: str, value: Any, kind: str) -> FormatError:
    return FormatError(
        f"{place}, line {row + 1}, column {column!r}: {str(value)[:80]!r} is no {kind}",
        "write values of one kind per column, or pass schema= with a type that holds them",
        file=place,
        column=column,
        row=row,
        value=value,
    )
