"""Where the folds of a split by time begin: where the rows before come nearest to a share of all.

Found without sorting: each pass counts rows in 4,096 steps of the stretch in which an edge must lie. Only
whole numbers are counted, so the edges do not depend on how the rows are laid out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from engine.errors import DataError

if TYPE_CHECKING:
    import numpy.typing as npt

    from engine.lake import Runner
    from engine.prep import Blocks

_STEPS = 4_096
# A stretch with fewer rows than this share of all is not looked at more closely.
_CLOSE_ENOUGH = 1e-5


def ordered(column: pa.ChunkedArray, name: str) -> npt.NDArray[np.int64]:
    """Return dates, times or numbers as int64 `[N]` in the same order.

    Raises:
        DataError: A value is missing, or the column holds something else.
    """
    kind = column.type
    if column.null_count and _has_order(kind):
        message = f"Column '{name}' has no time in {column.null_count} rows of a partition."
        raise DataError(message, "Filter those rows, or split by another column.", column=name)
    if pa.types.is_date(kind) or pa.types.is_timestamp(kind):
        zone = kind.tz if pa.types.is_timestamp(kind) else None
        times = column.cast(pa.timestamp("us", tz=zone), safe=False).cast(pa.int64())
        return np.asarray(times.to_numpy(), dtype=np.int64)
    if pa.types.is_integer(kind):
        return np.asarray(column.cast(pa.int64()).to_numpy(), dtype=np.int64)
    if pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return _in_order(column.cast(pa.float64()).to_numpy(), name)
    raise DataError(
        f"Column '{name}' of type {kind} has no order in time.",
        "Split by a column of dates, times or numbers.",
        column=name,
    )


def _has_order(kind: pa.DataType) -> bool:
    tests = (
        pa.types.is_temporal,
        pa.types.is_integer,
        pa.types.is_floating,
        pa.types.is_decimal,
        pa.types.is_null,
    )
    return any(test(kind) for test in tests)


def _in_order(values: npt.NDArray[np.float64], name: str) -> npt.NDArray[np.int64]:
    """Floats as whole numbers: their bits are in order, but for negative ones, which run backwards."""
    if np.isnan(values).any():
        raise DataError(f"Column '{name}' has rows without a time.", "Filter those rows.", column=name)
    bits = (values + 0.0).view(np.int64)
    return np.asarray(np.where(bits < 0, np.int64(-(2**63)) - bits - 1, bits))


def time_edges(column: str, shares: Sequence[float], blocks: Blocks, runner: Runner) -> npt.NDArray[np.int64]:
    """Find the times at which each fold but the first begins.

    Args:
        column: Dates, times or numbers.
        shares: Of the folds, oldest first.
        blocks: All rows.
        runner: Who does the work; one pass for the range and, for microseconds of years, four more.

    Returns:
        int64 `[len(shares) - 1]`, rising; rows at an edge belong to the fold that begins there.

    Raises:
        DataError: There are no rows, or rows without a time.
    """
    ends = [e for _, e in runner.stream(_Ends(blocks, column), blocks.parts, label="split-range") if e]
    if not ends:
        raise DataError("There are no rows to split by time.", "Check the source's filter and its files.")
    total = sum(rows for _, _, rows in ends)
    low, high = min(e[0] for e in ends), max(e[1] for e in ends)
    wanted = [share * total for share in np.cumsum(shares[:-1])]
    stretches = [_Stretch(low, high + 1, 0, total)] * len(wanted)
    while any(s.wide(total) for s in stretches):
        open_ones = tuple(dict.fromkeys(s for s in stretches if s.wide(total)))
        count = _Steps(blocks, column, open_ones)
        counts = sum(found for _, found in runner.stream(count, blocks.parts, label="split-times"))
        closer = dict(zip(open_ones, np.asarray(counts), strict=True))
        stretches = [
            s.around(rank, closer[s]) if s in closer else s for s, rank in zip(stretches, wanted, strict=True)
        ]
    return np.array([s.edge(rank) for s, rank in zip(stretches, wanted, strict=True)], dtype=np.int64)


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Times from `low` up to below `high`, with the rows before it and in it."""

    low: int
    high: int
    before: int
    rows: int

    def wide(self, total: int) -> bool:
        return self.high - self.low > 1 and self.rows > max(1.0, _CLOSE_ENOUGH * total)

    @property
    def width(self) -> int:
        return max(1, -(-(self.high - self.low) // _STEPS))

    def around(self, rank: float, counts: npt.NDArray[np.int64]) -> _Stretch:
        """The step in which the row of this rank is."""
        upto = np.cumsum(counts) + self.before
        step = min(int(np.searchsorted(upto, rank, side="right")), int(np.flatnonzero(counts)[-1]))
        low = self.low + step * self.width
        rows = int(counts[step])
        return _Stretch(low, min(low + self.width, self.high), int(upto[step]) - rows, rows)

    def edge(self, rank: float) -> int:
        """The end that leaves the number of rows before it nearer to the rank."""
        return self.low if rank - self.before <= self.before + self.rows - rank else self.high


@dataclass(frozen=True, slots=True)
class _Ends:
    blocks: Blocks
    column: str

    def __call__(self, part: Any) -> tuple[int, int, int] | None:
        times = ordered(self.blocks.read(part, [self.column]).column(0), self.column)
        return (int(times.min()), int(times.max()), len(times)) if len(times) else None


@dataclass(frozen=True, slots=True)
class _Steps:
    blocks: Blocks
    column: str
    stretches: tuple[_Stretch, ...]

    def __call__(self, part: Any) -> npt.NDArray[np.int64]:
        """Rows per stretch and step, int64 `[stretches, 4096]`."""
        times = ordered(self.blocks.read(part, [self.column]).column(0), self.column)
        counts = np.zeros((len(self.stretches), _STEPS), dtype=np.int64)
        for place, stretch in enumerate(self.stretches):
            inside = times[(times >= stretch.low) & (times < stretch.high)]
            # as uint64: the distance of two int64 can be more than an int64 holds
            steps = (inside.view(np.uint64) - np.uint64(stretch.low & (2**64 - 1))) // np.uint64(
                stretch.width
            )
            counts[place] = np.bincount(steps.astype(np.int64), minlength=_STEPS)
        return counts
