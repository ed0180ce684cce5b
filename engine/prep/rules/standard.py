"""StandardScaler, from merged moments."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from sklearn.preprocessing import StandardScaler

from engine.prep.rules.rule import Rule, accept, by
from engine.prep.summaries.moments import MOMENTS, Moments

if TYPE_CHECKING:
    from engine.prep.views import Estimator, Inflow


def _finish(scaler: Estimator, inflow: Inflow, moments: Moments) -> Estimator:
    scaler.fit(inflow.head)
    counts = moments.count
    scaler.n_samples_seen_ = counts[0] if len(set(counts.tolist())) == 1 else counts.astype(float)
    if scaler.with_mean or scaler.with_std:
        scaler.mean_ = moments.mean
    if scaler.with_std:
        scaler.var_ = moments.variance
        scaler.scale_ = np.where(_constant(moments), 1.0, np.sqrt(moments.variance))
    return scaler


def _constant(moments: Moments) -> np.ndarray:
    """Say which variances are no more than what rounding makes of a constant (scikit-learn's bound)."""
    eps = np.finfo(np.float64).eps
    count, variance = moments.count, moments.variance
    return np.asarray(variance <= count * eps * variance + (count * moments.mean * eps) ** 2)


RULES = {StandardScaler: Rule(accept, by(lambda _: MOMENTS, _finish))}
