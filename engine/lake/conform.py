"""Cast what a file holds to the schema of its source, where nothing is lost."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt

from engine.lake.promotion import is_bytes, is_listing, is_number, is_text, plain


class LossyCastError(Exception):
    """A column cannot be cast without loss; whoever knows the file or table tells its user."""

    def __init__(self, column: str, found: pa.DataType, wanted: pa.DataType, reason: str = "") -> None:
        super().__init__(column, found, wanted, reason)
        self.column, self.found, self.wanted, self.reason = column, found, wanted, reason

    def __str__(self) -> str:
        why = f" ({self.reason})" if self.reason else ""
        return f"column {self.column!r} is {self.found} and cannot become {self.wanted} without loss{why}"


def conform(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """The table with exactly the columns, order and types of `schema`; columns it lacks become null.

    Raises:
        LossyCastError: A value would change, or a column that may hold no null holds one.
    """
    if not len(schema):
        return table.select([])
    columns = [_column(table, wanted) for wanted in schema]
    return pa.Table.from_arrays(columns, schema=schema)


def _column(table: pa.Table, wanted: pa.Field) -> pa.ChunkedArray:
    position = table.schema.get_field_index(wanted.name)
    missing = position < 0
    found = pa.chunked_array([pa.nulls(len(table), wanted.type)]) if missing else table.column(position)
    cast = cast_exactly(found, wanted)
    if not wanted.nullable and cast.null_count:
        raise LossyCastError(wanted.name, found.type, wanted.type, f"{cast.null_count} nulls, none allowed")
    return cast


def cast_exactly(column: pa.ChunkedArray, wanted: pa.Field) -> pa.ChunkedArray:
    """Cast one column so that every value stays what it was.

    Raises:
        LossyCastError: The kinds do not fit (text to number, local time to instant, ...), or a value would
            change.
    """
    if column.type == wanted.type:
        return column
    found = plain(column.type)
    if not _same_kind(found, wanted.type):
        raise LossyCastError(wanted.name, column.type, wanted.type)
    try:
        decoded = _decode(column, found)
        cast = decoded.cast(wanted.type)
        rounded = _may_round(found, wanted.type) and not _equal(cast.cast(found, safe=False), decoded)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise LossyCastError(wanted.name, column.type, wanted.type, str(error)) from None
    if rounded:
        raise LossyCastError(wanted.name, column.type, wanted.type, "values would be rounded")
    return cast


def _decode(column: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray:
    if isinstance(column.type, pa.BaseExtensionType):
        column = pa.chunked_array([chunk.storage for chunk in column.chunks], column.type.storage_type)
    return column if column.type == kind else column.cast(kind)


def _same_kind(found: pa.DataType, wanted: pa.DataType) -> bool:
    """Whether values of one type can be values of the other at all."""
    if pt.is_null(found):
        return True
    if pt.is_nested(found) or pt.is_nested(wanted):
        return _same_shape(found, wanted)
    if pt.is_timestamp(found) and pt.is_timestamp(wanted):
        return (found.tz is None) == (wanted.tz is None)
    if pt.is_date(found) or pt.is_date(wanted):
        return _is_day(found) and _is_day(wanted)
    tests = (is_number, is_text, is_bytes, pt.is_time, pt.is_duration)
    return any(test(found) and test(wanted) for test in tests)


def _same_shape(found: pa.DataType, wanted: pa.DataType) -> bool:
    if is_listing(found) and is_listing(wanted):
        return _same_kind(found.value_type, wanted.value_type)
    if pt.is_map(found) and pt.is_map(wanted):
        return _same_kind(found.key_type, wanted.key_type) and _same_kind(found.item_type, wanted.item_type)
    if pt.is_struct(found) and pt.is_struct(wanted):
        children = {child.name: child.type for child in wanted}
        return all(child.name in children and _same_kind(child.type, children[child.name]) for child in found)
    return False


def _is_day(kind: pa.DataType) -> bool:
    return bool(pt.is_date(kind) or (pt.is_timestamp(kind) and kind.tz is None))


def _may_round(found: pa.DataType, wanted: pa.DataType) -> bool:
    """Whether Arrow's safe cast may still change a value.

    measured with pyarrow 25: it refuses to overflow or truncate integers, timestamps and decimals, but rounds
    double to float, decimal to double, integers to half floats and a timestamp to its date without a word.
    """
    if pt.is_struct(found):
        return any(_may_round(child.type, wanted.field(child.name).type) for child in found)
    if pt.is_map(found):
        return _may_round(found.key_type, wanted.key_type) or _may_round(found.item_type, wanted.item_type)
    if is_listing(found):
        return _may_round(found.value_type, wanted.value_type)
    if pt.is_floating(found) and pt.is_floating(wanted):
        return bool(wanted.bit_width < found.bit_width)
    if pt.is_floating(found) or pt.is_floating(wanted):
        return bool(pt.is_decimal(found) or pt.is_decimal(wanted) or pt.is_float16(wanted))
    return bool(pt.is_timestamp(found) and pt.is_date(wanted))


def _equal(left: pa.ChunkedArray, right: pa.ChunkedArray) -> bool:
    """Equality where NaN equals NaN, as it does for a value that was copied."""
    if not pt.is_floating(left.type):
        return bool(left.equals(right))
    nan_left, nan_right = pc.is_nan(left), pc.is_nan(right)
    zero = pa.scalar(0, left.type)
    same = pc.if_else(nan_left, zero, left).equals(pc.if_else(nan_right, zero, right))
    return bool(same and nan_left.equals(nan_right))
