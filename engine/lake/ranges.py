"""Ranges of one column's values: the partitions of a table that is partitioned as T-SQL has it.

They are kept by clustering: a file holds rows of one range, and its statistics say of which. So readers of
any kind skip ranges by the statistics alone, and no folder or column tells of them.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from engine.lake.partition import ColumnFacts


@dataclass(frozen=True, slots=True)
class Ranges:
    """The partitions of a table, numbered from 1.

    Attributes:
        column: The column that is cut, as the table spells it.
        bounds: Where it is cut, in ascending order, each once; n bounds make n + 1 partitions.
        right: Whether a bound belongs to the partition to its right; else to the one to its left.
    """

    column: str
    bounds: tuple[Any, ...]
    right: bool = False

    def number(self, value: Any) -> int:
        """The partition of a value; null belongs to the first.

        >>> left, right = Ranges("c", (10, 20)), Ranges("c", (10, 20), right=True)
        >>> [left.number(v) for v in (None, 9, 10, 11, 20, 21)], [right.number(v) for v in (10, 20)]
        ([1, 1, 1, 2, 2, 3], [2, 3])
        """
        if value is None:
            return 1
        return (bisect_right if self.right else bisect_left)(self.bounds, value) + 1

    def numbers(self, rows: pa.Table) -> pa.Array:
        """The partition of every row.

        >>> Ranges("c", (10, 20)).numbers(pa.table({"c": [5, None, 20, 99]})).to_pylist()
        [1, 1, 2, 3]
        """
        column = rows.column(self.column)
        beyond = pc.greater_equal if self.right else pc.greater
        found = pa.chunked_array([pa.repeat(pa.scalar(1, pa.int16()), len(rows))])
        for bound in self.bounds:
            past = pc.fill_null(beyond(column, pa.scalar(bound, column.type)), False)
            found = pc.add(found, past.cast(pa.int16()))
        return found.combine_chunks()

    def split(self, rows: pa.Table) -> Iterator[tuple[int, pa.Table]]:
        """The rows of each partition that has any, in order."""
        numbers = self.numbers(rows)
        for number in sorted(pc.unique(numbers).to_pylist()):
            yield number, rows.filter(pc.equal(numbers, number))

    def of_file(self, facts: ColumnFacts | None) -> int | None:
        """The partition that holds all rows of a file, by its statistics; None where several may."""
        if facts is None or facts.nulls is None or facts.low is None or facts.high is None:
            return None
        low, high = self.number(facts.low), self.number(facts.high)
        return low if low == high and (low == 1 or not facts.nulls) else None

    def span(self, number: int) -> tuple[Any, Any]:
        """The bounds of a partition: None where it is open.

        >>> Ranges("c", (10, 20)).span(1), Ranges("c", (10, 20)).span(2)
        ((None, 10), (10, 20))
        """
        return (
            self.bounds[number - 2] if number > 1 else None,
            self.bounds[number - 1] if number <= len(self.bounds) else None,
        )

    @property
    def count(self) -> int:
        """How many partitions there are."""
        return len(self.bounds) + 1
