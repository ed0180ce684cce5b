"""How many values of every column are there, numbers and texts alike."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.prep.missing import missing
from engine.prep.summaries import Statistic
from engine.prep.views import Block, columns_of


def _summarise(block: Block, labels: Sequence[str]) -> np.ndarray:
    del labels
    return np.array([len(column) - int(missing(column).sum()) for column in columns_of(block)])


PRESENCE = Statistic(texts=True, summarise=_summarise, merge=np.add)
