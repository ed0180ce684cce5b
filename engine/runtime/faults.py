"""What goes wrong inside DuckDB, in the engine's words: the one place that knows its exceptions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import duckdb

from engine.errors import SqlRuntimeError
from engine.sql.meaning import read_failure
from engine.sql.meaning.failures import CONVERSION, DATE_CONVERSION, DIVIDE_BY_ZERO, OVERFLOW, TRUNCATED

_OWN_LIMITS = "Give the pool's workers more memory, use more nodes, or read less."

# The most telling class first; what each says to somebody who wrote T-SQL, and the way out.
_TOLD: tuple[tuple[type[duckdb.Error], str, str], ...] = (
    (duckdb.OutOfMemoryException, "The query needs more memory than its worker has", _OWN_LIMITS),
    (duckdb.ConversionException, "Conversion failed", "TRY_CAST gives NULL instead of an error."),
    (duckdb.OutOfRangeException, "Arithmetic overflow error", "Cast to a wider type before computing."),
    (duckdb.ConstraintException, "A constraint is violated", "Look at the rows that are written."),
    (duckdb.PermissionException, "The query may not do this", "Read and write inside the workspace only."),
    (duckdb.IOException, "A file cannot be read", "It may be gone, broken or changed; look at the file."),
    (duckdb.HTTPException, "A file cannot be read", "Files of object stores are read through the lake."),
    (duckdb.InterruptException, "The query was cancelled", "Run it again if it is still wanted."),
    (
        duckdb.InvalidInputException,
        "A value cannot be used",
        "Look at the values that the query computes on.",
    ),
)
_LOOK = "The data brings this about; look at the values."
_WAYS_OUT = {
    DIVIDE_BY_ZERO: "Divide by NULLIF(divisor, 0): it gives NULL instead.",
    CONVERSION: "TRY_CAST gives NULL instead of an error.",
    DATE_CONVERSION: "TRY_CAST gives NULL instead; CONVERT with a style reads other orders of day and month.",
    OVERFLOW: "Cast to a wider type before computing; TRY_CAST gives NULL instead of an error.",
    TRUNCATED: "Declare the column longer, or take LEFT(text, n).",
}
_MANY_ROWS = (
    "Subquery returned more than 1 value. This is not permitted when the subquery follows =, !=, <, <= , >, "
    ">= or when the subquery is used as an expression."
)
_TYPES = {
    "UINT8": "tinyint",
    "INT16": "smallint",
    "INT32": "int",
    "INT64": "bigint",
    "INT128": "numeric",
    "DECIMAL": "numeric",
    "FLOAT": "real",
}
# In each of its wordings DuckDB ends with the type that is too small.
_TOO_LARGE = re.compile(
    r"(?:Overflow in \w+ of|out of range for the destination type|Failed to cast decimal value \S+ to type|"
    rf"Casting value \S+ to type|Could not cast value \S+ to) ({'|'.join(_TYPES)})\b"
)
_OTHER = "The query could not be run"
_OTHER_HINT = "Write it in a simpler form; EXPLAIN shows what was run."


@contextmanager
def telling_faults() -> Iterator[None]:
    """Within the block, DuckDB's errors are raised as `SqlRuntimeError`.

    Raises:
        SqlRuntimeError: With the message that the query gave (`data["number"]` is SQL Server's number), or
            with what DuckDB found.
    """
    try:
        yield
    except duckdb.Error as error:
        raise read_fault(error) from None


def read_fault(error: duckdb.Error) -> SqlRuntimeError:
    """An error of DuckDB as one of ours.

    >>> print(read_fault(duckdb.OutOfRangeException("Out of Range Error: Overflow in addition of INT32")))
    Arithmetic overflow error converting expression to data type int. Hint: Cast to a wider type before \
computing; TRY_CAST gives NULL instead of an error.
    """
    raised = read_failure(str(error)) or _overflow(str(error))
    if raised is not None:
        number, message = raised
        return SqlRuntimeError(message, _WAYS_OUT.get(number, _LOOK), number=number)
    if "More than one row returned by a subquery" in str(error):
        return SqlRuntimeError(_MANY_ROWS, "Take one: SELECT TOP 1, MAX(...) or IN.", number=512)
    for kind, told, hint in _TOLD:
        if isinstance(error, kind):
            return SqlRuntimeError(f"{told}: {_reason(error)}", hint)
    return SqlRuntimeError(f"{_OTHER}: {_reason(error)}", _OTHER_HINT)


def _overflow(text: str) -> tuple[int, str] | None:
    """SQL Server's number and text of a number that its type cannot hold."""
    found = _TOO_LARGE.search(text)
    if found is None:
        return None
    return OVERFLOW, f"Arithmetic overflow error converting expression to data type {_TYPES[found[1]]}."


def _reason(error: duckdb.Error) -> str:
    """DuckDB's first line without the name of its class, ended as a sentence."""
    line = (str(error).splitlines() or [type(error).__name__])[0]
    _, colon, rest = line.partition(" Error: ")
    return f"{(rest if colon else line).rstrip('. ')}."
