"""Which texts a column holds, as long as they are few: a look before a choice, never an error."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from engine.prep.missing import missing
from engine.prep.summaries import Statistic
from engine.prep.views import Block, columns_of


@dataclass(frozen=True, slots=True)
class Variety:
    """What one column holds.

    Attributes:
        texts: Its distinct texts; None if they are more than the limit.
        missing: Whether some row has none.
    """

    texts: frozenset[str] | None
    missing: bool


def variety(limit: int) -> Statistic:
    """Collect up to `limit` distinct texts per column."""
    return Statistic(texts=True, summarise=partial(_summarise, limit), merge=partial(_merge, limit))


def _summarise(limit: int, block: Block, labels: Sequence[str]) -> tuple[Variety, ...]:
    del labels
    return tuple(_look(limit, column) for column in columns_of(block))


def _look(limit: int, column: np.ndarray) -> Variety:
    import pandas as pd

    absent = missing(column)
    return Variety(_few(frozenset(pd.unique(column[~absent]).tolist()), limit), bool(absent.any()))


def _merge(limit: int, left: Sequence[Variety], right: Sequence[Variety]) -> tuple[Variety, ...]:
    return tuple(_union(limit, a, b) for a, b in zip(left, right, strict=True))


def _union(limit: int, left: Variety, right: Variety) -> Variety:
    both = None if left.texts is None or right.texts is None else _few(left.texts | right.texts, limit)
    return Variety(both, left.missing or right.missing)


def _few(texts: frozenset[str], limit: int) -> frozenset[str] | None:
    return texts if len(texts) <= limit else None
