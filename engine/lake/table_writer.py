"""Write the parts of a table on workers; nothing shows until one commit names the files."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

import pyarrow as pa

from engine.errors import WriteError
from engine.lake import hive
from engine.lake.conform import LossyCastError, conform
from engine.lake.data_file import NO_HINTS, DataFile, Hints, Values, split_by_value, write_file
from engine.lake.delta_log import DISTRIBUTION
from engine.lake.delta_stats import partition_text
from engine.lake.delta_types import check_keys, delta_schema

if TYPE_CHECKING:
    from engine.lake.names import TableName
    from engine.lake.storage import Storage


@dataclass(frozen=True, slots=True)
class WrittenFile:
    """A data file that stands complete in the table's folder, and that no commit names yet.

    Attributes:
        path: Below the table's folder.
        data: Its size, rows and statistics.
        partition_values: One text per partition column, as a Delta log spells it.
    """

    path: str
    data: DataFile
    partition_values: tuple[tuple[str, str | None], ...] = ()


@dataclass(frozen=True, slots=True)
class WrittenPart:
    """What one part of a table became: no file for no rows, one file, or one per partition value.

    Attributes:
        part: The part's number.
        schema: The columns of the part; a part without rows has them too.
        files: Its files.
    """

    part: int
    schema: pa.Schema
    files: tuple[WrittenFile, ...]

    @property
    def rows(self) -> int:
        return sum(file.data.rows for file in self.files)


@dataclass(frozen=True, slots=True)
class TableWriter:
    """Writes parts of one table for one job. Small and picklable; made by `begin_write`.

    A part may be written many times over (retries, lost workers): each attempt has files of its own, and only
    those of the result that reaches `commit_write` count.

    Attributes:
        storage: The workspace's files.
        name: The table.
        location: Its folder.
        job: Names this write; all its files lie in the folder of that name, committed or not.
        schema: The table's columns; None to take them from the data, which must then agree between parts.
        partition_by: Columns that become folders.
        mode: "create", "overwrite" or "append".
        base: The table's version when the write began; None if there was no table.
        description: What the table says of itself; None to leave it as it is.
        hints: How columns are best encoded.
    """

    storage: Storage
    name: TableName
    location: str
    job: str
    schema: pa.Schema | None
    partition_by: tuple[str, ...]
    mode: str
    base: int | None
    description: str | None = None
    hints: Hints = NO_HINTS

    @property
    def folder(self) -> str:
        """Where this job's files lie."""
        return f"{self.location}/{self.job}"

    def write(self, data: pa.Table | Iterable[pa.Table], part: int) -> WrittenPart:
        """Write one part as Parquet files.

        Args:
            data: The rows. Of several tables each begins a row group of its own, so that whoever clusters
                rows decides what is skipped together; they are taken one at a time.
            part: The part's number, unique within the job.

        Raises:
            WriteError: A column or value that the table cannot hold, the store refused the file, or the write
                was given up meanwhile.
        """
        given = iter((data,) if isinstance(data, pa.Table) else data)
        first = next(given, None)
        schema = self.schema
        if schema is None and first is not None:
            schema = delta_schema(first.schema)
            check_keys(schema, self.partition_by)
        if schema is None:
            raise WriteError(f"part {part} of {self.name} has no table", "give one without rows", part=part)
        rest = given if first is None else chain([first], given)
        tables = (self._conformed(table, schema, part) for table in rest)
        return WrittenPart(part, schema, tuple(self._files(tables, schema, part)))

    def _files(self, tables: Iterator[pa.Table], schema: pa.Schema, part: int) -> Iterator[WrittenFile]:
        """One file for all rows; or, of a partitioned table, one per table and value, one open at a time."""
        filled = (table for table in tables if len(table))
        if self.partition_by:
            for table in filled:
                for values, rows in split_by_value(table, self.partition_by):
                    yield self._file(iter([rows]), schema, part, values)
        else:
            first = next(filled, None)
            if first is not None:
                yield self._file(chain([first], filled), schema, part, ())

    def _file(self, tables: Iterator[pa.Table], schema: pa.Schema, part: int, values: Values) -> WrittenFile:
        stored = pa.schema([field for field in schema if field.name not in self.partition_by])
        pairs = list(zip(self.partition_by, values, strict=True))
        folders = [hive.folder_name(key, value) for key, value in pairs]
        path = "/".join([self.job, *folders, f"{part:06d}-{uuid.uuid4().hex[:12]}.parquet"])
        selected = (table.select(stored.names) for table in tables)
        location = f"{self.location}/{path}"
        data = write_file(self.storage, location, selected, stored, within=self.folder, hints=self.hints)
        return WrittenFile(path, data, tuple((key, partition_text(value)) for key, value in pairs))

    def _conformed(self, table: pa.Table, schema: pa.Schema, part: int) -> pa.Table:
        differing = set(table.schema.names) ^ set(schema.names)
        if differing == {DISTRIBUTION}:
            raise WriteError(
                f"{self.name} is distributed by hash: its rows are placed by SQL",
                "write them with INSERT INTO or CREATE TABLE AS SELECT",
                part=part,
            )
        if differing:
            name = min(differing)
            has = "lacks column" if name in schema.names else "has another column,"
            raise WriteError(
                f"part {part} of {self.name} {has} {name!r}",
                f"the table's columns are {', '.join(map(repr, schema.names))}",
                part=part,
                column=name,
            )
        try:
            coded = self.hints.coded
            made = conform(table, pa.schema([field for field in schema if field.name not in coded]))
            for name in sorted(coded, key=schema.get_field_index):
                made = made.add_column(schema.get_field_index(name), name, table.column(name))
            return made
        except LossyCastError as error:
            hint = f"cast {error.column!r} before it is written"
            raise WriteError(f"part {part} of {self.name}: {error}", hint, part=part) from None
