"""Write a table on a pool: one task per part, one commit for all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from engine.lake.runner import InlineRunner, Runner
from engine.lake.table_commit import abort_write, begin_write, commit_write, committed_version
from engine.lake.tables import Table, open_table

if TYPE_CHECKING:
    from engine.lake.names import TableName
    from engine.lake.storage import Storage
    from engine.lake.table_writer import TableWriter, WrittenPart

Make = Callable[[Any], "pa.Table | Iterable[pa.Table]"]


@dataclass(frozen=True, slots=True)
class _WritePart:
    """What runs on a worker: make a part's rows and write them."""

    writer: TableWriter
    make: Make

    def __call__(self, numbered: tuple[int, Any]) -> WrittenPart:
        number, part = numbered
        return self.writer.write(self.make(part), number)


def write_table(
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
        job: Names the write; see `begin_write`.

    Returns:
        The table at the version that was written.

    Raises:
        WriteError: See `begin_write` and `commit_write`; or what `make` raised.
    """
    writer = begin_write(storage, name, mode=mode, schema=schema, partition_by=partition_by, job=job)
    version = committed_version(writer)
    if version is not None:
        return open_table(storage, writer.name, version)
    try:
        numbered = list(enumerate(parts))
        written = (runner or InlineRunner()).map(
            _WritePart(writer, make), numbered, label=f"write {writer.name}"
        )
        version = commit_write(writer, written, metadata=metadata)
    except BaseException:
        abort_write(writer)
        raise
    return open_table(storage, writer.name, version)
