"""A script's result as a file or on a stream: table, CSV, JSON lines, Parquet; batch by batch."""

from __future__ import annotations

import json
from collections import Counter
from decimal import Decimal
from typing import IO, TYPE_CHECKING

from engine.errors import OptionError
from engine.session.show import TextTable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pyarrow as pa

    from engine.session.result import Result, ResultSet

FORMATS = ("table", "csv", "json", "parquet")


def write_result(result: Result, form: str, out: IO[bytes]) -> None:
    """Write what a script gave; of a large result some batches are in this process at a time.

    Args:
        result: A table shows every result set and message; the other formats hold the last result set alone.
        form: One of `FORMATS`.
        out: Where to.

    Raises:
        OptionError: No such format, or columns of one name in a format that tells them apart by name.
        UnsupportedSqlError: No rows, for a format that holds rows.
    """
    if form == "table":
        for line in _table_lines(result):
            out.write(f"{line}\n".encode())
    elif form in _WRITERS:
        _WRITERS[form](result.last, out)
    else:
        raise OptionError(f"There is no format {form!r}.", f"Choose from {', '.join(FORMATS)}.")


def _table_lines(result: Result) -> Iterator[str]:
    yield from result.messages
    for one in result.results:
        yield from _result_lines(one)
    if not result.results and not result.messages:
        yield str(result)


def _result_lines(rows: ResultSet) -> Iterator[str]:
    table: TextTable | None = None
    for piece in _pieces(rows):
        if table is None:
            table = TextTable(piece)
            yield from table.head()
        yield from table.lines(piece)
    yield f"({len(rows):,} rows)"


def _pieces(rows: ResultSet) -> Iterator[pa.Table]:
    """The rows as tables; one without rows, if there is none."""
    import pyarrow as pa

    some = False
    for batch in rows.fetch_batches():
        some = True
        yield pa.Table.from_batches([batch])
    if not some:
        yield rows.answer.schema.empty_table()


def _csv(rows: ResultSet, out: IO[bytes]) -> None:
    import pyarrow.csv as pacsv

    wanted = _csv_schema(rows.answer.schema)
    with pacsv.CSVWriter(out, wanted) as writer:
        for piece in _pieces(rows):
            writer.write_table(_as_texts(piece, wanted))


def _csv_schema(schema: pa.Schema) -> pa.Schema:
    """Binary columns become text: CSV knows no bytes."""
    import pyarrow as pa

    return pa.schema(
        [field.with_type(pa.string()) if pa.types.is_binary(field.type) else field for field in schema]
    )


def _as_texts(piece: pa.Table, wanted: pa.Schema) -> pa.Table:
    import pyarrow as pa

    columns = [
        pa.array(
            [None if one is None else f"0x{one.hex().upper()}" for one in column.to_pylist()], pa.string()
        )
        if field.type != column.type
        else column
        for column, field in zip(piece.columns, wanted, strict=True)
    ]
    return pa.Table.from_arrays(columns, schema=wanted)


def _json(rows: ResultSet, out: IO[bytes]) -> None:
    _refuse_twins(rows, "JSON")
    for batch in rows.fetch_batches():
        for row in batch.to_pylist():
            out.write(f"{json.dumps(row, default=_jsonable, ensure_ascii=False)}\n".encode())


def _jsonable(value: object) -> str | float | int:
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, Decimal):
        whole = value == value.to_integral_value()
        number: float = int(value) if whole else float(value)
        # a number as long as no digit is lost on the way
        return number if whole or Decimal(repr(number)) == value else str(value)
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _parquet(rows: ResultSet, out: IO[bytes]) -> None:
    import pyarrow.parquet as pq

    _refuse_twins(rows, "Parquet")
    with pq.ParquetWriter(out, rows.answer.schema) as writer:
        for batch in rows.fetch_batches():
            writer.write_batch(batch)


def _refuse_twins(rows: ResultSet, form: str) -> None:
    twins = [name for name, many in Counter(rows.columns).items() if many > 1]
    if twins:
        raise OptionError(
            f"Two columns are called {twins[0]!r}, and {form} tells columns apart by name.",
            "Give one of them an alias: SELECT a AS another.",
        )


_WRITERS: dict[str, Callable[[ResultSet, IO[bytes]], None]] = {
    "csv": _csv,
    "json": _json,
    "parquet": _parquet,
}
