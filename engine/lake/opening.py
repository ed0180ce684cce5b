"""What a verb is told to read: a source, or the name of one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.errors import NotFoundError, OptionError, PathRefusedError
from engine.lake.datasets import open_dataset
from engine.lake.readable import Readable
from engine.lake.tables import list_tables, open_table

if TYPE_CHECKING:
    from engine.lake.storage import Storage


def open_source(storage: Storage, given: object) -> Readable:
    """A table or dataset as it is; of a text the table that it names, else the files.

    Args:
        storage: Where names are looked up.
        given: A table, a dataset, or a name: `dbo.trips`, `dbo.trips@3` for version 3, `raw/trips`.

    Raises:
        NotFoundError: Neither a table nor a file has that name.
        OptionError: It is something else, such as a pandas DataFrame.
    """
    if isinstance(given, Readable):
        return given
    if not isinstance(given, str):
        raise OptionError(
            f"A {type(given).__name__} is no source.",
            "Give a table, a dataset or the name of one; pool.write(frame, into='dbo.name') makes a table.",
        )
    name, at, version = given.rpartition("@")
    if at and version.isdecimal():
        return open_table(storage, name, version=int(version))
    if (found := _table(storage, given)) is not None:
        return found
    try:
        return open_dataset(storage, given)
    except NotFoundError as error:
        there = ", ".join(list_tables(storage)[:20]) or "none"
        raise NotFoundError(
            f"There is no table and no file {given!r}.", f"Tables: {there}. Files: {error.hint}.", name=given
        ) from error


def _table(storage: Storage, name: str) -> Readable | None:
    try:
        return open_table(storage, name)
    except (NotFoundError, PathRefusedError):  # `raw/2019.01.csv` can name no table
        return None
