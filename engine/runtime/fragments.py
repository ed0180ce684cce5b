"""A fragment on a worker: open what it reads, run it in one DuckDB call, hand its rows on."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from engine.runtime.kernel import Settings, cursor, rows_from
from engine.runtime.output import INLINE_BYTES, Output, SmallOutput, TaskFacts, rows_of
from engine.runtime.plain import plain_table
from engine.runtime.scans import (
    ArrowOpening,
    FilesOpening,
    Opening,
    bytes_of,
    over_scans,
    paths_name,
    raw_name,
)
from pools.worker import address, count, native_threads

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True, slots=True)
class Input:
    """What a fragment reads of an earlier step, or of parts on workers: so many arguments of its task.

    Attributes:
        name: What the fragment, or the query of a scan, calls it.
        parts: The number of arguments.
        schema: The columns, where there may be no part.
    """

    name: str
    parts: int
    schema: pa.Schema | None = None


@dataclass(frozen=True, slots=True)
class FragmentTask:
    """One fragment on one node; what Dask runs. Its arguments are the parts of its inputs, in their order.

    Attributes:
        settings: Of the kernel that runs it.
        sql: The fragment, as DuckDB's SQL.
        node: The number of the node.
        openings: The scans of the fragment.
        inputs: Names and numbers of the arguments.
        columns: Names of the result's columns; None to keep the fragment's.
        split: Into how many tables the rows go, by their last column; None for one table.
        own: Keep only the rows of the task's own node, by their last column.
        plain: Whether the rows leave the engine, in types that other libraries know.
        step: The name of the step that it is of.
    """

    settings: Settings
    sql: str
    node: int
    openings: tuple[Opening, ...] = ()
    inputs: tuple[Input, ...] = ()
    columns: tuple[str, ...] | None = None
    split: int | None = None
    own: bool = False
    plain: bool = False
    step: str = ""

    def __call__(self, *parts: Output | pa.Table) -> Output:
        started = time.perf_counter()
        found, before = iter(parts), dict[tuple[str, int], TaskFacts]()
        with cursor(self.settings) as own, ThreadPoolExecutor(native_threads()) as readers:
            for given in self.inputs:
                mine = [next(found) for _ in range(given.parts)]
                own.register(given.name, _stacked(mine, given.schema))
                if given.schema is None:  # of an earlier step, not of an earlier query
                    before |= _done(mine)
            read = [_open(own, opening, readers) for opening in self.openings]
            rows = rows_from(own, over_scans(self.sql, self.openings))
        tables = self._handed_on(rows)
        facts = TaskFacts(
            self.node,
            address(),
            sum(len(table) for table in tables),
            sum(int(table.nbytes) for table in tables),
            time.perf_counter() - started,
            sum(amount for amount, _ in read),
            sum(amount for _, amount in read),
            sum(_files(opening) for opening in self.openings),
        )
        kind = SmallOutput if self.plain and facts.bytes <= INLINE_BYTES else Output
        return kind(tables, facts, before | {(self.step, self.node): facts})

    def _handed_on(self, rows: pa.Table) -> tuple[pa.Table, ...]:
        if self.plain:
            rows = plain_table(rows)
        if self.columns is not None:
            rows = rows.rename_columns(list(self.columns))
        if self.own:
            return (_of_node(rows, self.node),)
        return (rows,) if self.split is None else tuple(_of_node(rows, node) for node in range(self.split))


def _done(parts: Sequence[Output | pa.Table]) -> dict[tuple[str, int], TaskFacts]:
    """What was done for the parts."""
    return {key: facts for part in parts if isinstance(part, Output) for key, facts in part.before.items()}


def _stacked(parts: Sequence[Output | pa.Table], schema: pa.Schema | None) -> pa.Table:
    tables = [rows_of(part) for part in parts]
    return pa.concat_tables(tables) if schema is None else pa.concat_tables([schema.empty_table(), *tables])


def _of_node(rows: pa.Table, node: int) -> pa.Table:
    """A copy of the rows of a node: a slice would take the buffers of all rows along when it travels."""
    last = rows.num_columns - 1
    mine = pc.equal(rows.column(last), pa.scalar(node, pa.uint16()))
    return rows.remove_column(last).filter(mine)


def _files(opening: Opening) -> int:
    if isinstance(opening, FilesOpening):
        return len(opening.files)
    return len({one.location for one in opening.partitions}) if isinstance(opening, ArrowOpening) else 0


def _open(own: duckdb.DuckDBPyConnection, opening: Opening, readers: ThreadPoolExecutor) -> tuple[int, int]:
    """Put at hand what the scan's query stands on; bytes and rows that it reads."""
    read = (0, 0)
    if isinstance(opening, FilesOpening):
        for file in opening.files:
            opening.reader.refuse_changed(file)
        if opening.paths is not None:
            own.register(paths_name(opening.name), opening.paths)
        read = (opening.bytes, opening.rows)
        count(bytes_read=opening.bytes, rows_read=opening.rows)
    elif isinstance(opening, ArrowOpening):
        rows = _read_all(opening, readers)
        own.register(raw_name(opening.name), rows)
        read = (bytes_of(opening), len(rows))
    return read


def _read_all(opening: ArrowOpening, readers: ThreadPoolExecutor) -> pa.Table:
    columns = list(opening.columns)
    # A context each: in it stands whose task this is, and so for whom the bytes are counted.
    reads = [
        readers.submit(copy_context().run, opening.reader.read, part, columns) for part in opening.partitions
    ]
    tables = [one.result() for one in reads]
    if not columns:
        # DuckDB takes no table without columns, though its rows may be all that a query wants; and tables
        # without columns have no rows any more when Arrow has put them together.
        return pa.table({"none": pa.nulls(sum(map(len, tables)))})
    return pa.concat_tables([opening.reader.schema.empty_table().select(columns), *tables])
