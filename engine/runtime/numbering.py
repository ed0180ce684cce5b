"""Numbers for rows that have none yet, given where the rows lie."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from engine.runtime.output import Output, rows_of

if TYPE_CHECKING:
    from engine.runtime.bound import Held
    from engine.runtime.tasks import Tasks


def number_rows(pool: Tasks, rows: Held, column: str, claim: Callable[[int], int], increment: int) -> Held:
    """The rows with each null of a column of integers replaced by a number of its own.

    Args:
        pool: Where the rows are.
        rows: What to number.
        column: The column.
        claim: Told how many numbers are wanted, gives the first; called once, or not at all for none.
        increment: From each number to the next.
    """
    counts = pool.gather([pool.submit(_Nulls(column), part, label="sql-count") for part in rows.parts])
    total = sum(counts)
    if not total:
        return rows
    first = claim(total)
    parts = []
    for part, count in zip(rows.parts, counts, strict=True):
        parts.append(pool.submit(_Number(column, first, increment), part, label="sql-number"))
        first += increment * count
    return replace(rows, parts=tuple(parts))


@dataclass(frozen=True, slots=True)
class _Nulls:
    """How many rows of a part have no number."""

    column: str

    def __call__(self, part: Output | pa.Table) -> int:
        return int(rows_of(part).column(self.column).null_count)


@dataclass(frozen=True, slots=True)
class _Number:
    """A part with its rows numbered."""

    column: str
    first: int
    increment: int

    def __call__(self, part: Output | pa.Table) -> pa.Table:
        rows = rows_of(part)
        at = rows.schema.get_field_index(self.column)
        kind = rows.schema.field(at).type
        missing = rows.column(at).is_null().to_numpy(zero_copy_only=False)
        numbers = self.first + self.increment * (np.cumsum(missing) - 1)
        filled = pa.array(np.where(missing, numbers, 0), pa.int64()).cast(kind)
        values = pc.if_else(pa.array(missing), filled, rows.column(at))
        return rows.set_column(at, pa.field(self.column, kind), values)
