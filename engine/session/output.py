"""A script's result as a file or on a stream: table, CSV, JSON lines, Parquet."""

from __future__ import annotations

import json
from typing import IO, TYPE_CHECKING

from engine.errors import OptionError
from engine.session.show import text_table

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.session.result import Result, ResultSet

FORMATS = ("table", "csv", "json", "parquet")


def write_result(result: Result, form: str, out: IO[bytes]) -> None:
    """Write what a script gave.

    Args:
        result: A table shows every result set and message; the other formats hold the last result set alone.
        form: One of `FORMATS`.
        out: Where to.

    Raises:
        OptionError: No such format.
        UnsupportedSqlError: No rows, for a format that holds rows.
    """
    if form == "table":
        out.write(_as_text(result).encode())
    elif form in _WRITERS:
        _WRITERS[form](result.last, out)
    else:
        raise OptionError(f"There is no format {form!r}.", f"Choose from {', '.join(FORMATS)}.")


def _as_text(result: Result) -> str:
    lines = list(result.messages)
    for one in result.results:
        lines += [text_table(one.to_arrow()), f"({len(one):,} rows)"]
    if not result.results:
        lines.append(str(result) if not result.messages else "")
    return "\n".join(line for line in lines if line) + "\n"


def _csv(rows: ResultSet, out: IO[bytes]) -> None:
    import pyarrow.csv as pacsv

    with pacsv.CSVWriter(out, rows.answer.schema) as writer:
        for batch in rows.fetch_batches():
            writer.write_batch(batch)


def _json(rows: ResultSet, out: IO[bytes]) -> None:
    for batch in rows.fetch_batches():
        for row in batch.to_pylist():
            out.write(f"{json.dumps(row, default=_jsonable, ensure_ascii=False)}\n".encode())


def _jsonable(value: object) -> str:
    return value.hex() if isinstance(value, bytes) else str(value)


def _parquet(rows: ResultSet, out: IO[bytes]) -> None:
    import pyarrow.parquet as pq

    with pq.ParquetWriter(out, rows.answer.schema) as writer:
        for batch in rows.fetch_batches():
            writer.write_batch(batch)


_WRITERS: dict[str, Callable[[ResultSet, IO[bytes]], None]] = {
    "csv": _csv,
    "json": _json,
    "parquet": _parquet,
}
