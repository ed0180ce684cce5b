"""A label column as it lies in the source: whether it can be learned, and its plain values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from engine.errors import DataError, NotFoundError
from engine.prep.inputs import kind_of

if TYPE_CHECKING:
    import pyarrow as pa


def check_column(column: str, columns: Sequence[str]) -> None:
    """Refuse a label that the source does not have.

    Raises:
        NotFoundError: Names the column and what there is.
    """
    if column not in columns:
        raise NotFoundError(
            f"There is no column {column!r}.",
            f"The source has: {', '.join(columns)}.",
            column=column,
            columns=tuple(columns),
        )


def check_type(column: str, given: pa.DataType) -> None:
    """Refuse a label of a type that cannot be learned, before anything is read.

    Raises:
        DataError: Names the column and its type.
    """
    if kind_of(given) not in ("number", "text"):
        raise DataError(
            f"Label column '{column}' is of type {given}, which cannot be learned.",
            "Derive a number, a boolean or a text column from it first.",
            column=column,
            type=str(given),
        )


def plain_values(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """A label column decoded: fractions and decimals as float64, null where they are NaN."""
    import pyarrow as pa
    import pyarrow.compute as pc

    values = column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column
    if not (pa.types.is_floating(values.type) or pa.types.is_decimal(values.type)):
        return values
    values = values.cast(pa.float64())
    return pc.if_else(pc.is_nan(values), pa.scalar(None, values.type), values)
