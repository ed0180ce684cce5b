"""One process at a time, where what is done takes several steps that others must not come between."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def alone_at(folder: str | Path) -> Iterator[None]:
    """Within the block no other thread or process of this machine is in such a block for the same folder.

    The lock is on the folder itself: it leaves no file, and ends with its process, however that ends. On a
    file system without locks there is none.

    Args:
        folder: A local folder that is there.
    """
    handle = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
