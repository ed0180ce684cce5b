"""Write a table on a pool: one task per part, one commit for all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from engine.lake.frames import each_partition, from_frame, schema_of_frame
from engine.lake.runner import FrameRunner, InlineRunner, Runner
from engine.lake.table_commit import abort_write, begin_write, commit_write, committed_version
from engine.lake.tables import Table, open_table

if TYPE_CHECKING:
    import pandas as pd
    from dask.dataframe import DataFrame

    from engine.lake.names import TableName
    from engine.lake.storage import Storage
    from engine.lake.table_writer import TableWriter, WrittenPart

Make = Callable[[Any], "pa.Table | Iterable[pa.Table]"]


def write_table(  # noqa: PLR0913 one verb, all of it said in one call
    storage: Storage,
    name: str | TableName,
    parts: Iterable[Any],
    *,
    make: Make,
    runner: Runner | None = None,
    mode: str = "overwrite",
    schema: pa.Schema | None = None,
    partition_by: Sequence[str] = (),
    metadata: Mapping[str, Any] | None = None,
    job: str | None = None,
    on_part: Callable[[], object] | None = None,
    label: str = "write",
) -> Table:
    """Make and write every part on workers, then commit them all at once.

    However often a part runs, its rows are in the table once; if any part fails, the table is as it was and
    no file of this write is left.

    Args:
        storage: The workspace's files.
        name: The table.
        parts: One picklable value per part.
        make: From a part to its rows, as one table or several (each a row group of its own); must pickle.
        runner: Who runs the parts; None for this process.
        mode: "create", "overwrite" or "append"; see `begin_write`.
        schema: The columns; None to take them from the data, which must then agree between parts.
        partition_by: Columns that become folders.
        metadata: What to tell in the table's history.
        job: Names the write; one that was committed before is not run again. See `begin_write`.
        on_part: Called when a part is written, as for a progress bar.
        label: The tasks' name in the dashboard.

    Returns:
        The table at the version that was written.

    Raises:
        WriteError: See `begin_write` and `commit_write`; or what `make` raised.
    """
    writer = begin_write(storage, name, mode=mode, schema=schema, partition_by=partition_by, job=job)
    version = committed_version(writer)
    if version is None:
        with _all_or_nothing(writer):
            numbered = list(enumerate(parts))
            written = []
            for _, part in (runner or InlineRunner()).stream(_WritePart(writer, make), numbered, label=label):
                written.append(part)
                _tell(on_part)
            version = commit_write(writer, written, metadata=metadata)
    return open_table(storage, writer.name, version)


def write_frame(  # noqa: PLR0913 one verb, all of it said in one call
    storage: Storage,
    frame: DataFrame,
    *,
    into: str | TableName,
    runner: FrameRunner,
    make: Callable[[pa.Table], pa.Table] | None = None,
    mode: str = "overwrite",
    schema: pa.Schema | None = None,
    partition_by: Sequence[str] = (),
    metadata: Mapping[str, Any] | None = None,
    on_part: Callable[[], object] | None = None,
) -> Table:
    """Compute a Dask DataFrame into a table: each partition is written where it is computed, one commit.

    Missing values become nulls. A partition is held no longer than until it is written.

    Args:
        storage: The workspace's files.
        frame: What to compute; its index must have no name.
        into: The table.
        runner: Whose client computes.
        make: From a partition's rows to what is written; must pickle. None writes them as they are.
        mode: "create", "overwrite" or "append"; see `begin_write`.
        schema: The columns; None to take them from the dtypes, or from the data where these do not tell.
        partition_by: Columns that become folders.
        metadata: What to tell in the table's history.
        on_part: Called when a partition is written, as for a progress bar.

    Returns:
        The table at the version that was written.

    Raises:
        WriteError: See `begin_write` and `commit_write`; a named index, two columns of one name, objects of
            several types. Or what the computation raised.
    """
    found = schema_of_frame(
        frame
    )  # looked at even where it is not wanted: it refuses a frame that is no table
    wanted = schema if schema is not None or mode == "append" or make is not None else found
    writer = begin_write(storage, into, mode=mode, schema=wanted, partition_by=partition_by)
    with _all_or_nothing(writer):
        written = list(_gathered(runner, each_partition(frame, _WriteFrame(writer, make)), on_part))
        version = commit_write(writer, written, metadata=metadata)
    return open_table(storage, writer.name, version)


@dataclass(frozen=True, slots=True)
class _WritePart:
    """What runs on a worker: make a part's rows and write them."""

    writer: TableWriter
    make: Make

    def __call__(self, numbered: tuple[int, Any]) -> WrittenPart:
        number, part = numbered
        return self.writer.write(self.make(part), number)


@dataclass(frozen=True, slots=True)
class _WriteFrame:
    """What runs on a worker: write one partition of a frame."""

    writer: TableWriter
    make: Callable[[pa.Table], pa.Table] | None

    def __call__(self, frame: pd.DataFrame, number: int) -> WrittenPart:
        rows = from_frame(frame)
        return self.writer.write(rows if self.make is None else self.make(rows), number)


def _gathered(
    runner: FrameRunner, tasks: list[Any], on_part: Callable[[], object] | None
) -> Iterator[WrittenPart]:
    futures = runner.client.compute(tasks)
    try:
        for future in futures:
            yield from runner.gather([future])
            _tell(on_part)
    finally:
        runner.client.cancel(futures)


@contextmanager
def _all_or_nothing(writer: TableWriter) -> Iterator[None]:
    try:
        yield
    except BaseException:
        abort_write(writer)
        raise


def _tell(on_part: Callable[[], object] | None) -> None:
    if on_part is not None:
        on_part()
