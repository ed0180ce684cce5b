"""Columns as one matrix that is never made whole: the kernel takes a portion of rows at a time."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_scratch = threading.local()


class Columns:
    """Arrays `[N, k]` of one type side by side.

    A portion lies in memory by columns, in the cache, and in the same place as the one before: a fresh matrix
    of 65,536 rows and 28 columns costs a task 4 % of its time in pages that the system must clear.

    Args:
        parts: The columns, in their order.
    """

    ndim = 2

    def __init__(self, parts: Sequence[NDArray[Any]]) -> None:
        self.parts = parts
        self.dtype = parts[0].dtype
        self.shape = (len(parts[0]), sum(part.shape[1] for part in parts))

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: slice) -> NDArray[Any]:
        """The matrix of some rows; this thread's next portion takes its place."""
        start, stop, _ = rows.indices(len(self))
        width, count = self.shape[1], stop - start
        made = _room(width * count, self.dtype).reshape(width, count)
        at = 0
        for part in self.parts:
            made[at : at + part.shape[1]] = part[start:stop].T
            at += part.shape[1]
        return made.T


def _room(size: int, dtype: np.dtype[Any]) -> NDArray[Any]:
    """So many elements of this thread's scratch memory."""
    held: NDArray[np.uint8] | None = getattr(_scratch, "held", None)
    if held is None or len(held) < size * dtype.itemsize:
        held = _scratch.held = np.empty(size * dtype.itemsize, dtype=np.uint8)
    return held[: size * dtype.itemsize].view(dtype)
