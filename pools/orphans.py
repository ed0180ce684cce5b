"""Folders of pools whose process was killed: a lock says who still lives, the next pool removes the rest."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from tempfile import mkdtemp

# In each folder; locked from the moment that it has this name, by the process whose folder it is.
_OWNER = "owner.lock"


@contextmanager
def owned_folder(place: Path, prefix: str) -> Iterator[Path]:
    """A folder that is gone with the block, or after a kill -9 with the next one of these in the same place.

    Args:
        place: Where.
        prefix: How its name begins; folders of the same beginning are looked through for dead owners.

    Raises:
        OSError: It cannot be made.
    """
    remove_orphans(place, prefix)
    with ExitStack() as held:
        folder = Path(mkdtemp(prefix=prefix, dir=place))
        held.callback(shutil.rmtree, folder, ignore_errors=True)
        lock = held.enter_context((folder / f".{_OWNER}").open("xb"))
        fcntl.flock(lock, fcntl.LOCK_EX)
        (folder / f".{_OWNER}").rename(folder / _OWNER)
        yield folder


def remove_orphans(place: Path, prefix: str) -> None:
    """Remove the folders whose owners have died."""
    for path in place.glob(f"{prefix}*/{_OWNER}"):
        with suppress(OSError):  # it lives, or it is another user's, or somebody else removes it
            handle = os.open(path, os.O_RDWR | os.O_NOFOLLOW)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(path.parent, ignore_errors=True)
            finally:
                os.close(handle)
