"""Rejected rows: told one by one, counted against what is allowed, and kept in files beside the data."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from engine.errors import SqlRuntimeError
from engine.lake.csv_rows import PLACE, START, TEXT
from engine.lake.publish import make_folder, publishing
from engine.session.binding.rowset_files import FILE_PATH
from engine.session.loading.checking import BAD, RAGGED
from engine.sql.meaning import to_duckdb
from engine.sql.meaning.types import TEXT as TEXTS
from engine.sql.syntax import parse_query

if TYPE_CHECKING:
    import pyarrow as pa

    from engine.lake import Storage
    from engine.session.binding.relations import Relation
    from engine.session.binding.world import World
    from engine.session.loading.checking import LoadColumn, TextFiles

FOLDER = "_rejectedrows"
_CONVERSION = 4864
MAX_ERRORS = 4865
_VALUE = 100
# Rows that are kept at the most, so that a file of another kind does not fill the client's memory.
_KEPT = 100_000


@dataclass(frozen=True, slots=True)
class Reject:
    """One rejected row.

    Attributes:
        file: Where it stands.
        row: Its number in the file, from 1, lines that were skipped counted.
        column: The number of the column that does not fit; 0 if the row has another number of fields.
        name: The name of that column.
        value: What stands there.
        reason: What is wrong, in words.
        text: The row.
    """

    file: str
    row: int
    column: int
    name: str
    value: str
    reason: str
    text: str


def rejects_of(
    world: World, rows: Relation, files: TextFiles, columns: Sequence[LoadColumn]
) -> tuple[int, list[Reject]]:
    """How many rows were rejected, and the first of them, by file and row."""
    bad, place = f"FROM [{rows.name}] WHERE [{BAD}] <> 0", f"[{FILE_PATH}], [{START}], [{PLACE}]"
    total = int(asked(world, rows, f"SELECT COUNT_BIG(*) AS n {bad}").column(0)[0].as_py())
    if not total:
        return 0, []
    fields = max(one.field for one in columns)
    texts = ", ".join(f"[t{at}]" for at in range(1, fields + 1))
    shown = f"SELECT TOP ({_KEPT}) [{BAD}], [{TEXT}], {place}, {texts}"
    found = asked(world, rows, f"{shown} {bad} ORDER BY {place}").to_pylist()
    before = rows_before(world, rows)
    skipped = files.csv.skip_rows + int(files.csv.header)
    return total, [
        _reject(world.storage, row, columns, skipped + before[row[FILE_PATH], row[START]], files)
        for row in found
    ]


def refuse_too_many(total: int, rejects: Sequence[Reject], allowed: int) -> None:
    """Whether more rows were rejected than are allowed.

    Raises:
        SqlRuntimeError: So it is; the message names the first row.
    """
    if total <= allowed:
        return
    first = rejects[0]
    where = {"file": first.file, "row": first.row, "column_name": first.name, "value": first.value}
    if not allowed:
        header = "row 1 looks like a header, which FIRSTROW = 2 skips; " if first.row == 1 else ""
        hint = f"The value is {first.value!r}; {header}MAXERRORS lets rows be rejected."
        raise SqlRuntimeError(first.reason, hint, number=_CONVERSION, **where)
    raise SqlRuntimeError(
        f"Error handling external file: 'Max errors count reached'. {total:,} rows were rejected, "
        f"MAXERRORS = {allowed:,}.",
        f"The first: {first.reason}",
        number=MAX_ERRORS,
        **where,
    )


def keep_as_copy(
    storage: Storage, folder: str, rejects: Sequence[Reject], query: str, now: dt.datetime
) -> str:
    """Write rejected rows as COPY INTO does: a file of reasons and a file of rows; return their folder.

    Args:
        storage: The workspace's files.
        folder: ERRORFILE.
        rejects: What to write.
        query: The query's ID; file names begin with it.
        now: When the load began.
    """
    place = storage.resolve(f"{folder.rstrip('/')}/{FOLDER}/{now:%Y%m%d-%H%M%S}")
    stem = f"{query}_0_{uuid.uuid4()}"
    reasons = "".join(f"{one.reason}\r\n" for one in rejects)
    rows = "".join(f"{one.text}\r\n" for one in rejects)
    _publish(storage, place, f"{stem}.Error.Txt", reasons)
    _publish(storage, place, f"{stem}.Row.Txt", rows)
    return place


def keep_as_rowset(
    storage: Storage, folder: str, rejects: Sequence[Reject], query: str, now: dt.datetime
) -> str:
    """Write rejected rows as OPENROWSET does: their texts, and `error.json`; return the folder."""
    place = storage.resolve(f"{folder.strip('/')}/{FOLDER}/{now:%Y%m%d_%H%M%S}_{query}")
    told = [
        {
            "Error": one.reason,
            "Row": one.row,
            "Column": one.column,
            "Value": one.value[:_VALUE],
            "File": one.file,
        }
        for one in rejects
    ]
    _publish(storage, place, "error.json", json.dumps(told, indent=1))
    _publish(storage, place, "rows.csv", "".join(f"{one.text}\n" for one in rejects))
    return place


def query_id() -> str:
    """A new name for the files of one statement's rejected rows."""
    return f"QID{uuid.uuid4().hex[:8].upper()}"


