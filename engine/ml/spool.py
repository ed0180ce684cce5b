"""Blocks on the local disk of a worker's machine, so that no process keeps raw rows in memory.

Quantising walks through all rows several times. The processes of one machine share what each of them has
made: files appear whole, under their final name, or not at all.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pools.worker import resources

if TYPE_CHECKING:
    import numpy.typing as npt

_FOLDER = "tarn-blocks"


def save(key: str, index: int, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
    """Put a block's arrays on the disk; where it takes them not, they are made again whenever needed."""
    folder = _home() / key
    with suppress(OSError):  # the disk is full, or another process was first
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{index}-", dir=folder) as place:
            fresh = Path(place) / "whole"
            fresh.mkdir()
            for name, values in arrays.items():
                np.save(fresh / f"{name}.npy", values)
            fresh.rename(folder / str(index))


def load(key: str, index: int) -> dict[str, npt.NDArray[Any]] | None:
    """A block's arrays, mapped rather than read; None where they are not there."""
    files = sorted((_home() / key / str(index)).glob("*.npy"))
    try:
        return {path.stem: np.load(path, mmap_mode="r") for path in files} or None
    except (FileNotFoundError, ValueError):  # an empty array cannot be mapped
        return None


def _home() -> Path:
    """Beside the worker's own folder: it is gone with the pool, and all workers of the machine find it."""
    folder = resources().folder
    return Path(folder).parent / _FOLDER if folder else Path(_of_this_process().name)


@cache
def _of_this_process() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix=f"{_FOLDER}-{os.getpid()}-")
