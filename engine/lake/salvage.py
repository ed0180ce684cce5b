"""Keep the rows that can be read, tell of each that cannot: halve until what fails is one row."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from engine.errors import FormatError
from engine.lake.conform import LossyCastError, cast_exactly, conform

_SHOWN = 200

Rows = npt.NDArray[np.int64]
"""Numbers of rows in their file, from 1; 0 where rows before were not counted."""


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that cannot be used.

    Attributes:
        row: Its number in its file, from 1; 0 where rows before it were not counted.
        column: The column at fault; None where it is the row.
        value: What stands there, cut off after 200 characters; None for a missing value.
        reason: Why it cannot be used.
    """

    row: int
    column: str | None
    value: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class RowBatch:
    """Rows of one file, in its order.

    Attributes:
        table: The columns that were asked for.
        rows: Number of each row.
    """

    table: pa.Table
    rows: Rows

    def __len__(self) -> int:
        return len(self.rows)

    def slice(self, start: int, count: int) -> RowBatch:
        return RowBatch(self.table.slice(start, count), self.rows[start : start + count])

    def without(self, at: npt.NDArray[np.int64]) -> RowBatch:
        """The batch without the rows at these positions."""
        if not len(at):
            return self
        mask = np.ones(len(self.rows), dtype=bool)
        mask[at] = False
        return RowBatch(self.table.filter(pa.array(mask)), self.rows[mask])


def shown(value: object) -> str | None:
    """A value as the side table holds it."""
    return None if value is None else str(value)[:_SHOWN]


def halves(count: int, fits: Callable[[int, int], bool]) -> Iterator[int]:
    """Positions at which `fits` fails, in order, found by halving ranges that fail.

    Args:
        count: Number of positions.
        fits: Whether all positions from the first number to before the second are good; what is true of a
            range must be true of its parts.

    >>> list(halves(10, lambda start, stop: not any(at in (3, 7) for at in range(start, stop))))
    [3, 7]
    """
    waiting = [(0, count)] if count else []
    while waiting:
        start, stop = waiting.pop()
        if fits(start, stop):
            continue
        if stop - start == 1:
            yield start
            continue
        middle = (start + stop) // 2
        waiting += [(middle, stop), (start, middle)]


def salvaged_records(
    records: Sequence[bytes], parse: Callable[[bytes], pa.Table], first: int
) -> Iterator[RowBatch | BadRow]:
    """The records that parse, as few batches as there can be, and the ones that do not.

    Args:
        records: Whole records, none of them blank.
        parse: From records to rows, one row each; raises FormatError.
        first: Number of the first record in its file; 0 if it is not known.
    """
    waiting = [(0, len(records))] if records else []
    while waiting:
        start, stop = waiting.pop()
        try:
            table = parse(b"".join(records[start:stop]))
        except FormatError as error:
            if stop - start > 1:
                middle = (start + stop) // 2
                waiting += [(middle, stop), (start, middle)]
            else:
                yield _told(error, records[start], first + start if first else 0)
        else:
            yield RowBatch(table, _numbered(first + start if first else 0, len(table)))


def _told(error: FormatError, record: bytes, row: int) -> BadRow:
    column, data = error.data.get("column"), error.data
    value = data.get("value") if column else record.decode(errors="replace").rstrip("\r\n")
    return BadRow(row, column, shown(value), error.message)


def _numbered(first: int, count: int) -> Rows:
    return np.arange(first, first + count, dtype=np.int64) if first else np.zeros(count, dtype=np.int64)


def numbered(table: pa.Table, first: int) -> RowBatch:
    """A table whose first row has this number, 0 if it is not known."""
    return RowBatch(table, _numbered(first, len(table)))


def conform_rows(batch: RowBatch, schema: pa.Schema) -> tuple[RowBatch, list[BadRow]]:
    """The rows that fit the schema without loss, as it has them, and the ones that do not.

    Of a row with several values that do not fit, the first is told.
    """
    try:
        return RowBatch(conform(batch.table, schema), batch.rows), []
    except LossyCastError:
        pass
    bad: dict[int, BadRow] = {}
    for field in schema:
        position = batch.table.schema.get_field_index(field.name)
        if position >= 0:
            for at, reason in _unfit(batch.table.column(position), field):
                value = shown(batch.table.column(position)[at].as_py())
                bad.setdefault(at, BadRow(int(batch.rows[at]), field.name, value, reason))
        elif not field.nullable:
            for at in range(len(batch)):
                bad.setdefault(
                    at, BadRow(int(batch.rows[at]), field.name, None, "the file has no such column")
                )
    good = batch.without(np.array(sorted(bad), dtype=np.int64))
    # A column of another kind cannot be cast even where nothing is left of it but nulls.
    kept = [field.name for field in schema if _castable(good.table, field)]
    return RowBatch(conform(good.table.select(kept), schema), good.rows), [bad[at] for at in sorted(bad)]


def _castable(table: pa.Table, field: pa.Field) -> bool:
    position = table.schema.get_field_index(field.name)
    return position >= 0 and _fits(table.column(position), field)


def _unfit(column: pa.ChunkedArray, field: pa.Field) -> Iterator[tuple[int, str]]:
    if not field.nullable and column.null_count:
        for null in np.flatnonzero(pc.is_null(column).to_numpy()):
            yield int(null), "missing, and the column may not be"
    if not _fits(column.slice(0, 0), field):
        for value in np.flatnonzero(pc.is_valid(column).to_numpy()):
            yield int(value), f"is {column.type}, not {field.type}"
        return
    for at in halves(len(column), lambda start, stop: _fits(column.slice(start, stop - start), field)):
        yield at, f"does not fit {field.type}"


def _fits(column: pa.ChunkedArray, field: pa.Field) -> bool:
    try:
        cast_exactly(column, field)
    except LossyCastError:
        return False
    return True
