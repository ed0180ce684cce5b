"""Rows that lie on workers become files of a folder: each part written where it lies, all shown at once."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from engine.errors import WriteError
from engine.lake.publish import make_folder, publishing, remove_tree, store_faults
from engine.runtime.output import Output, rows_of
from pools.worker import count

if TYPE_CHECKING:
    from engine.lake import Storage
    from engine.runtime.bound import Held
    from engine.runtime.tasks import Tasks

_BATCH_ROWS = 1 << 16


@dataclass(frozen=True, slots=True)
class FileForm:
    """How files are written.

    Attributes:
        suffix: Behind their names.
        compression: Of Parquet, or of text: "gzip" or none.
        field: What stands between fields of text; None for Parquet.
        quote: What stands around texts; "" for nothing.
        header: Whether the first row of text names the columns.
    """

    suffix: str
    compression: str | None = None
    field: str | None = None
    quote: str = ""
    header: bool = False


def export_rows(pool: Tasks, storage: Storage, rows: Held, folder: str, form: FileForm) -> int:
    """Write rows as files of a new folder: on local disk it appears whole, elsewhere it goes if a part fails.

    Args:
        pool: Where the rows are.
        storage: The workspace's files.
        rows: What to write.
        folder: The location, which must not be there.
        form: How.

    Returns:
        Bytes written.

    Raises:
        WriteError: The folder is there, or the store refused a file; nothing is left.
        PathRefusedError: It is not below the writable root.
    """
    if storage.list(folder) or storage.is_file(folder):
        raise WriteError(
            f"The location '{storage.relative(folder)}' is there already.",
            "Choose a folder that does not exist; DROP EXTERNAL TABLE leaves files where they are.",
        )
    local = storage.local_path(folder) is not None
    parent, _, name = folder.rpartition("/")
    place = f"{parent}/.{name}.{uuid.uuid4().hex}.export" if local else folder
    make_folder(storage, place)
    try:
        tasks = [
            pool.submit(_ExportTask(storage, place, number, form), part, label="sql-export")
            for number, part in enumerate(rows.parts)
        ]
        written: int = sum(pool.gather(tasks))
        if local:
            with store_faults(storage, folder):
                Path(place).rename(folder)
    except BaseException:
        remove_tree(storage, place)
        raise
    return written


@dataclass(frozen=True, slots=True)
class _ExportTask:
    """Write one part; what runs on its worker."""

    storage: Storage
    folder: str
    number: int
    form: FileForm

    def __call__(self, part: Output | pa.Table) -> int:
        rows = rows_of(part)
        if not len(rows) and self.number:
            return 0  # the first part has a file in any case: it tells the columns
        location = f"{self.folder}/part-{self.number:05d}{self.form.suffix}"
        with publishing(self.storage, location, within=self.folder) as scratch:
            if self.form.field is None:
                pq.write_table(rows, scratch, compression=self.form.compression or "snappy")
            else:
                _write_text(rows, scratch, self.form)
        size = self.storage.stamp(location).size
        count(bytes_written=size)
        return size


def _write_text(rows: pa.Table, path: Path, form: FileForm) -> None:
    with pa.OSFile(str(path), "wb") as plain:
        sink = pa.CompressedOutputStream(plain, form.compression) if form.compression else plain
        with sink:
            if form.header:
                header = pa.table({str(at): [name] for at, name in enumerate(rows.schema.names)})
                sink.write(text_lines(header, form))
            for at in range(0, len(rows), _BATCH_ROWS):
                sink.write(text_lines(rows.slice(at, _BATCH_ROWS), form))


def text_lines(rows: pa.Table, form: FileForm) -> bytes:
    r"""Rows as lines of text; nulls are empty.

    Raises:
        WriteError: A value holds what parts fields or rows, and nothing stands around it.

    >>> text_lines(pa.table({"a": [1, None], "b": ["x", "y'"]}), FileForm(".csv", field=",", quote="'"))
    b"1,'x'\\n,'y'''\\n"
    """
    field = form.field or ","
    named = zip(rows.schema.names, rows.columns, strict=True)
    columns = [_texts(column, name, form, field) for name, column in named]
    lines = pc.binary_join_element_wise(*columns, field, null_handling="replace", null_replacement="")
    whole = pc.binary_join_element_wise(lines, "", "\n")
    return "".join(whole.to_pylist()).encode()


def _texts(column: pa.ChunkedArray, name: str, form: FileForm, field: str) -> pa.ChunkedArray:
    kind = column.type
    if pa.types.is_boolean(kind):
        return pc.if_else(column, "1", "0")
    if pa.types.is_binary(kind):
        texts = [None if one is None else f"0x{one.hex()}" for one in column.to_pylist()]
        return pa.chunked_array([pa.array(texts, pa.string())])
    if not pa.types.is_string(kind):
        return column.cast(pa.string())
    if form.quote:
        doubled = pc.replace_substring(column, form.quote, form.quote * 2)
        return pc.binary_join_element_wise(form.quote, doubled, form.quote, "")
    for mark in (field, "\n", "\r"):
        if pc.any(pc.match_substring(column, mark)).as_py():
            raise WriteError(
                f"A value of column '{name}' holds {mark!r}, which parts fields or rows.",
                "Give the file format a STRING_DELIMITER, such as '\"'.",
                column=name,
            )
    return column
