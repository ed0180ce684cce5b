"""How files come to be: whole under their name, or not at all."""

from __future__ import annotations

import os
import shutil
import tempfile
import uuid
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import PathRefusedError, WriteError

if TYPE_CHECKING:
    from engine.lake.storage import Root, Storage


@contextmanager
def publishing(storage: Storage, location: str) -> Iterator[Path]:
    """Give a path to write to; what stands there when the block ends appears at `location` in one step.

    On local disk the path lies in the same folder, under a hidden name, and is renamed. Elsewhere it is a
    temporary file that is uploaded as one object. When the block fails, nothing is left.

    Raises:
        PathRefusedError: `location` is not below the writable root.
        WriteError: The store refused it.
    """
    root = _writable(storage, location)
    local = root.protocol == "file"
    try:
        scratch = _beside(location) if local else Path(tempfile.mkstemp(prefix="tarn-")[1])
        try:
            yield scratch
            if local:
                scratch.replace(location)
            else:
                root.filesystem.put_file(str(scratch), location)
        finally:
            scratch.unlink(missing_ok=True)
    except OSError as error:
        raise _refused(storage, location, error) from error


def publish_new(storage: Storage, location: str, data: bytes) -> bool:
    """Write a small file unless there is one; False if there is. Two writers cannot both succeed.

    (On stores without conditional writes the check and the write are two steps.)
    """
    root = _writable(storage, location)
    try:
        if root.protocol != "file":
            root.filesystem.pipe_file(location, data, mode="create")
            return True
        scratch = _beside(location)
        try:
            scratch.write_bytes(data)
            os.link(scratch, location)
        finally:
            scratch.unlink(missing_ok=True)
    except FileExistsError:
        return False
    except OSError as error:
        raise _refused(storage, location, error) from error
    return True


def remove_tree(storage: Storage, location: str) -> None:
    """Remove a folder of the writable root and all below it; fine if it is not there.

    On local disk it first gets a hidden name, so that nobody meets it half gone.
    """
    root = _writable(storage, location)
    if location == root.location:
        raise PathRefusedError(
            "the root of a workspace is not removed", "remove its folder by hand", path=location
        )
    try:
        if root.protocol != "file":
            if root.filesystem.exists(location):
                root.filesystem.rm(location, recursive=True)
            return
        doomed = Path(location).with_name(f".{uuid.uuid4().hex}.removed")
        Path(location).rename(doomed)
        shutil.rmtree(doomed)
    except FileNotFoundError:
        return
    except OSError as error:
        raise _refused(storage, location, error) from error


def remove_others(storage: Storage, folder: str, kept: Collection[str]) -> None:
    """Remove every file below a folder of the writable root whose location is not in `kept`."""
    root = _writable(storage, folder)
    for entry in storage.list(folder):
        if entry.is_folder:
            remove_others(storage, entry.location, kept)
        elif entry.location not in kept:
            with suppress(FileNotFoundError):  # its own writer may have just cleaned it away
                root.filesystem.rm_file(entry.location)
    prune_empty(storage, folder)


def prune_empty(storage: Storage, location: str) -> None:
    """Remove a local folder, and those above it up to the root, as long as they are empty."""
    root = _writable(storage, location)
    folder = location
    while root.protocol == "file" and root.holds(folder) and folder != root.location:
        try:
            Path(folder).rmdir()
        except OSError:
            return
        folder = folder.rpartition("/")[0]


def _writable(storage: Storage, location: str) -> Root:
    root = storage.root_of(location)
    if root is not storage.home:
        raise PathRefusedError(
            f"{location!r} lies in a read-only root", "write below the workspace itself", path=location
        )
    return root


def _beside(location: str) -> Path:
    target = Path(location)
    target.parent.mkdir(parents=True, exist_ok=True)
    return target.with_name(f".{target.name[:80]}.{uuid.uuid4().hex}.tmp")


def _refused(storage: Storage, location: str, error: OSError) -> WriteError:
    reason = error.strerror or str(error)
    return WriteError(
        f"{storage.relative(location)}: cannot be written: {reason}",
        "check space and permissions of the workspace's folder",
        path=location,
    )
