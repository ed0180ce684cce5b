"""Which Arrow type holds the values of two others exactly, and so the schema of many files."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pyarrow as pa
import pyarrow.types as pt

from engine.errors import FormatError

Promote = Callable[[pa.DataType, pa.DataType], pa.DataType | None]

_TIME_UNITS = ("s", "ms", "us", "ns")
_DECIMAL_DIGITS = {8: 3, 16: 5, 32: 10, 64: 19}
_MAX_DECIMAL = 38


def plain(kind: pa.DataType) -> pa.DataType:
    """The type of the values, whatever their encoding in memory or on disk (dictionary, view, extension, ...)."""
    if pt.is_dictionary(kind) or pt.is_run_end_encoded(kind):
        return plain(kind.value_type)
    if isinstance(kind, pa.BaseExtensionType):
        return plain(kind.storage_type)
    if pt.is_string_view(kind):
        return pa.string()
    if pt.is_binary_view(kind):
        return pa.binary()
    if pt.is_list(kind) or pt.is_list_view(kind):
        return pa.list_(_plain_field(kind.value_field))
    if pt.is_large_list(kind) or pt.is_large_list_view(kind):
        return pa.large_list(_plain_field(kind.value_field))
    if pt.is_struct(kind):
        return pa.struct([_plain_field(child) for child in kind])
    return kind


def plain_schema(schema: pa.Schema) -> pa.Schema:
    """`plain` for every column; metadata goes too, or a pandas index would come back as columns vanish into it."""
    return pa.schema([_plain_field(column) for column in schema])


def _plain_field(column: pa.Field) -> pa.Field:
    return pa.field(column.name, plain(column.type), column.nullable)


def promote(left: pa.DataType, right: pa.DataType) -> pa.DataType | None:
    """The narrowest type that holds every value of both; None where there is none."""
    left, right = plain(left), plain(right)
    if left == right or pt.is_null(right):
        return left
    if pt.is_null(left):
        return right
    for rule in (_numbers, _moments, _texts, _nested):
        found = rule(left, right)
        if found is not None:
            return found
    return None


def promote_text(left: pa.DataType, right: pa.DataType) -> pa.DataType:
    """`promote` for columns whose source is text (CSV): text itself holds every value."""
    return promote(left, right) or pa.string()


def union_schemas(schemas: Iterable[tuple[str, pa.Schema]], rule: Promote = promote) -> pa.Schema:
    """One schema by column name for many files, in order of first appearance.

    A column is nullable unless every file has it and declares that it holds no nulls.

    Args:
        schemas: File names (for messages) and their schemas.
        rule: How two types of one column meet.

    Raises:
        FormatError: A column has types in two files that no type holds both of.
    """
    fields: dict[str, pa.Field] = {}
    origin: dict[str, str] = {}
    seen = 0
    for name, schema in schemas:
        for column in plain_schema(schema):
            first = fields.get(column.name)
            if first is None:
                fields[column.name] = column.with_nullable(column.nullable or seen > 0)
                origin[column.name] = name
                continue
            kind = rule(first.type, column.type)
            if kind is None:
                raise _clash(first, column, origin[column.name], name)
            if kind != first.type:
                origin[column.name] = name
            fields[column.name] = pa.field(column.name, kind, first.nullable or column.nullable)
        missing = fields.keys() - set(schema.names)
        fields.update({gone: fields[gone].with_nullable(True) for gone in missing})
        seen += 1
    return pa.schema(list(fields.values()))


def _clash(first: pa.Field, second: pa.Field, first_file: str, second_file: str) -> FormatError:
    return FormatError(
        f"column {first.name!r} is {first.type} in {first_file} and {second.type} in {second_file}",
        f"pass schema= with the type of {first.name!r}, or open the files apart",
        column=first.name,
        files=[first_file, second_file],
        types=[str(first.type), str(second.type)],
    )


def _numbers(left: pa.DataType, right: pa.DataType) -> pa.DataType | None:
    if pt.is_integer(left) and pt.is_integer(right):
        return _integers(left, right)
    if pt.is_decimal(left) or pt.is_decimal(right):
        return _decimals(left, right)
    kinds = (left, right)
    if not all(pt.is_integer(kind) or pt.is_floating(kind) for kind in kinds):
        return None
    # A float32 holds every integer of 16 bits; wider ones need a double (and past 2**53 the read refuses).
    wide = any(kind.bit_width > (16 if pt.is_integer(kind) else 32) for kind in kinds)
    return pa.float64() if wide else pa.float32()


def _integers(left: pa.DataType, right: pa.DataType) -> pa.DataType | None:
    if pt.is_signed_integer(left) == pt.is_signed_integer(right):
        return left if left.bit_width >= right.bit_width else right
    signed, unsigned = (left, right) if pt.is_signed_integer(left) else (right, left)
    wanted = max(signed.bit_width, unsigned.bit_width * 2)
    return {16: pa.int16(), 32: pa.int32(), 64: pa.int64()}.get(wanted)


def _decimals(left: pa.DataType, right: pa.DataType) -> pa.DataType | None:
    if pt.is_floating(left) or pt.is_floating(right):
        return pa.float64()
    shapes = [_decimal_shape(kind) for kind in (left, right)]
    if None in shapes:
        return None
    (whole_left, scale_left), (whole_right, scale_right) = (shape for shape in shapes if shape is not None)
    scale = max(scale_left, scale_right)
    precision = max(whole_left, whole_right) + scale
    return pa.decimal128(precision, scale) if precision <= _MAX_DECIMAL else None


def _decimal_shape(kind: pa.DataType) -> tuple[int, int] | None:
    """Digits before and after the point."""
    if pt.is_decimal(kind):
        return kind.precision - kind.scale, kind.scale
    if pt.is_integer(kind):
        return (20 if kind == pa.uint64() else _DECIMAL_DIGITS[kind.bit_width]), 0
    return None


def _moments(left: pa.DataType, right: pa.DataType) -> pa.DataType | None:
    if pt.is_date(left) and pt.is_date(right):
        return pa.date32()
    if pt.is_date(left) or pt.is_date(right):
        other = right if pt.is_date(left) else left
        return other if pt.is_timestamp(other) and other.tz is None else None
    if pt.is_timestamp(left) and pt.is_timestamp(right):
        if (left.tz is None) != (right.tz is None):
            return None
        return pa.timestamp(_finer(left, right), left.tz if left.tz == right.tz else "UTC")
    if pt.is_time(left) and pt.is_time(right):
        unit = _finer(left, right)
        return pa.time32(unit) if unit in ("s", "ms") else pa.time64(unit)
    if pt.is_duration(left) and pt.is_duration(right):
        return pa.duration(_finer(left, right))
    return None


def _finer(left: pa.DataType, right: pa.DataType) -> str:
    return max(left.unit, right.unit, key=_TIME_UNITS.index)


def is_text(kind: pa.DataType) -> bool:
    return bool(pt.is_string(kind) or pt.is_large_string(kind) or pt.is_string_view(kind))


def is_bytes(kind: pa.DataType) -> bool:
    return bool(
        pt.is_binary(kind)
        or pt.is_large_binary(kind)
        or pt.is_fixed_size_binary(kind)
        or pt.is_binary_view(kind)
    )


def _texts(left: pa.DataType, right: pa.DataType) -> pa.DataType | None:
    if is_text(left) and is_text(right):
        return pa.large_string()
    if is_bytes(left) and is_bytes(right):
        return pa.large_binary() if pa.large_binary() in (left, right) else pa.binary()
    return None


def is_listing(kind: pa.DataType) -> bool:
    return bool(pt.is_list(kind) or pt.is_large_list(kind) or pt.is_fixed_size_list(kind))


def _nested(left: pa.DataType, right: pa.DataType) -> pa.DataType | None:
    if is_listing(left) and is_listing(right):
        value = promote(left.value_type, right.value_type)
        large = pt.is_large_list(left) or pt.is_large_list(right)
        return None if value is None else (pa.large_list(value) if large else pa.list_(value))
    if pt.is_map(left) and pt.is_map(right):
        key, item = promote(left.key_type, right.key_type), promote(left.item_type, right.item_type)
        return None if key is None or item is None else pa.map_(key, item)
    if pt.is_struct(left) and pt.is_struct(right):
        return _structs(left, right)
    return None


def _structs(left: pa.DataType, right: pa.DataType) -> pa.DataType | None:
    children: dict[str, pa.Field] = {child.name: child.with_nullable(True) for child in left}
    for child in right:
        first = children.get(child.name)
        kind = child.type if first is None else promote(first.type, child.type)
        if kind is None:
            return None
        children[child.name] = pa.field(child.name, kind)
    return pa.struct(list(children.values()))
