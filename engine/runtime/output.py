"""What one task of a query leaves on its worker, and what it tells of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import pyarrow as pa

# A result of less than this comes as it is, with the facts: one task less, which is 5 ms of 15.
INLINE_BYTES = 1 << 18


@dataclass(frozen=True, slots=True)
class TaskFacts:
    """What one task did.

    Attributes:
        node: The number of the node that it worked for.
        worker: Address of the worker that ran it; empty outside of one.
        rows: Rows that its fragment gave.
        bytes: Bytes of these in memory.
        seconds: Wall time of it all.
        bytes_read: Bytes that its scans fetched from files, at the most.
        rows_read: Rows that its scans looked at, at the most.
        files: Files that its scans opened; one that two nodes share counts for each.
    """

    node: int
    worker: str
    rows: int
    bytes: int
    seconds: float
    bytes_read: int
    rows_read: int
    files: int = 0


@dataclass(frozen=True, slots=True)
class Output:
    """Rows of one task, in one table; of a shuffle in one for each node.

    Attributes:
        tables: The rows.
        facts: What the task did.
        before: What the tasks did whose rows it read, and those before them: by step and node.
    """

    tables: tuple[pa.Table, ...]
    facts: TaskFacts
    before: Mapping[tuple[str, int], TaskFacts] = field(default_factory=dict)

    def __sizeof__(self) -> int:
        """What Dask goes by when it decides where to run what, and when to spill."""
        return sum(int(table.nbytes) for table in self.tables) + 512


class SmallOutput(Output):
    """A result of few bytes. That it is one says the type, which the client is told of every task."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Report:
    """What the client is told of an output.

    Attributes:
        facts: What the task did.
        schema: Its columns.
        null_free: Numbers of the columns without a null.
        table: All of it, if it is small.
        before: What was done for it before, by step and node.
    """

    facts: TaskFacts
    schema: pa.Schema
    null_free: frozenset[int]
    table: pa.Table | None
    before: Mapping[tuple[str, int], TaskFacts] = field(default_factory=dict)


def report(output: Output, whole: bool) -> Report:
    """Tell of an output; with its rows if they are wanted and few. Runs where it is."""
    table = output.tables[0]
    inline = whole and table.nbytes <= INLINE_BYTES
    null_free = frozenset(at for at, column in enumerate(table.columns) if not column.null_count)
    return Report(output.facts, table.schema, null_free, table if inline else None, output.before)


def part_of(output: Output, node: int) -> Output:
    """One node's rows of a shuffle. Runs on the worker that has them, so that only these travel."""
    return replace(output, tables=(output.tables[node],))


def rows_of(part: Output | pa.Table) -> pa.Table:
    """The rows of a part, whichever of the two it is."""
    return part if isinstance(part, pa.Table) else part.tables[0]
