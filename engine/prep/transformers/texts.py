"""Texts as counts in buckets, without a list of words to keep."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.utils import murmurhash3_32

from engine.prep.transformers.base import ByColumn

# The hash's highest bit is the sign, the others choose the bucket.
SIGN = 1 << 31
MOST_FEATURES = 1 << 14


class TextHasher(ByColumn):
    """Count the texts of a column, or their words, in a fixed number of buckets by MurmurHash3.

    Nothing is learned, so a text that was never seen has its bucket too. A missing or empty text is all
    zeros.

    Args:
        n_features: Buckets per column, up to 16,384.
        words: Count the words between blanks, not the whole text.
        signed: Count half of the words as -1, so that those that share a bucket cancel out on average.

    Example:
        >>> import pandas as pd
        >>> TextHasher(4, words=True).fit_transform(pd.DataFrame({"text": ["red car", "car car"]}))
        array([[0., 0., 1., 1.],
               [0., 0., 2., 0.]])
    """

    def __init__(self, n_features: int = 16, *, words: bool = False, signed: bool = False) -> None:
        self.n_features = n_features
        self.words = words
        self.signed = signed

    def suffixes(self) -> list[str]:
        return [f"hash{bucket}" for bucket in range(self.n_features)]

    def _check_parameters(self) -> None:
        count = self.n_features
        whole = isinstance(count, int | np.integer) and not isinstance(count, bool)
        if not whole or not 1 <= count <= MOST_FEATURES:
            raise ValueError(f"n_features={count!r} must be a whole number from 1 to {MOST_FEATURES}")

    def _column(self, column: Any) -> np.ndarray:
        import pandas as pd

        values = np.array(pd.Series(column, dtype=object).fillna(""), dtype=object)
        strange = next((value for value in values if not isinstance(value, str)), None)
        if strange is not None:
            raise ValueError(f"a column of texts is needed, but it holds {strange!r}")
        return values

    def _features(self, column: np.ndarray) -> np.ndarray:
        import pandas as pd

        codes, texts = pd.factorize(column)
        counts = np.zeros((len(texts), self.n_features))
        for row, text in enumerate(texts):
            for word in text.split(" ") if self.words else [text]:
                if word:
                    number = murmurhash3_32(word, seed=0, positive=True)
                    counts[row, number % SIGN % self.n_features] += (
                        -1 if self.signed and number >= SIGN else 1
                    )
        return np.asarray(counts[codes])
