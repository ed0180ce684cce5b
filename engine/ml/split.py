"""Which rows train, which validate, which test: by the row itself, never by its place.

A row's fold follows from a hash of its own values and the seed. The same rows therefore land in the
same fold on any number of workers and in any layout of files, and equal rows never sit on both sides.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.errors import OptionError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

TRAIN, VALID, TEST = 0, 1, 2
FOLD_NAMES = ("train", "valid", "test")

# splitmix64's increment and multipliers (Steele, Lea, Flood 2014): full avalanche in three steps.
_GOLDEN = 0x9E3779B97F4A7C15
_MIX_1 = 0xBF58476D1CE4E5B9
_MIX_2 = 0x94D049BB133111EB


@dataclass(frozen=True, slots=True)
class Split:
    """Shares of the rows that validate and test; the rest trains.

    Attributes:
        valid: Share that early stopping and the search look at.
        test: Share that nothing looks at before the final report.
        seed: Another seed is another split.

    Raises:
        OptionError: Shares that are negative or leave nothing to train on.
    """

    valid: float = 0.16
    test: float = 0.2
    seed: int = 0

    def __post_init__(self) -> None:
        if self.valid <= 0 or self.test < 0 or self.valid + self.test >= 1:
            raise OptionError(
                f"A split of valid={self.valid} and test={self.test} is not possible.",
                "valid must be above 0, test at least 0, and their sum below 1.",
            )

    def folds(self, matrix: npt.NDArray[np.float32], label: npt.NDArray[np.float32]) -> npt.NDArray[np.uint8]:
        """The fold of each row, uint8 of shape [N], from features [N, d] and label [N]."""
        import numpy as np

        share = (_row_hashes(matrix, label, self.seed) >> np.uint64(11)).astype(np.float64) / 2.0**53
        folds = np.full(len(label), TRAIN, np.uint8)
        folds[share < self.valid + self.test] = VALID
        folds[share < self.test] = TEST
        return folds


def _row_hashes(
    matrix: npt.NDArray[np.float32], label: npt.NDArray[np.float32], seed: int
) -> npt.NDArray[np.uint64]:
    import numpy as np

    with np.errstate(over="ignore"):
        state = np.full(len(label), np.uint64(seed & 0xFFFFFFFFFFFFFFFF), np.uint64)
        for column in (label, *matrix.T):
            bits = np.ascontiguousarray(column, np.float32).view(np.uint32)
            # every NaN is one missing value, whatever its payload; -0.0 equals 0.0
            bits = np.where(np.isnan(column), np.uint32(0x7FC00000), np.where(column == 0, 0, bits))
            state = _mix(state + bits.astype(np.uint64) + np.uint64(_GOLDEN))
    return state


def _mix(state: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    import numpy as np

    state = (state ^ (state >> np.uint64(30))) * np.uint64(_MIX_1)
    state = (state ^ (state >> np.uint64(27))) * np.uint64(_MIX_2)
    return state ^ (state >> np.uint64(31))
