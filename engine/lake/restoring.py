"""Make an earlier version of a table the newest one again, in a commit of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deltalake import CommitProperties
from deltalake.exceptions import CommitFailedError, DeltaError

from engine.errors import ConflictError, WriteError
from engine.lake.delta_client import first_line, open_delta
from engine.lake.names import TableName
from engine.lake.places import table_location

if TYPE_CHECKING:
    from engine.lake.storage import Storage


def restore_table(storage: Storage, name: str | TableName, *, to: int, base: int) -> int:
    """Bring back the rows and columns of a version; return the version that this makes.

    Args:
        storage: The workspace's files.
        name: The table.
        to: The version to bring back.
        base: The newest version; a later one is not undone.

    Raises:
        ConflictError: The table is no longer at `base`.
        NotFoundError: There is no such table or version.
        WriteError: Files of the version are gone, or the commit was refused.
    """
    table = TableName.parse(name)
    latest = open_delta(storage, table_location(storage, table))
    if int(latest.version()) != base:
        raise _conflict(table, to)
    try:
        latest.restore(to, commit_properties=CommitProperties(max_commit_retries=0))
    except CommitFailedError as error:
        raise _conflict(table, to) from error
    except (DeltaError, OSError, ValueError) as error:
        raise WriteError(
            f"{table}: version {to} cannot be brought back: {first_line(error)}", "see Table.versions()"
        ) from error
    return int(open_delta(storage, table_location(storage, table)).version())


def _conflict(table: TableName, to: int) -> ConflictError:
    return ConflictError(
        f"{table} was changed by another write; it is not set back to version {to}",
        "look at Table.history",
        table=str(table),
    )
