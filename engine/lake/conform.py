"""Cast what a file holds to the schema of its source, where nothing is lost."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt

from engine.lake.promotion import is_bytes, is_listing, is_text, plain


class LossyCastError(Exception):
    """A column cannot be cast without loss; whoever knows the file turns this into a FormatError."""

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
    columns = []
    for wanted in schema:
        position = table.schema.get_field_index(wanted.name)
        found = (
            table.column(position) if position >= 0 else pa.chunked_array([pa.nulls(len(table), wanted.type)])
        )
        cast = cast_exactly(found, wanted)
        if not wanted.nullable and cast.null_count:
            raise LossyCastError(
                wanted.name, found.type, wanted.type, f"{cast.null_count} nulls, none allowed"
            )
        columns.append(cast)
    if not columns:
        return table.select([])
    return pa.Table.from_arrays(columns, schema=schema)


def cast_exactly(column: pa.ChunkedArray, wanted: pa.Field) -> pa.ChunkedArray:
    """Cast one column so that every value stays what it was.

    Raises:
        LossyCastError: The kinds do not fit (text to number, local time to instant, ...) or a value would change.
    """
    if column.type == wanted.type:
        return column
    found = plain(column.type)
    if not _same_kind(found, wanted.type):
        raise LossyCastError(wanted.name, column.type, wanted.type)
    try:
        decoded = column if found == column.type else _decode(column, found)
        cast = decoded.cast(wanted.type)
        changed = _may_round(found, wanted.type) and not _equal(cast.cast(found, safe=False), decoded)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise LossyCastError(wanted.name, column.type, wanted.type, str(error)) from None
    if changed:
        raise LossyCastError(wanted.name, column.type, wanted.type, "values would be rounded")
    return cast


def _decode(column: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray:
    if isinstance(column.type, pa.BaseExtensionType):
        column = pa.chunked_array([chunk.storage for chunk in column.chunks], column.type.storage_type)
    return column.cast(kind)


def _same_kind(found: pa.DataType, wanted: pa.DataType) -> bool:
    """Whether values of one type can be values of the other at all."""
    if pt.is_null(found):
        return True
    if pt.is_timestamp(found) and pt.is_timestamp(wanted):
        return (found.tz is None) == (wanted.tz is None)
    if pt.is_date(found) or pt.is_date(wanted):
        return all(
            pt.is_date(kind) or (pt.is_timestamp(kind) and kind.tz is None) for kind in (found, wanted)
        )
    if is_listing(found) and is_listing(wanted):
        return _same_kind(found.value_type, wanted.value_type)
    if pt.is_map(found) and pt.is_map(wanted):
        return _same_kind(found.key_type, wanted.key_type) and _same_kind(found.item_type, wanted.item_type)
    if pt.is_struct(found) and pt.is_struct(wanted):
        return all(_child_fits(child, wanted) for child in found)
    return any(
        kind(found) and kind(wanted) for kind in (_is_number, is_text, is_bytes, pt.is_time, pt.is_duration)
    )


def _child_fits(child: pa.Field, wanted: pa.DataType) -> bool:
    position = wanted.get_field_index(child.name)
    return position >= 0 and _same_kind(child.type, wanted.field(position).type)


def _is_number(kind: pa.DataType) -> bool:
    return bool(pt.is_integer(kind) or pt.is_floating(kind) or pt.is_decimal(kind))


def _may_round(found: pa.DataType, wanted: pa.DataType) -> bool:
    """Whether Arrow's safe cast may still change a value.

    measured with pyarrow 25: it refuses to overflow or truncate integers, timestamps and decimals, but rounds
    double to float, decimal to double and a timestamp to its date without a word.
    """
    if pt.is_floating(found) and pt.is_floating(wanted):
        return bool(wanted.bit_width < found.bit_width)
    if pt.is_nested(found):
        return True
    return bool(
        (pt.is_decimal(found) and pt.is_floating(wanted))
        or (pt.is_floating(found) and pt.is_decimal(wanted))
        or (pt.is_timestamp(found) and pt.is_date(wanted))
    )


def _equal(left: pa.ChunkedArray, right: pa.ChunkedArray) -> bool:
    """Equality where NaN equals NaN, as it does for a value that was copied."""
    if not pt.is_floating(left.type):
        return bool(left.equals(right))
    nan_left, nan_right = pc.is_nan(left), pc.is_nan(right)
    zero = pa.scalar(0, left.type)
    return bool(
        nan_left.equals(nan_right)
        and pc.if_else(nan_left, zero, left).equals(pc.if_else(nan_right, zero, right))
    )
