"""How a model's scores spread: counted over rows of its training, and again over whatever it scores later."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

_BINS = 40


@dataclass(frozen=True, slots=True)
class Spread:
    """Bins of one width from `low` to `high`; a score beyond counts in the first or the last.

    The score of a row is a binary model's probability, an amount, or the greatest of several probabilities.

    Attributes:
        low: Where the first bin begins.
        high: Where the last one ends.
        training: Rows of the training sample in each bin.
    """

    low: float
    high: float
    training: tuple[int, ...]

    @classmethod
    def of(cls, predicted: NDArray[Any], *, probabilities: bool) -> Spread | None:
        """The spread of what a model says of training rows, [N] or [N, C]; None of no rows."""
        scores = predicted.max(axis=1) if predicted.ndim > 1 else predicted
        scores = scores[np.isfinite(scores)].astype(np.float64)
        if not len(scores):
            return None
        low, high = (0.0, 1.0) if probabilities else (float(scores.min()), float(scores.max()))
        bare = cls(low, high if high > low else low + 1.0, (0,) * _BINS)
        return cls(bare.low, bare.high, tuple(bare._counted(scores).tolist()))

    @classmethod
    def from_text(cls, text: str) -> Spread:
        """The inverse of `to_text`."""
        found = json.loads(text)
        return cls(float(found["low"]), float(found["high"]), tuple(map(int, found["training"])))

    def to_text(self) -> str:
        """JSON, for the metadata of a graph."""
        return json.dumps({"low": self.low, "high": self.high, "training": self.training})

    @property
    def edges(self) -> tuple[float, ...]:
        """Of the bins, one more than there are."""
        return tuple(np.linspace(self.low, self.high, len(self.training) + 1).tolist())

    def count(self, answers: pa.Table) -> NDArray[np.int64]:
        """Rows of scored answers in each bin."""
        if "score" in answers.column_names:
            return self._counted(answers.column("score").to_numpy())
        named = [name for name in answers.column_names if name.startswith("probability_")]
        if not named or not answers.num_rows:
            return np.zeros(len(self.training), np.int64)
        return self._counted(np.max([answers.column(name).to_numpy() for name in named], axis=0))

    def _counted(self, scores: NDArray[Any]) -> NDArray[np.int64]:
        bins = len(self.training)
        places = (scores - self.low) * (bins / (self.high - self.low))
        places = np.clip(np.nan_to_num(places), 0, bins - 1).astype(np.int64)
        return np.bincount(places, minlength=bins)
