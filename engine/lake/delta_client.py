"""The one place that opens Delta tables: addresses, credentials, and what its errors mean."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from deltalake import DeltaTable
from deltalake.exceptions import DeltaError

from engine.errors import FormatError, NotFoundError, OptionError
from engine.lake.places import DELTA_LOG
from engine.lake.recent import Recent

if TYPE_CHECKING:
    from engine.lake.storage import FileStamp, Storage

_STORES = ("file", "s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "adl")
# delta-rs 1.6 decodes % in local paths and takes a backslash for a slash: it would write to another folder.
_MISREAD = re.compile(r"[%\\\x00-\x1f]")
_S3_OPTIONS = {
    "key": "AWS_ACCESS_KEY_ID",
    "secret": "AWS_SECRET_ACCESS_KEY",
    "token": "AWS_SESSION_TOKEN",
    "endpoint_url": "AWS_ENDPOINT_URL",
}


Head = tuple[tuple[str, "FileStamp"], ...]
"""What tells one state of a table's log from another: its newest commit, and the one that made the table."""

_KEPT = 64
_looked_at: Recent[tuple[str, int | None, Head], DeltaTable] = Recent(_KEPT)


def log_head(storage: Storage, location: str) -> Head:
    """The first and the newest commit that the log has, by name and stamp; nothing where there is no table.

    Commits are never rewritten: as long as these stay, every version is what it was. A table that was
    dropped and made again has other ones.
    """
    listed = storage.list(f"{location}/{DELTA_LOG}")
    ends = (".json", ".checkpoint.parquet")
    commits = [(entry.name, entry.stamp) for entry in listed if entry.name.endswith(ends)]
    return (commits[0], commits[-1]) if commits else ()


def look_at_delta(storage: Storage, location: str, version: int | None = None) -> tuple[DeltaTable, Head]:
    """As `open_delta`, for whoever only reads: a state of the log that was read before is not read again.

    The table is shared: nothing may be committed through it.
    """
    head = log_head(storage, location)
    return _looked_at.get((location, version, head), lambda: open_delta(storage, location, version)), head


def holds_delta(storage: Storage, location: str) -> bool:
    """Whether a folder is a Delta table: its log has a commit or a checkpoint."""
    log = f"{location}/{DELTA_LOG}"
    if storage.is_file(f"{log}/{0:020d}.json"):
        return True
    return any(entry.name.endswith((".json", ".checkpoint.parquet")) for entry in storage.list(log))


def open_delta(storage: Storage, location: str, version: int | None = None) -> DeltaTable:
    """The table at a location, newest version by default.

    Raises:
        NotFoundError: No table there, or no such version of it.
        FormatError: The log cannot be read.
    """
    name = storage.relative(location)
    if not holds_delta(storage, location):
        raise NotFoundError(f"{name} is no Delta table", "check the path", path=location)
    address, options = address_of(storage, location), client_options(storage, location)
    with delta_faults(name):
        table = DeltaTable(address, storage_options=options)
        newest = int(table.version())
    if version is None or version == newest:
        return table
    if not 0 <= version < newest:
        raise NotFoundError(
            f"{name} has no version {version}", f"versions go from 0 to {newest}", version=version
        )
    try:
        return DeltaTable(address, version=version, storage_options=options)
    except DeltaError as error:
        raise NotFoundError(
            f"{name}: version {version} can no longer be read: {first_line(error)}",
            "its log was cleaned up; see Table.versions() for what is left",
            version=version,
        ) from error


def address_of(storage: Storage, location: str) -> str:
    """What delta-rs calls the location.

    Raises:
        OptionError: Tables cannot live on this store or under this path.
    """
    protocol = storage.root_of(location).protocol
    if protocol not in _STORES:
        raise OptionError(
            f"tables cannot live on {protocol}://",
            f"use a folder or one of {', '.join(_STORES[1:])}",
            path=location,
        )
    if protocol == "file" and _MISREAD.search(location):
        raise OptionError(
            f"tables cannot live below {location!r}: its name has a percent sign, backslash or control code",
            "rename the workspace's folder",
            path=location,
        )
    return location


def client_options(storage: Storage, location: str) -> dict[str, str]:
    """Options for delta-rs: those given for it, else those of the root's fsspec under their other names."""
    root = storage.root_of(location)
    if storage.table_options and root.protocol == storage.home.protocol:
        return dict(storage.table_options)
    options = dict(root.options)
    if root.protocol not in ("s3", "s3a"):
        return {name: value for name, value in options.items() if isinstance(value, str)}
    client: dict[str, Any] = options.get("client_kwargs") or {}
    known = {**options, "endpoint_url": options.get("endpoint_url") or client.get("endpoint_url")}
    found = {name: str(known[key]) for key, name in _S3_OPTIONS.items() if known.get(key)}
    if client.get("region_name"):
        found["AWS_REGION"] = str(client["region_name"])
    if found.get("AWS_ENDPOINT_URL", "").startswith("http://"):
        found["AWS_ALLOW_HTTP"] = "true"
    return found


@contextmanager
def delta_faults(name: str) -> Iterator[None]:
    """Tell delta-rs's errors as faults of this table."""
    try:
        yield
    except (DeltaError, OSError, ValueError) as error:
        raise FormatError(
            f"{name}: its Delta log cannot be read: {first_line(error)}",
            "the log may be damaged, or need a reader feature that is not supported",
            table=name,
        ) from error


def first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
