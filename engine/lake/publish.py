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
def publishing(storage: Storage, location: str, *, within: str) -> Iterator[Path]:
    """Give a path to write to; what stands there when the block ends appears at `location` in one step.

    On local disk the path lies in the same folder, under a hidden name, and is renamed. Elsewhere it is a
    temporary file that is uploaded as one object. When the block fails, nothing is left.

    Args:
        storage: The workspace's files.
        location: Where the file is to appear.
        within: A folder that must be there already (`make_folder`), so that a task that outlives its job
            finds no place any more. Folders below it are made.

    Raises:
        PathRefusedError: `location` is not below the writable root.
        WriteError: The store refused it, or `within` is gone.
    """
    root = _writable(storage, location)
    local = root.protocol == "file"
    with store_faults(storage, location):
        scratch = _beside(location, within) if local else _temporary()
    try:
        yield scratch
        with store_faults(storage, location):
            if local:
                scratch.replace(location)
            else:
                root.filesystem.put_file(str(scratch), location)
    finally:
        scratch.unlink(missing_ok=True)


def publish_new(storage: Storage, location: str, data: bytes) -> bool:
    """Write a small file unless there is one; False if there is. Two writers cannot both succeed.

    (On stores without conditional writes the check and the write are two steps.)

    Raises:
        PathRefusedError: `location` is not below the writable root.
        WriteError: The store refused it.
    """
    root = _writable(storage, location)
    with store_faults(storage, location):
        try:
            if root.protocol == "file":
                _link_new(location, data)
            else:
                root.filesystem.pipe_file(location, data, mode="create")
        except FileExistsError:
            return False
    return True


def make_folder(storage: Storage, location: str) -> None:
    """Make a folder and those above it, on stores that have folders."""
    if _writable(storage, location).protocol == "file":
        with store_faults(storage, location):
            Path(location).mkdir(parents=True, exist_ok=True)


def remove_tree(storage: Storage, location: str) -> None:
    """Remove a folder of the writable root and all below it; fine if it is not there.

    On local disk it first gets a hidden name, so that nobody meets it half gone.

    Raises:
        PathRefusedError: It is the root, or not below it.
        WriteError: The store refused it.
    """
    root = _writable(storage, location)
    if location == root.location:
        raise PathRefusedError("the root of a workspace is not removed", "remove it by hand", path=location)
    with store_faults(storage, location), suppress(FileNotFoundError):
        if root.protocol == "file":
            doomed = Path(location).with_name(f".{uuid.uuid4().hex}.removed")
            Path(location).rename(doomed)
            shutil.rmtree(doomed)
        else:
            root.filesystem.rm(location, recursive=True)


def remove_file(storage: Storage, location: str) -> bool:
    """Remove a file of the writable root; False if there is none.

    Raises:
        PathRefusedError: It is not below the writable root.
        WriteError: The store refused it.
    """
    root = _writable(storage, location)
    with store_faults(storage, location):
        try:
            root.filesystem.rm_file(location)
        except FileNotFoundError:
            return False
    return True


def remove_others(storage: Storage, folder: str, kept: Collection[str]) -> None:
    """Remove every file below a folder of the writable root whose location is not in `kept`."""
    root = _writable(storage, folder)
    for entry in storage.list(folder):
        if entry.is_folder:
            remove_others(storage, entry.location, kept)
        elif entry.location not in kept:
            # The task that wrote it may have just cleaned it away itself.
            with store_faults(storage, entry.location), suppress(FileNotFoundError):
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


@contextmanager
def store_faults(storage: Storage, location: str) -> Iterator[None]:
    """Tell the store's own errors as a write that was refused."""
    try:
        yield
    except OSError as error:
        raise WriteError(
            f"{storage.relative(location)}: cannot be written: {error.strerror or error}",
            "check space and permissions of the workspace's folder",
            path=location,
        ) from error


def _writable(storage: Storage, location: str) -> Root:
    root = storage.root_of(location)
    if root is not storage.home:
        raise PathRefusedError(
            f"{location!r} lies in a root that is only read", "write below the home", path=location
        )
    return root


def _beside(location: str, within: str) -> Path:
    target = Path(location)
    made = Path(within)
    for name in target.parent.relative_to(within).parts:
        made = made / name
        made.mkdir(exist_ok=True)
    scratch = _hidden(target)
    scratch.touch(exist_ok=False)
    return scratch


def _link_new(location: str, data: bytes) -> None:
    target = Path(location)
    target.parent.mkdir(parents=True, exist_ok=True)
    scratch = _hidden(target)
    try:
        scratch.write_bytes(data)
        os.link(scratch, target)  # unlike a rename, fails if the name is taken
    finally:
        scratch.unlink(missing_ok=True)


def _hidden(target: Path) -> Path:
    return target.with_name(f".{uuid.uuid4().hex}.tmp")


def _temporary() -> Path:
    handle, name = tempfile.mkstemp(prefix="tarn-")
    os.close(handle)
    return Path(name)
