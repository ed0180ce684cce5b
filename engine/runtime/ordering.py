"""How well the rows of a table lie in order of a column, by what is known of its files."""

from __future__ import annotations

import datetime as dt
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from engine.runtime.distribution import DISTRIBUTIONS
from engine.sql.plan import Order


@dataclass(frozen=True, slots=True)
class Run:
    """Rows that lie together: the bounds of the column in them, how many they are, of how many row groups."""

    low: int
    high: int
    rows: int
    groups: int

    @property
    def density(self) -> float:
        """Rows for each value, taken to lie evenly between the bounds."""
        return self.rows / (self.high - self.low + 1)


def order_of(runs: Sequence[Run], *, days: bool = False) -> Order | None:
    """Ranges of about as many rows each, from the bounds and rows of the pieces of a table.

    Args:
        runs: The pieces; each is taken to be in order itself.
        days: Whether bounds are numbers of days, as `date.toordinal` gives them.

    >>> order_of([Run(1, 600, 600, 1), Run(601, 1200, 600, 1)]).cuts[:2]
    (21, 41)
    """
    if not runs:
        return None
    most = max(run.high for run in runs)
    cuts = [min(cut, most) for cut in _cuts(runs)]  # the value after the greatest may not be one
    overlap = _overlap(runs, cuts)
    return Order(tuple(map(dt.date.fromordinal, cuts)) if days else tuple(cuts), overlap)


def _overlap(runs: Sequence[Run], cuts: Sequence[int]) -> float:
    """The share of rows that are read on both sides of a cut.

    In order of the column a cut goes through one row group of one run; any further run is read whole.
    """
    rows = sum(run.rows for run in runs)
    through = sum(run.rows * (bisect_right(cuts, run.high) - bisect_right(cuts, run.low)) for run in runs)
    one = rows / len(runs)
    groups = sum(run.groups for run in runs) / len(runs)
    crossed = through / len(cuts)
    return (max(crossed - one, 0.0) + min(crossed, one) / groups) / rows


def _cuts(runs: Sequence[Run]) -> Iterator[int]:
    """The values below which 1/60, 2/60, ... of the rows lie."""
    changes = [(run.low, run.density) for run in runs] + [(run.high + 1, -run.density) for run in runs]
    changes.sort()
    whole = sum(run.rows for run in runs)
    number, passed, density, at = 1, 0.0, 0.0, changes[0][0]
    for place, change in changes:
        ahead = passed + density * (place - at)
        while number < DISTRIBUTIONS and density > 0 and whole * number / DISTRIBUTIONS <= ahead:
            yield at + round((whole * number / DISTRIBUTIONS - passed) / density)
            number += 1
        passed, density, at = ahead, density + change, place
    yield from [changes[-1][0]] * (DISTRIBUTIONS - number)  # what rounding has left
