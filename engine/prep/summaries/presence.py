"""How many values of every column are there, numbers and texts alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from engine.prep.missing import missing
from engine.prep.summaries import Statistic
from engine.prep.summaries.finite import finite_columns

if TYPE_CHECKING:
    from engine.prep.views import Block


@dataclass(frozen=True, slots=True, eq=False)
class Presence:
    """What is known of `d` columns.

    Attributes:
        rows: All rows.
        count: Values that are there, int64 `[d]`.
    """

    rows: int
    count: np.ndarray


def _summarise(block: Block, labels: Sequence[str]) -> Presence:
    columns = finite_columns(block, labels)
    counts = [len(column) - int(missing(column).sum()) for column in columns]
    return Presence(len(columns[0]), np.array(counts))


def _merge(left: Presence, right: Presence) -> Presence:
    return Presence(left.rows + right.rows, left.count + right.count)


PRESENCE = Statistic(texts=True, summarise=_summarise, merge=_merge)
