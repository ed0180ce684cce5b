"""Tables under other names, and files of one table given to another, without a copy of their data."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow.parquet as pq

from engine.errors import WriteError
from engine.lake.data_file import DataFile
from engine.lake.delta_client import holds_delta
from engine.lake.delta_stats import stats_json
from engine.lake.names import TableName
from engine.lake.parquet import footer_facts
from engine.lake.places import table_location
from engine.lake.publish import make_folder, prune_empty, store_faults
from engine.lake.table_writer import TableWriter, WrittenFile, WrittenPart
from engine.lake.tables import open_table

if TYPE_CHECKING:
    from engine.lake.storage import Storage


def rename_table(storage: Storage, name: str | TableName, new: str | TableName) -> None:
    """Give a table another name; all its versions go along. On local disk that is one step.

    Raises:
        NotFoundError: There is no such table.
        WriteError: There is one of the new name, or the store refused it.
    """
    table, to = TableName.parse(name), TableName.parse(new)
    open_table(storage, table)
    old, location = table_location(storage, table), table_location(storage, to)
    if holds_delta(storage, location):
        raise WriteError(f"table {to} is there already", "choose another name", table=str(to))
    root = storage.root_of(old)
    make_folder(storage, location.rpartition("/")[0])
    with store_faults(storage, location):
        if root.protocol == "file":
            Path(old).rename(location)
            prune_empty(storage, old.rpartition("/")[0])
        else:
            root.filesystem.mv(old, location, recursive=True)


def linked_part(writer: TableWriter, files: Iterable[str]) -> WrittenPart:
    """Files of another table as a part of this write: links on local disk, copies within the store elsewhere.

    Args:
        writer: Of a table with the files' columns.
        files: Their locations.

    Raises:
        WriteError: The store refused it.
    """
    storage, schema = writer.storage, writer.schema
    if schema is None:
        raise WriteError(f"{writer.name} has no columns yet", "create it before files are moved to it")
    linked = []
    for file in files:
        path = f"{writer.job}/{uuid.uuid4().hex}.parquet"
        location = f"{writer.location}/{path}"
        _link(storage, file, location)
        with storage.open(location) as handle:
            footer = pq.read_metadata(handle)
        stats = stats_json(footer.num_rows, footer_facts(footer, schema))
        data = DataFile(storage.stamp(location), footer.num_rows, int(time.time() * 1000), stats)
        linked.append(WrittenFile(path, data))
    return WrittenPart(0, schema, tuple(linked))


def _link(storage: Storage, file: str, location: str) -> None:
    root = storage.root_of(location)
    with store_faults(storage, location):
        if root.protocol == "file":
            Path(location).hardlink_to(file)
        else:
            root.filesystem.cp_file(file, location)
