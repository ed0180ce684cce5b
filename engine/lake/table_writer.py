"""Write the parts of a table on workers; nothing shows until one commit names the files."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from engine.errors import WriteError
from engine.lake import hive, parquet
from engine.lake.conform import LossyCastError, conform
from engine.lake.delta_stats import partition_text, stats_json
from engine.lake.delta_types import delta_schema
from engine.lake.promotion import is_text
from engine.lake.publish import publishing

if TYPE_CHECKING:
    from engine.lake.names import TableName
    from engine.lake.storage import FileStamp, Storage

# A row group is what one task reads at the least: of this size several make a partition, and zone maps still cut.
_ROW_GROUP_BYTES = 32 << 20
_MOST_ROWS = 1 << 20
_LEAST_ROWS = 1 << 13

Values = tuple[Any, ...]
"""One value per partition column."""


@dataclass(frozen=True, slots=True)
class WrittenFile:
    """A data file that stands complete in the table's folder, and that no commit names yet.

    Attributes:
        path: Below the table's folder.
        stamp: Size and identity at the time of writing.
        rows: Number of rows.
        modified: When it was written, in milliseconds since 1970.
        partition_values: One text per partition column, as the log spells it.
        stats: Statistics as the log spells them.
    """

    path: str
    stamp: FileStamp
    rows: int
    modified: int
    partition_values: tuple[tuple[str, str | None], ...]
    stats: str


@dataclass(frozen=True, slots=True)
class WrittenPart:
    """What one part of a table became: no file for no rows, one file, or one per partition value.

    Attributes:
        part: The part's number.
        schema: The columns of the part; a part without rows has one too.
        files: Its files.
    """

    part: int
    schema: pa.Schema
    files: tuple[WrittenFile, ...]

    @property
    def rows(self) -> int:
        return sum(file.rows for file in self.files)


@dataclass(frozen=True, slots=True)
class TableWriter:
    """Writes parts of one table for one job. Small and picklable; made by `begin_write`.

    A part may be written many times over (retries, lost workers): each attempt has files of its own, and only
    those of the part that reaches `commit` count.

    Attributes:
        storage: Where.
        name: The table.
        location: Its folder.
        job: Names this write; all its files lie in the folder of that name until and after they are committed.
        schema: The table's columns; None to take them from the data, which must then agree between parts.
        partition_by: Columns that become folders.
        mode: "create", "overwrite" or "append".
        base: The table's version when the write began; None if there was no table.
    """

    storage: Storage
    name: TableName
    location: str
    job: str
    schema: pa.Schema | None
    partition_by: tuple[str, ...]
    mode: str
    base: int | None

    @property
    def folder(self) -> str:
        """Where this job's files lie."""
        return f"{self.location}/{self.job}"

    def write(self, data: pa.Table | Iterable[pa.Table], part: int) -> WrittenPart:
        """Write one part as Parquet: under a hidden name, checked against its own footer, then renamed.

        Args:
            data: The rows. Of several tables each begins a row group of its own, so that whoever clusters rows
                decides what is skipped together; they are written as they come, one in memory at a time.
            part: The part's number, unique within the job.

        Raises:
            WriteError: A column or value that the table cannot hold, or the store refused the file.
        """
        tables = iter((data,) if isinstance(data, pa.Table) else data)
        first = next(tables, None)
        schema = self.schema or (None if first is None else delta_schema(first.schema))
        if schema is None:
            raise WriteError(f"part {part} of {self.name} has no table", "give one without rows", part=part)
        files: dict[Values, _OpenFile] = {}
        with ExitStack() as stack:
            for table in () if first is None else chain([first], tables):
                for values, rows in split_by_value(self._conformed(table, schema, part), self.partition_by):
                    if values not in files:
                        files[values] = stack.enter_context(self._open(schema, part, values))
                    files[values].append(rows)
            for file in files.values():
                file.finish()
        return WrittenPart(part, schema, tuple(file.written(self) for file in files.values()))

    def _open(self, schema: pa.Schema, part: int, values: Values) -> AbstractContextManager[_OpenFile]:
        stored = pa.schema([field for field in schema if field.name not in self.partition_by])
        folders = [hive.folder_name(key, value) for key, value in zip(self.partition_by, values, strict=True)]
        path = "/".join([self.job, *folders, f"{part:06d}-{uuid.uuid4().hex[:12]}.parquet"])
        return _opened(self.storage, f"{self.location}/{path}", _OpenFile(path, stored, values))

    def _conformed(self, table: pa.Table, schema: pa.Schema, part: int) -> pa.Table:
        extra = [name for name in table.schema.names if name not in schema.names]
        missing = [name for name in schema.names if name not in table.schema.names]
        if extra or missing:
            raise WriteError(
                f"part {part} of {self.name} has column {extra[0]!r}, which the table has not"
                if extra
                else f"part {part} of {self.name} lacks column {missing[0]!r}",
                f"the table's columns are {', '.join(map(repr, schema.names))}",
                part=part,
            )
        try:
            return conform(table, schema)
        except LossyCastError as error:
            raise WriteError(
                f"part {part} of {self.name}: {error}", f"cast {error.column!r} before writing", part=part
            ) from None


