"""Columns cast to what a model's input holds: where something would be lost they are refused by name.

Whole numbers arrive exactly or not at all. Of numbers with a fraction an input of floats takes the nearest
that it has: a model over float32 was trained on just these, rounded by the library that trained it, and T-SQL
rounds so when a FLOAT goes into a REAL. What is too large for that is refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from engine.errors import DataError, SignatureError
from engine.prep.inputs import texts

if TYPE_CHECKING:
    from numpy.typing import NDArray

# What a person who writes T-SQL calls them.
_SQL = {
    "float16": "real",
    "float32": "real",
    "float64": "float",
    "int8": "smallint",
    "int16": "smallint",
    "int32": "int",
    "int64": "bigint",
    "uint8": "tinyint",
    "uint16": "int",
    "uint32": "bigint",
    "uint64": "bigint",
    "bool": "bit",
    "object": "nvarchar",
}


def sql_name(dtype: str) -> str:
    """The T-SQL type of an input that numpy calls so."""
    return _SQL[dtype]


def refuse_lossy(name: str, given: pa.DataType, wanted: str) -> None:
    """Raise where no value of a type can be held, or no fraction.

    Whether a value is too large is seen when it comes.

    Raises:
        SignatureError: Names the column, what it is, and what the model wants.
    """
    if pa.types.is_dictionary(given):
        given = given.value_type
    if _fits(given, wanted):
        return
    raise SignatureError(
        f"column {name!r} is {_shown(given)}; the model's input is {_SQL[wanted]} ({wanted}), which does not "
        "hold that without loss",
        f"Say that you want it: CAST({name} AS {_SQL[wanted]}).",
        column=name,
        given=str(given),
        wanted=wanted,
    )


def _shown(given: pa.DataType) -> str:
    """A column's type as a person who writes T-SQL calls it, and as Arrow does."""
    if _is_text(given):
        return f"nvarchar ({given})"
    if pa.types.is_decimal(given):
        return f"decimal({given.precision}, {given.scale}) ({given})"
    known = {"float": "float32", "double": "float64", "halffloat": "float16"}.get(str(given), str(given))
    return f"{_SQL[known]} ({given})" if known in _SQL else str(given)


def _fits(given: pa.DataType, wanted: str) -> bool:
    if wanted == "object":
        return _is_text(given) or bool(pa.types.is_null(given))
    if pa.types.is_floating(given) or (pa.types.is_decimal(given) and given.scale > 0):
        return wanted.startswith("float")
    if pa.types.is_null(given):
        return wanted.startswith("float")
    whole = pa.types.is_integer(given) or (pa.types.is_decimal(given) and given.scale == 0)
    return bool(pa.types.is_boolean(given) or (whole and wanted != "bool"))


def _is_text(given: pa.DataType) -> bool:
    return bool(
        pa.types.is_string(given) or pa.types.is_large_string(given) or pa.types.is_string_view(given)
    )


def cast_column(column: pa.ChunkedArray, name: str, wanted: str) -> NDArray[Any]:
    """The values of a column as a model's input holds them.

    A null is NaN where the input has NaN, the empty text where it is a text; other inputs know no null.

    Raises:
        DataError: A value that the input cannot hold exactly, or a null.
    """
    if wanted == "object":
        found: NDArray[Any] = texts(column, missing="")
        return found
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_decimal(column.type):
        # By way of FLOAT, as the training libraries read such a column.
        fraction = column.type.scale > 0
        column = _safely(column, name, pa.float64() if fraction else pa.int64(), wanted)
    if pa.types.is_boolean(column.type):
        column = column.cast(pa.uint8())
    kind = pa.bool_() if wanted == "bool" else pa.from_numpy_dtype(np.dtype(wanted))
    cast = _safely(column, name, kind, wanted)
    if cast.null_count and not wanted.startswith("float"):
        raise DataError(
            f"Column '{name}' has a NULL; the model's input is {wanted}, which knows none.",
            f"Leave such rows out, or say what to put in its place: ISNULL({name}, 0).",
            column=name,
        )
    made: NDArray[Any] = cast.to_numpy()
    if pa.types.is_floating(column.type):
        _refuse_overflow(column, made, name, wanted)
    return np.ascontiguousarray(made, dtype=wanted)


def _refuse_overflow(column: pa.ChunkedArray, made: NDArray[Any], name: str, wanted: str) -> None:
    """Raise where a number became infinite."""
    if column.type.bit_width <= 8 * np.dtype(wanted).itemsize or not np.isinf(made).any():
        return
    given = column.to_numpy()
    beyond = given[np.isinf(made) & ~np.isinf(given)]
    if beyond.size:
        raise _not_held(name, column.type, wanted, f"{beyond[0]} is too large")


def _safely(column: pa.ChunkedArray, name: str, kind: pa.DataType, wanted: str) -> pa.ChunkedArray:
    try:
        return column.cast(kind, safe=True)
    except pa.ArrowInvalid as problem:
        raise _not_held(name, column.type, wanted, str(problem)) from problem


def _not_held(name: str, given: pa.DataType, wanted: str, why: str) -> DataError:
    return DataError(
        f"Column '{name}', {_shown(given)}, has a value that the model's {_SQL[wanted]} ({wanted}) does not "
        f"hold: {why}",
        f"If the nearest value will do, say so: CAST({name} AS {_SQL[wanted]}).",
        column=name,
        given=str(given),
        wanted=wanted,
    )
