"""Functions compiled once per machine and version, and kept on disk for every process that comes after.

Numba would keep them beside their source, which a read-only install does not allow, or below a home that a
container may not have; so they lie in a folder of ours. It is named after everything that the code depends
on, and numba itself adds the processor.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

import numba
from numba import config

# Set, it says where compiled kernels are kept.
FOLDER_VARIABLE = "TARN_KERNEL_CACHE"


def compiled(function: Callable[..., Any]) -> Any:
    """Compile a function when it first meets new types, without the GIL, or take it from the disk."""
    with _kept_in(cache_folder()):
        return numba.njit(nogil=True, error_model="numpy", boundscheck=False, cache=True)(function)


@lru_cache(maxsize=1)
def cache_folder() -> Path:
    """The first of these that can be written: the one asked for, the user's cache, a temporary folder."""
    version = hashlib.sha256(f"{numba.__version__} {_sources()}".encode()).hexdigest()[:16]
    for base in _bases():
        folder = base / f"kernels-{version}"
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError:
            continue
        # What lies in a shared folder is loaded as code: it must be ours.
        if os.access(folder, os.W_OK) and folder.stat().st_uid == os.getuid():
            return folder
    return Path(tempfile.mkdtemp(prefix="tarn-kernels-"))


def _bases() -> Iterator[Path]:
    asked = os.environ.get(FOLDER_VARIABLE)
    if asked:
        yield Path(asked)
    user = os.environ.get("XDG_CACHE_HOME") or str(Path("~/.cache").expanduser())
    yield Path(user) / "tarn"
    yield Path(tempfile.gettempdir()) / f"tarn-{os.getuid()}"


def _sources() -> str:
    """The modules whose functions are compiled here; by their times too, for numba itself goes by those."""
    files = [Path(__file__).parent / name for name in ("compiled.py", "layout.py", "walk.py", "finish.py")]
    return "".join(f"{file.stat().st_mtime_ns} {file.read_text()}" for file in files)


@contextmanager
def _kept_in(folder: Path) -> Iterator[None]:
    """Numba reads its setting once, when a function is decorated; the user's own functions keep theirs."""
    before = config.CACHE_DIR
    config.CACHE_DIR = str(folder)
    try:
        yield
    finally:
        config.CACHE_DIR = before
