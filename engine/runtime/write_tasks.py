"""What runs on a worker when rows become files of a table."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from engine.lake import DISTRIBUTION
from engine.runtime.distribution import DISTRIBUTIONS
from engine.runtime.output import Output, rows_of

if TYPE_CHECKING:
    from engine.lake import TableWriter, WrittenPart
    from engine.lake.ranges import Ranges
    from engine.runtime.fragments import FragmentTask

# Rows of a row group at the least: the batches in which DuckDB reads are half of this, and a table of fewer
# rows is read whole as fast as in pieces.
_LEAST_ROWS = 1 << 16


@dataclass(frozen=True, slots=True)
class WriteTask:
    """Write a part as it is."""

    writer: TableWriter
    number: int
    ranges: Ranges | None = None

    def __call__(self, part: Output | pa.Table) -> WrittenPart:
        if self.ranges is None:
            return self.writer.write(rows_of(part), self.number)
        return _by_range(self.writer, self.number, self.ranges, rows_of(part), lambda rows: iter([rows]))


@dataclass(frozen=True, slots=True)
class ClusterTask:
    """Write rows in order of their distribution, so that a row group is of one or a few of them."""

    writer: TableWriter
    fragment: FragmentTask
    ranges: Ranges | None = None

    def __call__(self, *parts: Output | pa.Table) -> WrittenPart:
        rows = self.fragment(*parts).tables[0]
        if self.ranges is None:
            return self.writer.write(row_groups(rows), self.fragment.node)
        return _by_range(self.writer, self.fragment.node, self.ranges, rows, row_groups)


def _by_range(
    writer: TableWriter,
    number: int,
    ranges: Ranges,
    rows: pa.Table,
    grouped: Callable[[pa.Table], Iterator[pa.Table]],
) -> WrittenPart:
    """One file for each partition that the rows fall into."""
    written = [writer.write(grouped(piece), number) for _, piece in ranges.split(rows)]
    if not written:
        return writer.write(rows, number)
    return replace(written[0], files=tuple(file for part in written for file in part.files))


def row_groups(rows: pa.Table) -> Iterator[pa.Table]:
    """Rows in order of their distribution, cut where a distribution begins; at least one table.

    >>> table = pa.table({DISTRIBUTION: np.repeat(np.arange(3, dtype=np.int8), [10, 2**16, 5])})
    >>> [len(group) for group in row_groups(table)]
    [65546, 5]
    """
    numbers = rows.column(DISTRIBUTION).to_numpy()
    ends = np.cumsum(np.bincount(numbers, minlength=DISTRIBUTIONS))
    first = 0
    for end in ends.tolist():
        if end - first >= _LEAST_ROWS:
            yield rows.slice(first, end - first)
            first = end
    if first < len(rows) or not len(rows):
        yield rows.slice(first)
