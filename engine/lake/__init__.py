"""The lake: files, datasets and tables of a workspace, read and written in partitions.

`open_storage` says where; `open_dataset`, `open_table` and `open_source` (either, by name) give what reads
(`Readable`), whose `source()` has the partitions that a pool works on; `write_table` and `write_frame`, or
`begin_write` and `commit_write` around a `TableWriter` on workers, write a version at once or not at all.

Names are loaded when they are asked for: a worker that only reads never imports what commits.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from engine.lake.datasets import Dataset, list_datasets, open_dataset
    from engine.lake.delta_log import DISTRIBUTION
    from engine.lake.delta_types import delta_schema
    from engine.lake.formats import CsvOptions, ReadOptions
    from engine.lake.names import TableName
    from engine.lake.opening import open_source
    from engine.lake.partition import ColumnFacts, Partition
    from engine.lake.readable import Readable
    from engine.lake.runner import FrameRunner, InlineRunner, Runner
    from engine.lake.source import Reader, Source
    from engine.lake.storage import Root, Storage, open_storage
    from engine.lake.table_commit import abort_write, begin_write, commit_write, committed_version
    from engine.lake.table_writer import TableWriter, WrittenFile, WrittenPart
    from engine.lake.tables import Commit, Table, drop_table, list_tables, open_table
    from engine.lake.write import write_frame, write_table

__all__ = [
    "DISTRIBUTION",
    "ColumnFacts",
    "Commit",
    "CsvOptions",
    "Dataset",
    "FrameRunner",
    "InlineRunner",
    "Partition",
    "ReadOptions",
    "Readable",
    "Reader",
    "Root",
    "Runner",
    "Source",
    "Storage",
    "Table",
    "TableName",
    "TableWriter",
    "WrittenFile",
    "WrittenPart",
    "abort_write",
    "begin_write",
    "commit_write",
    "committed_version",
    "delta_schema",
    "drop_table",
    "list_datasets",
    "list_tables",
    "open_dataset",
    "open_source",
    "open_storage",
    "open_table",
    "write_frame",
    "write_table",
]

_HOMES = {
    "Dataset": "datasets",
    "list_datasets": "datasets",
    "open_dataset": "datasets",
    "DISTRIBUTION": "delta_log",
    "delta_schema": "delta_types",
    "CsvOptions": "formats",
    "ReadOptions": "formats",
    "TableName": "names",
    "open_source": "opening",
    "ColumnFacts": "partition",
    "Partition": "partition",
    "Readable": "readable",
    "FrameRunner": "runner",
    "InlineRunner": "runner",
    "Runner": "runner",
    "Reader": "source",
    "Source": "source",
    "Root": "storage",
    "Storage": "storage",
    "open_storage": "storage",
    "abort_write": "table_commit",
    "begin_write": "table_commit",
    "commit_write": "table_commit",
    "committed_version": "table_commit",
    "TableWriter": "table_writer",
    "WrittenFile": "table_writer",
    "WrittenPart": "table_writer",
    "Commit": "tables",
    "Table": "tables",
    "drop_table": "tables",
    "list_tables": "tables",
    "open_table": "tables",
    "write_frame": "write",
    "write_table": "write",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
