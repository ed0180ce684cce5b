"""Files that were written and that no commit names yet, as whoever wrote them reads them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from engine.lake import parquet
from engine.lake.globs import FoundFile

if TYPE_CHECKING:
    from engine.lake.formats import ReadOptions
    from engine.lake.partition import Partition
    from engine.lake.source import Source
    from engine.lake.storage import Storage
    from engine.lake.table_writer import TableWriter, WrittenPart


def with_parts(
    source: Source, writer: TableWriter, parts: Sequence[WrittenPart], *, replaces: bool
) -> Source:
    """The source of a table as it will be once the parts are committed.

    Args:
        source: The table as it is.
        writer: What wrote the parts.
        parts: Its results.
        replaces: Whether they take the place of the table's rows, or are added to them.
    """
    added = tuple(_planned(writer.storage, writer, parts, source.reader.options))
    return replace(source, partitions=added if replaces else (*source.partitions, *added))


def _planned(
    storage: Storage, writer: TableWriter, parts: Sequence[WrittenPart], options: ReadOptions
) -> Iterator[Partition]:
    for part in parts:
        for file in part.files:
            location = f"{writer.location}/{file.path}"
            yield from parquet.plan(storage, FoundFile(location, file.data.stamp), options).partitions
