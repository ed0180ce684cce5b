"""Raw rows that a training sample seldom holds: every column missing, unseen or extreme."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Columns = Mapping[str, NDArray[Any]]

_INT64 = np.iinfo(np.int64)
_MISSING: dict[type[Any], tuple[Any, ...]] = {np.float32: (np.nan,), np.object_: ("",)}  # int64 has none
_UNSEEN: dict[type[Any], tuple[Any, ...]] = {
    np.float32: (np.inf, -np.inf, 3e38, -3e38),
    np.object_: ("a value never seen", "ÿ\u2003☃"),
    np.int64: (_INT64.min, -1, 0, _INT64.max),
}


def raw_probes(columns: Columns) -> Iterator[tuple[str, Columns]]:
    """Vary real rows: all columns at once and one by one, missing in one probe and unseen in another.

    Args:
        columns: Fed rows, [N, 1] each, N > 0.
    """
    for name, oddities in (("raw missing", _MISSING), ("raw unseen", _UNSEEN)):
        odd = {column: oddities.get(values.dtype.type, ()) for column, values in columns.items()}
        rounds = max(map(len, odd.values()), default=0)
        if rounds:
            yield name, _vary(columns, odd, rounds)


def _vary(columns: Columns, odd: Mapping[str, tuple[Any, ...]], rounds: int) -> Columns:
    """Per round a row with every column odd, and one row per column with that column odd."""
    count = rounds * (1 + len(columns))
    varied = {name: np.resize(values, (count, 1)) for name, values in columns.items()}
    for at, name in enumerate(columns, start=1):
        for number in range(rounds if odd[name] else 0):
            value = odd[name][number % len(odd[name])]
            first = number * (1 + len(columns))
            varied[name][[first, first + at]] = value
    return varied
