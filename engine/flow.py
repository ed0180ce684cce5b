"""From rows to a table: each part is made and written by the worker that has it; one commit shows all."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from distributed import as_completed

from engine.errors import OptionError, WriteError
from engine.lake import (
    Partition,
    Readable,
    Reader,
    Storage,
    Table,
    TableWriter,
    WrittenPart,
    abort_write,
    begin_write,
    commit_write,
    open_table,
)

if TYPE_CHECKING:
    import dask.dataframe as dd
    import pandas as pd

    from pools import Pool

Make = Callable[[pa.Table], pa.Table]


@dataclass(frozen=True)
class Flow:
    """Rows on their way into a table.

    Attributes:
        source: Where they come from.
        make: From a part's rows to what is written; must pickle, and work on no rows.
        reads: Columns of the source that `make` needs.
        schema: Columns of what `make` returns.
    """

    source: Readable | dd.DataFrame
    make: Make
    reads: Sequence[str]
    schema: pa.Schema

    @property
    def parts(self) -> int:
        """Parts that will be written."""
        if isinstance(self.source, Readable):
            return len(self.source.source().partitions)
        return int(self.source.npartitions)


def write_flow(
    pool: Pool,
    storage: Storage,
    flow: Flow,
    *,
    into: str,
    mode: str,
    label: str,
    metadata: Mapping[str, Any] | None = None,
    on_part: Callable[[], None] = lambda: None,
) -> tuple[Table, int]:
    """Make and write every part on the pool, then commit them at once.

    A part that runs again (its worker died) writes a file of its own; only the file of the answer that
    arrives is committed. If anything fails the table is as it was, and no file of this write is left.

    Args:
        pool: Where the work runs.
        storage: The workspace's files.
        flow: What to write.
        into: Table name.
        mode: `create`, `overwrite` or `append`.
        label: The tasks' name in the dashboard.
        metadata: What the table's history tells of this version.
        on_part: Called after each part.

    Returns:
        The table at the new version, and the rows written.

    Raises:
        WriteError: The mode does not fit, a column that a table cannot hold, or the commit was refused.
    """
    writer = begin_write(storage, into, mode=mode, schema=flow.schema)
    written: dict[int, WrittenPart] = {}
    try:
        for part in _run(pool, flow, writer, label):
            written[part.part] = part
            on_part()
        version = commit_write(writer, [written[number] for number in sorted(written)], metadata=metadata)
    except BaseException:
        abort_write(writer)
        raise
    return open_table(storage, into, version), sum(part.rows for part in written.values())


def _run(pool: Pool, flow: Flow, writer: TableWriter, label: str) -> Iterator[WrittenPart]:
    if isinstance(flow.source, Readable):
        scan = flow.source.source()
        task = _WritePartition(scan.reader, tuple(flow.reads), flow.make, writer)
        for _, part in pool.stream(task, list(enumerate(scan.partitions)), label=label):
            yield part
        return
    yield from _run_frame(pool, flow.source, flow, writer)


@dataclass(frozen=True)
class _WritePartition:
    reader: Reader
    reads: tuple[str, ...]
    make: Make
    writer: TableWriter

    def __call__(self, numbered: tuple[int, Partition]) -> WrittenPart:
        number, partition = numbered
        return self.writer.write(self.make(self.reader.read(partition, self.reads)), number)


def _run_frame(pool: Pool, frame: dd.DataFrame, flow: Flow, writer: TableWriter) -> Iterator[WrittenPart]:
    """One graph for all partitions, so that each is read, made and written before the next is begun."""
    import dask

    # One node of the graph for all tasks: a model of megabytes travels once per worker.
    wanted = frame[list(flow.reads)]
    task = dask.delayed(_WriteFrame(frame_schema(wanted), flow.make, writer))
    tasks = [task(part, number) for number, part in enumerate(wanted.to_delayed())]
    futures = pool.client.compute(tasks)
    try:
        for future in as_completed(futures, loop=pool.client.loop):
            [part] = pool.gather([future])
            future.release()
            yield part
    finally:
        for future in futures:
            future.release()


@dataclass(frozen=True)
class _WriteFrame:
    schema: pa.Schema
    make: Make
    writer: TableWriter

    def __call__(self, frame: pd.DataFrame, number: int) -> WrittenPart:
        return self.writer.write(self.make(rows_of(frame, self.schema)), number)


def same_rows(rows: pa.Table) -> pa.Table:
    """What is read is what is written."""
    return rows


def frame_schema(frame: dd.DataFrame) -> pa.Schema:
    """The Arrow schema of a Dask DataFrame, from its meta alone; objects count as text.

    Raises:
        OptionError: Columns of the same name, or names that are not text.
    """
    names = list(frame.columns)
    if len(set(names)) != len(names) or not all(isinstance(name, str) for name in names):
        raise OptionError(
            f"The frame's columns are {names}, which a table cannot have.",
            "Give every column a text of its own.",
        )
    found = pa.Schema.from_pandas(frame._meta, preserve_index=False)  # noqa: SLF001 - Dask offers no other way
    return pa.schema([field.with_type(_written_type(field.type)) for field in found.remove_metadata()])


def _written_type(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_null(kind):
        return pa.string()
    if pa.types.is_dictionary(kind):
        return _written_type(kind.value_type)
    if pa.types.is_timestamp(kind) and kind.unit != "us":
        return pa.timestamp("us", kind.tz)
    return pa.string() if pa.types.is_large_string(kind) else kind


def rows_of(frame: pd.DataFrame, schema: pa.Schema) -> pa.Table:
    """A pandas frame as Arrow rows of this schema, its index left out.

    Raises:
        WriteError: A column holds what its type cannot; names the column.
    """
    columns = []
    for field in schema:
        try:
            columns.append(pa.Array.from_pandas(frame[field.name], type=field.type))
        except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError) as error:
            reason = str(error).splitlines()[0]
            raise WriteError(
                f"Column '{field.name}' cannot be written as {field.type}: {reason}",
                f"Cast '{field.name}' before writing.",
                column=field.name,
            ) from None
    return pa.Table.from_arrays(
        [c if isinstance(c, pa.ChunkedArray) else pa.chunked_array([c]) for c in columns], schema=schema
    )
