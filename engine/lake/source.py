"""A source: one schema and the partitions that hold its rows; datasets, tables and SQL all read from one."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa

from engine.errors import FormatError, NotFoundError
from engine.lake.conform import LossyCastError, conform
from engine.lake.format_table import format_named
from pools.worker import count

if TYPE_CHECKING:
    from engine.lake.formats import ReadOptions
    from engine.lake.partition import Partition
    from engine.lake.storage import Storage


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads partitions of one source; small, so that it travels with every task.

    Attributes:
        storage: Where the files lie.
        schema: The columns, hive columns included, that every partition is read as.
        options: How the files are written.
    """

    storage: Storage
    schema: pa.Schema
    options: ReadOptions

    def read(self, partition: Partition, columns: Sequence[str] | None = None) -> pa.Table:
        """The rows of one partition, with exactly the source's names, order and types.

        Args:
            partition: One of the source's partitions.
            columns: The columns to read, in this order; only their bytes are fetched. None for all.

        Raises:
            NotFoundError: A column that the source does not have, or the file is gone.
            FormatError: The file has changed since it was opened, cannot be read, or holds a value that the
                schema cannot; names the file, the column and both types.
        """
        wanted = pick(self.schema, columns)
        self.refuse_changed(partition)
        hive = dict(partition.hive)
        stored = pa.schema([field for field in wanted if field.name not in hive])
        found = format_named(partition.format).read(self.storage, partition, stored, self.options)
        try:
            table = conform(found, stored)
        except LossyCastError as error:
            raise self._unfit(partition, error) from None
        for position, field in enumerate(wanted):
            if field.name in hive:
                value = pa.scalar(hive[field.name], field.type)
                table = table.add_column(position, field, pa.repeat(value, len(found)))
        count(bytes_read=partition.bytes_read(wanted.names), rows_read=len(found))
        return table

    def refuse_changed(self, partition: Partition) -> None:
        """For whoever reads a file by other means than `read`.

        Raises:
            FormatError: The file has changed since it was opened.
            NotFoundError: It is gone.
        """
        if self.storage.stamp(partition.location) != partition.stamp:
            raise FormatError(
                f"{self.storage.relative(partition.location)}: has changed since it was opened",
                "open the dataset again; files that are rewritten in place are better kept as a table",
                file=partition.location,
            )

    def _unfit(self, partition: Partition, error: LossyCastError) -> FormatError:
        name = self.storage.relative(partition.location)
        return FormatError(
            f"{name}: {error}",
            f"pass schema= with a type for {error.column!r} that holds both, or write the file again",
            file=partition.location,
            column=error.column,
            types=[str(error.found), str(error.wanted)],
        )


@dataclass(frozen=True, slots=True)
class Source:
    """What can be read: a reader and its partitions, in a stable order."""

    reader: Reader
    partitions: tuple[Partition, ...]

    @property
    def schema(self) -> pa.Schema:
        return self.reader.schema

    @property
    def rows(self) -> int | None:
        """Number of rows; None if only reading tells."""
        counts = [partition.rows for partition in self.partitions]
        known = [rows for rows in counts if rows is not None]
        return sum(known) if len(known) == len(counts) else None

    def read(self, partition: Partition, columns: Sequence[str] | None = None) -> pa.Table:
        """See `Reader.read`."""
        return self.reader.read(partition, columns)

    def bytes_read(self, columns: Sequence[str] | None = None) -> int:
        """Bytes that reading these columns of all partitions fetches."""
        return sum(partition.bytes_read(columns) for partition in self.partitions)

    def is_null_free(self, column: str) -> bool:
        """Whether it is proven, by declaration or statistics, that the column holds no null."""
        if not self.schema.field(column).nullable:
            return True
        return all(_null_free(partition, column) for partition in self.partitions)


def pick(schema: pa.Schema, columns: Sequence[str] | None) -> pa.Schema:
    """The named columns of a schema, in the order named.

    Raises:
        NotFoundError: There is no such column; the hint has the nearest.
    """
    if columns is None:
        return schema
    for name in columns:
        if name not in schema.names:
            near = difflib.get_close_matches(str(name), schema.names, n=3) or schema.names[:10]
            raise NotFoundError(f"no column {name!r}", f"there is {', '.join(map(repr, near))}", column=name)
    return pa.schema([schema.field(name) for name in columns])


def _null_free(partition: Partition, column: str) -> bool:
    if column in dict(partition.hive):
        return dict(partition.hive)[column] is not None
    fact = partition.fact(column)
    return fact is not None and fact.nulls == 0
