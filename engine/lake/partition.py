"""A partition: the piece of one file that one task reads. The unit of all distributed work."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from engine.lake.storage import FileStamp


@dataclass(frozen=True, slots=True)
class ColumnFacts:
    """What is known of one column in one partition without reading it.

    Attributes:
        name: The column.
        stored: Bytes that reading it fetches (compressed column chunks); 0 where columns do not lie apart.
        nulls: Number of nulls; None where unknown.
        low: A value that none is below, NaN aside; None where unknown.
        high: A value that none is above, NaN aside; None where unknown.
    """

    name: str
    stored: int
    nulls: int | None = None
    low: Any = None
    high: Any = None


@dataclass(frozen=True, slots=True)
class Partition:
    """One or several adjacent row groups of a Parquet file, or a byte range of a text file.

    Attributes:
        location: The file, as `Storage.resolve` gave it.
        format: Name of the format that reads it.
        stamp: The file's identity when it was planned; a read refuses a file that has changed since.
        stored: Bytes that reading every column fetches.
        rows: Number of rows; None where only reading tells.
        row_groups: Parquet: the row groups, adjacent and in order.
        byte_range: Text: from the first byte of a record to the byte after the last.
        header: Text: names of the columns as they stand in the file, where it has such.
        first_row: Text: number of the first record, from 1; None where the ones before it were not counted.
        facts: Facts of each column in the order of the file; none where the file was not looked through.
        hive: Values that the path gives, of the types in the source's schema.
        wildcards: The text that each `*` of the pattern matched, for `filepath(n)`.
        span: Parquet: of its one row group the rows from one place to before another; None for all of them.
        conforms: Parquet: the file has every column that its source reads of it, of the source's type.
    """

    location: str
    format: str
    stamp: FileStamp
    stored: int
    rows: int | None = None
    row_groups: tuple[int, ...] | None = None
    byte_range: tuple[int, int] | None = None
    header: tuple[str, ...] = ()
    first_row: int | None = None
    facts: tuple[ColumnFacts, ...] = ()
    hive: tuple[tuple[str, Any], ...] = ()
    wildcards: tuple[str, ...] = ()
    conforms: bool = False
    span: tuple[int, int] | None = None

    def __dask_tokenize__(self) -> tuple[Any, ...]:
        """What Dask names results by: enough to tell the rows, without the many facts about them."""
        stamp, place = (self.stamp.size, self.stamp.mark), (self.row_groups, self.byte_range, self.span)
        return self.location, *stamp, *place, self.hive

    def bytes_read(self, columns: Sequence[str] | None = None) -> int:
        """Bytes that reading these columns fetches: less than `stored` where the format can skip columns."""
        if columns is None or self.row_groups is None:
            return self.stored
        wanted = set(columns)
        return sum(fact.stored for fact in self.facts if fact.name in wanted)

    def fact(self, column: str) -> ColumnFacts | None:
        return next((fact for fact in self.facts if fact.name == column), None)