def _publish(storage: Storage, folder: str, name: str, text: str) -> None:
    make_folder(storage, folder)
    with publishing(storage, f"{folder}/{name}", within=folder) as scratch:
        scratch.write_text(text, newline="")


def _reject(
    storage: Storage, row: dict[str, Any], columns: Sequence[LoadColumn], before: int, files: TextFiles
) -> Reject:
    number, file = before + row[PLACE] + 1, storage.relative(row[FILE_PATH])
    if row[BAD] == RAGGED:
        fields = max(one.field for one in columns)
        reason = (
            f"Bulk load failed due to invalid column value: row {number} in data file {file} has another "
            f"number of fields than the {fields} that are wanted."
        )
        return Reject(file, number, 0, "", str(row[TEXT])[:_VALUE], reason, _text_of(row, files))
    column = columns[row[BAD] - 1]
    value = row[f"t{column.field}"]
    place = f"for row {number}, column {column.field} ({column.name}) in data file {file}."
    if value is None:
        reason = f"Cannot insert the value NULL into column '{column.name}'; it allows no nulls, {place}"
    elif column.type.base in TEXTS:
        reason = f"Bulk load data conversion error (truncation) {place}"
    else:
        kind = "(type mismatch or invalid character for the specified code page)"
        reason = f"Bulk load data conversion error {kind} {place}"
    return Reject(file, number, column.field, column.name, value or "", reason, _text_of(row, files))


def _text_of(row: dict[str, Any], files: TextFiles) -> str:
    if row[TEXT] is not None:
        return str(row[TEXT])
    fields = [row[name] for name in row if name.startswith("t") and name[1:].isdigit()]
    sink = io.StringIO()
    csv.writer(sink, delimiter=files.csv.delimiter, lineterminator="").writerow(
        ["" if field is None else field for field in fields]
    )
    return sink.getvalue()


def rows_before(world: World, rows: Relation) -> dict[tuple[str, int], int]:
    """Rows of a file before the block that begins at a byte, by file and byte; in the order of rows."""
    before: dict[tuple[str, int], int] = {}
    sums: dict[str, int] = {}
    for file, start, count in counted_blocks(world, rows):
        before[file, start] = sums.get(file, 0)
        sums[file] = before[file, start] + count
    return before


def counted_blocks(world: World, rows: Relation) -> list[tuple[str, int, int]]:
    """File, first byte and rows of every block that was read, in the order of rows."""
    block = f"[{FILE_PATH}], [{START}]"
    text = f"SELECT {block}, COUNT_BIG(*) AS n FROM [{rows.name}] GROUP BY {block} ORDER BY {block}"  # noqa: S608
    return [(one[FILE_PATH], one[START], one["n"]) for one in asked(world, rows, text).to_pylist()]


def asked(world: World, rows: Relation, text: str) -> pa.Table:
    """What a query over the checked rows gives."""
    tree = to_duckdb(parse_query(text), {rows.key: rows.columns}, **world.settings())
    return world.machine.answer(tree, {rows.key: rows}).to_arrow()
