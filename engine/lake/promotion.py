"""Which Arrow type holds the values of two others exactly."""

from __future__ import annotations

from collections.abc import Callable

import pyarrow as pa
import pyarrow.types as pt

Promote = Callable[[pa.DataType, pa.DataType], "pa.DataType | None"]

_TIME_UNITS = ("s", "ms", "us", "ns")
_VIEWS = {pa.string_view(): pa.string(), pa.binary_view(): pa.binary()}
_SIGNED = {16: pa.int16(), 32: pa.int32(), 64: pa.int64()}
# Digits of the largest integer of so many bits.
_DIGITS = {8: 3, 16: 5, 32: 10, 64: 20}
_MOST_DIGITS = 38


def plain(kind: pa.DataType) -> pa.DataType:
    """The type of the values, whatever their encoding in memory or on disk (dictionary, view, extension)."""
    if pt.is_dictionary(kind) or pt.is_run_end_encoded(kind):
        return plain(kind.value_type)
    if isinstance(kind, pa.BaseExtensionType):
        return plain(kind.storage_type)
    return _plain_nested(kind) if pt.is_nested(kind) else _VIEWS.get(kind, kind)


def plain_field(field: pa.Field) -> pa.Field:
    """`plain` for a column, without its metadata."""
    return pa.field(field.name, plain(field.type), field.nullable)


def plain_schema(schema: pa.Schema) -> pa.Schema:
    """`plain` for every column; without metadata, in which pandas would find columns to make an index of."""
    return pa.schema([plain_field(field) for field in schema])


def promote(left: pa.DataType, right: pa.DataType) -> pa.DataType | None:
    """The narrowest type that holds every value of both; None where there is none.

    >>> promote(pa.int32(), pa.float32()), promote(pa.date32(), pa.timestamp("us"))
    (DataType(double), TimestampType(timestamp[us]))
    """
    left, right = plain(left), plain(right)
    if left == right or pt.is_null(right):
        return left
    if pt.is_null(left):
        return right
    found = (rule(left, right) for rule in (_numbers, _moments, _texts, _nested))
    return next((kind for kind in found if kind is not None), None)


def promote_text(left: pa.DataType, right: pa.DataType) -> pa.DataType:
    """`promote` for columns whose source is text (CSV): text itself holds every value."""
    return promote(left, right) or pa.string()


def promote_json(left: pa.DataType, right: pa.DataType) -> pa.DataType | None:
    """`promote` for JSON, where dates and timestamps are texts that look like them."""
    texts = all(is_text(kind) or pt.is_temporal(kind) for kind in (left, right))
    return promote(left, right) or (pa.string() if texts else None)


def is_number(kind: pa.DataType) -> bool:
    return bool(pt.is_integer(kind) or pt.is_floating(kind) or pt.is_decimal(kind))


def is_text(kind: pa.DataType) -> bool:
    return bool(pt.is_string(kind) or pt.is_large_string(kind) or pt.is_string_view(kind))


def is_bytes(kind: pa.DataType) -> bool:
    tests = (pt.is_binary, pt.is_large_binary, pt.is_fixed_size_binary, pt.is_binary_view)
    return any(test(kind) for test in tests)


def is_listing(kind: pa.DataType) -> bool:
    return bool(pt.is_list(kind) or pt.is_large_list(kind) or pt.is_fixed_size_list(kind))


def _plain_nested(kind: pa.DataType) -> pa.DataType:
    if pt.is_struct(kind):
        return pa.struct([plain_field(child) for child in kind])
    if pt.is_map(kind):
        return pa.map_(plain(kind.key_type), plain(kind.item_type))
    if pt.is_list(kind) or pt.is_list_view(kind):
        return pa.list_(plain_field(kind.value_field))
    if pt.is_large_list(kind) or pt.is_large_list_view(kind):
        return pa.large_list(plain_field(kind.value_field))
    return kind


