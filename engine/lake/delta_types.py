"""What Delta can hold, and how other Arrow types become it without loss."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.types as pt

from engine.errors import WriteError
from engine.lake.promotion import is_bytes, is_listing, is_text, plain

_UNSIGNED = {8: pa.int16(), 16: pa.int32(), 32: pa.int64(), 64: pa.int64()}


def delta_schema(schema: pa.Schema) -> pa.Schema:
    """The schema of a Delta table that holds data of `schema`.

    What changes: unsigned integers take the next wider signed type (uint64 becomes int64), timestamps become
    microseconds and, with a zone, UTC; float16 becomes float32; dictionaries and extensions their values; a
    column of nothing but nulls becomes string. Values are checked when they are written: one that does not
    fit (a uint64 past 2**63, nanoseconds that are not whole microseconds) is refused, never rounded.

    Raises:
        WriteError: A column's type has no equal in Delta (time, duration, interval, decimals of more than 38
            digits), two names differ in case only, or there is no column.
    """
    if not len(schema):
        raise WriteError("a table needs at least one column", "select some columns")
    seen: dict[str, str] = {}
    for name in schema.names:
        other = seen.setdefault(name.casefold(), name)
        if other is not name:
            raise WriteError(
                f"columns {other!r} and {name!r} differ in case only",
                "Delta wants one of them renamed",
                column=name,
            )
    return pa.schema([pa.field(field.name, _held(field), field.nullable) for field in schema])


def _held(field: pa.Field) -> pa.DataType:
    kind = _equal(plain(field.type))
    if kind is None:
        raise WriteError(
            f"column {field.name!r} is {field.type}, which Delta cannot hold",
            "cast it first, a time or duration to a number or string",
            column=field.name,
            type=str(field.type),
        )
    return kind


def _equal(kind: pa.DataType) -> pa.DataType | None:
    """Delta's type for one of Arrow's, None if there is none."""
    if pt.is_nested(kind):
        return _nested(kind)
    if pt.is_unsigned_integer(kind):
        return _UNSIGNED[kind.bit_width]
    if pt.is_timestamp(kind):
        return pa.timestamp("us", None if kind.tz is None else "UTC")
    if pt.is_decimal(kind):
        return pa.decimal128(kind.precision, kind.scale) if kind.precision <= 38 and kind.scale >= 0 else None
    renamed = (
        (pt.is_signed_integer(kind) or pt.is_boolean(kind), kind),
        (pt.is_floating(kind), pa.float32() if pt.is_float16(kind) else kind),
        (pt.is_null(kind) or is_text(kind), pa.string()),
        (is_bytes(kind), pa.binary()),
        (pt.is_date(kind), pa.date32()),
    )
    return next((wanted for fits, wanted in renamed if fits), None)


def _nested(kind: pa.DataType) -> pa.DataType | None:
    if pt.is_struct(kind):
        children = [(child, _equal(plain(child.type))) for child in kind]
        if not children or any(wanted is None for _, wanted in children):
            return None
        return pa.struct([pa.field(child.name, wanted, child.nullable) for child, wanted in children])
    if pt.is_map(kind):
        key, item = _equal(plain(kind.key_type)), _equal(plain(kind.item_type))
        return None if key is None or item is None else pa.map_(key, item)
    value = _equal(plain(kind.value_type)) if is_listing(kind) else None
    return None if value is None else pa.list_(pa.field("element", value, kind.value_field.nullable))
