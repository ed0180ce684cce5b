"""How often a predicted probability comes true, from histograms of the margin by class."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Curve = tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], npt.NDArray[np.float64]]

_BINS = 20


def calibration_of(
    histogram: npt.NDArray[np.float64] | npt.NDArray[np.int64], largest_margin: float, bins: int = _BINS
) -> Curve:
    """Mean predicted probability, observed share of positives and weight of each bin that has rows.

    Args:
        histogram: Weights of negatives and positives by margin, [2, B], from `-largest_margin` to
            `largest_margin` in log-odds.
        largest_margin: Where the histogram ends.
        bins: Bins of equal width in probability.
    """
    import numpy as np

    count = histogram.shape[1]
    centres = (np.arange(count) + 0.5) / count * 2 * largest_margin - largest_margin
    probability = 1.0 / (1.0 + np.exp(-centres))
    weight = histogram.sum(axis=0).astype(np.float64)
    place = np.minimum((probability * bins).astype(int), bins - 1)
    rows = np.bincount(place, weights=weight, minlength=bins)
    predicted = np.bincount(place, weights=weight * probability, minlength=bins)
    positive = np.bincount(place, weights=histogram[1].astype(np.float64), minlength=bins)
    there = rows > 0
    weights = rows[there].astype(np.float64)
    return predicted[there] / weights, positive[there] / weights, weights
