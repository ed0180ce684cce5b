"""MinMaxScaler and MaxAbsScaler: a few rows with the same least and greatest values give the same fit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from sklearn.preprocessing import MaxAbsScaler, MinMaxScaler

from engine.prep.rules.rule import Rule, accept, by
from engine.prep.summaries.extent import EXTENT, Extent

if TYPE_CHECKING:
    from engine.prep.views import Estimator, Inflow


def _finish(scaler: Estimator, inflow: Inflow, extent: Extent) -> Estimator:
    scaler.fit(inflow.like(list(np.stack([extent.low, extent.high]).T)))
    scaler.n_samples_seen_ = extent.rows
    return scaler


RULES = {kind: Rule(accept, by(lambda _: EXTENT, _finish)) for kind in (MinMaxScaler, MaxAbsScaler)}