def _numbers(left: pa.DataType, right: pa.DataType) -> pa.DataType | None:
    if not (is_number(left) and is_number(right)):
        return None
    if pt.is_floating(left) or pt.is_floating(right):
        # A float32 holds every integer of 16 bits; wider ones need a double (and past 2**53 a read refuses).
        return pa.float32() if _width(left) <= 32 and _width(right) <= 32 else pa.float64()
    if pt.is_decimal(left) or pt.is_decimal(right):
        return _decimals(left, right)
    return _integers(left, right)


def _width(kind: pa.DataType) -> int:
    """Bits of the floating type that holds every value of a number's type."""
    if pt.is_decimal(kind):
        return 64
    bits = int(kind.bit_width)
    return bits if pt.is_floating(kind) else 2 * bits


def _integers(left: pa.DataType, right: pa.DataType) -> pa.DataType | None:
    if pt.is_signed_integer(left) == pt.is_signed_integer(right):
        return left if left.bit_width >= right.bit_width else right
    signed, unsigned = (left, right) if pt.is_signed_integer(left) else (right, left)
    return _SIGNED.get(max(signed.bit_width, 2 * unsigned.bit_width))


def _decimals(left: pa.DataType, right: pa.DataType) -> pa.DataType | None:
    (whole_left, scale_left), (whole_right, scale_right) = _digits(left), _digits(right)
    scale = max(scale_left, scale_right)
    precision = max(whole_left, whole_right) + scale
    return pa.decimal128(precision, scale) if precision <= _MOST_DIGITS else None


def _digits(kind: pa.DataType) -> tuple[int, int]:
    """Digits before and after the point."""
    return (kind.precision - kind.scale, kind.scale) if pt.is_decimal(kind) else (_DIGITS[kind.bit_width], 0)


def _moments(left: pa.DataType, right: pa.DataType) -> pa.DataType | None:
    if pt.is_date(left) or pt.is_date(right):
        return _dates(left, right)
    if pt.is_timestamp(left) and pt.is_timestamp(right):
        if (left.tz is None) != (right.tz is None):
            return None  # a local time and an instant have no common meaning
        return pa.timestamp(_finer(left, right), left.tz if left.tz == right.tz else "UTC")
    if pt.is_time(left) and pt.is_time(right):
        unit = _finer(left, right)
        return pa.time32(unit) if unit in ("s", "ms") else pa.time64(unit)
    return pa.duration(_finer(left, right)) if pt.is_duration(left) and pt.is_duration(right) else None


def _dates(left: pa.DataType, right: pa.DataType) -> pa.DataType | None:
    other = right if pt.is_date(left) else left
    if pt.is_date(other):
        return pa.date32()
    return other if pt.is_timestamp(other) and other.tz is None else None


def _finer(left: pa.DataType, right: pa.DataType) -> str:
    units: list[str] = [left.unit, right.unit]
    return max(units, key=_TIME_UNITS.index)


def _texts(left: pa.DataType, right: pa.DataType) -> pa.DataType | None:
    if is_text(left) and is_text(right):
        return pa.large_string()
    if is_bytes(left) and is_bytes(right):
        return pa.large_binary() if pa.large_binary() in (left, right) else pa.binary()
    return None


def _nested(left: pa.DataType, right: pa.DataType) -> pa.DataType | None:
    if is_listing(left) and is_listing(right):
        value = promote(left.value_type, right.value_type)
        large = pt.is_large_list(left) or pt.is_large_list(right)
        return None if value is None else (pa.large_list(value) if large else pa.list_(value))
    if pt.is_map(left) and pt.is_map(right):
        key, item = promote(left.key_type, right.key_type), promote(left.item_type, right.item_type)
        return None if key is None or item is None else pa.map_(key, item)
    return _structs(left, right) if pt.is_struct(left) and pt.is_struct(right) else None


def _structs(left: pa.DataType, right: pa.DataType) -> pa.DataType | None:
    children: dict[str, pa.Field] = {child.name: child.with_nullable(True) for child in left}
    for child in right:
        first = children.get(child.name)
        kind = child.type if first is None else promote(first.type, child.type)
        if kind is None:
            return None
        children[child.name] = pa.field(child.name, kind)
    return pa.struct(list(children.values()))
