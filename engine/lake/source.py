"""A source: one schema and the partitions that hold its rows; datasets, tables and SQL all read from one."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa

from engine.errors import FormatError, NotFoundError, OptionError
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

    def __hash__(self) -> int:
        """Without the partitions and their many facts: it is asked for at every query."""
        return hash((self.reader, len(self.partitions)))

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

    def null_free(self, columns: Sequence[str]) -> frozenset[str]:
        """Those of the columns that are proven, by declaration or statistics, to hold no null."""
        declared = {name for name in columns if not self.schema.field(name).nullable}
        proven = set(columns) - declared
        for partition in self.partitions:
            proven &= _null_free(partition)
        return frozenset(declared | proven)


def pick(schema: pa.Schema, columns: Sequence[str] | None) -> pa.Schema:
    """The named columns of a schema, in the order named.

    Raises:
        NotFoundError: There is no such column; the hint has the nearest.
        OptionError: A column is named twice.
    """
    if columns is None:
        return schema
    if len(set(columns)) < len(columns):
        raise OptionError("a column is asked for twice", "name each once", columns=list(columns))
    fields = {field.name: field for field in schema}
    for name in columns:
        if name not in fields:
            near = difflib.get_close_matches(str(name), list(fields), n=3) or list(fields)[:10]
            raise NotFoundError(f"no column {name!r}", f"there is {', '.join(map(repr, near))}", column=name)
    return pa.schema([fields[name] for name in columns])


def _null_free(partition: Partition) -> set[str]:
    found = {fact.name: fact.nulls == 0 for fact in partition.facts}
    found |= {name: value is not None for name, value in partition.hive}
    return {name for name, full in found.items() if full}