class _OpenFile:
    """One data file while it is written."""

    def __init__(self, path: str, schema: pa.Schema, values: Values) -> None:
        self.path, self.schema, self.values = path, schema, values
        self.rows = 0
        self.stats = ""
        self._scratch = Path()
        self._writer: pq.ParquetWriter | None = None

    def open(self, scratch: Path) -> None:
        self._scratch = scratch
        # Every type of Delta's is one of Parquet's: a second schema in the footer could only disagree.
        self._writer = pq.ParquetWriter(scratch, self.schema, compression="snappy", store_schema=False)

    def append(self, rows: pa.Table) -> None:
        """Write a table as row groups of its own."""
        if self._writer is not None and len(rows):
            self._writer.write_table(rows.select(self.schema.names), row_group_size=_group_rows(rows))
            self.rows += len(rows)

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def finish(self) -> None:
        """Close the file and hold what stands on disk against what was written."""
        self.close()
        footer = pq.read_metadata(self._scratch)
        found = footer.schema.to_arrow_schema()
        if footer.num_rows != self.rows or not found.equals(self.schema):
            raise WriteError(
                f"{self.path}: {footer.num_rows} rows of {found.names} on disk, {self.rows} of {self.schema.names} "
                "were written",
                "the disk or the store is at fault; write again",
                path=self.path,
            )
        self.stats = stats_json(self.rows, parquet.footer_facts(footer, self.schema), self.schema)

    def written(self, writer: TableWriter) -> WrittenFile:
        """The file as it stands in the table's folder, after it was published."""
        values = zip(writer.partition_by, map(partition_text, self.values), strict=True)
        stamp = writer.storage.stamp(f"{writer.location}/{self.path}")
        return WrittenFile(self.path, stamp, self.rows, int(time.time() * 1000), tuple(values), self.stats)


@contextmanager
def _opened(storage: Storage, location: str, file: _OpenFile) -> Iterator[_OpenFile]:
    with publishing(storage, location) as scratch:
        file.open(scratch)
        try:
            yield file
        finally:
            file.close()


def split_by_value(table: pa.Table, keys: Sequence[str]) -> Iterator[tuple[Values, pa.Table]]:
    """The rows of each combination of key values, in order of first appearance; nothing for no rows.

    Raises:
        WriteError: A text that is empty, which Delta would read back as null.
    """
    if not len(table):
        return
    if not keys:
        yield (), table
        return
    codes = np.zeros(len(table), np.int64)
    for key in keys:
        column = table.column(key).combine_chunks()
        if is_text(column.type) and pc.any(pc.equal(column, "")).as_py():
            raise WriteError(f"partition column {key!r} holds an empty text", "make it null or another text")
        encoded = column.dictionary_encode(null_encoding="encode")
        codes = codes * (len(encoded.dictionary) + 1) + encoded.indices.to_numpy(zero_copy_only=False)
        codes = np.unique(codes, return_inverse=True)[1]
    _, first = np.unique(codes, return_index=True)
    for row in np.sort(first):
        rows = table.filter(pa.array(codes == codes[row]))
        yield tuple(table.column(key)[int(row)].as_py() for key in keys), rows


def _group_rows(rows: pa.Table) -> int:
    """Rows per row group, by what a row of this table takes in memory."""
    width = max(1, rows.nbytes // len(rows))
    return min(_MOST_ROWS, max(_LEAST_ROWS, _ROW_GROUP_BYTES // width))
