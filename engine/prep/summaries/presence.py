"""How many values of every column are there, numbers and texts alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from engine.prep.missing import missing
from engine.prep.summaries import Statistic
from engine.prep.summaries.finite import finite_columns

if TYPE_CHECKING:
    from engine.prep.views import Block


def _summarise(block: Block, labels: Sequence[str]) -> np.ndarray:
    return np.array([len(column) - int(missing(column).sum()) for column in finite_columns(block, labels)])


PRESENCE = Statistic(texts=True, summarise=_summarise, merge=np.add)
