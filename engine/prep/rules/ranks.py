"""RobustScaler and QuantileTransformer, from quantiles of all rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import norm
from sklearn.preprocessing import QuantileTransformer, RobustScaler

from engine.prep.rules.rule import Rule, accept, by, one_of
from engine.prep.summaries.quantiles import QUANTILES, Ranked

if TYPE_CHECKING:
    from engine.prep.rules.rule import Reason
    from engine.prep.views import Estimator, Inflow


def _scaler(scaler: Estimator, inflow: Inflow, columns: Sequence[Ranked]) -> Estimator:
    scaler.fit(inflow.head)
    low, high = (share / 100 for share in scaler.quantile_range)
    quantiles = np.array([column.at(np.array([0.5, low, high])) for column in columns])
    if scaler.with_centering:
        scaler.center_ = quantiles[:, 0]
    if scaler.with_scaling:
        scale = quantiles[:, 2] - quantiles[:, 1]
        # scikit-learn's rule for a column that hardly varies: leave it as wide as it is.
        scale[scale < 10 * np.finfo(np.float64).eps] = 1.0
        scaler.scale_ = scale / (norm.ppf(high) - norm.ppf(low)) if scaler.unit_variance else scale
    return scaler


def _refuse(transformer: Estimator) -> Reason | None:
    return one_of(transformer, "ignore_implicit_zeros", (False,))


def _transformer(transformer: Estimator, inflow: Inflow, columns: Sequence[Ranked]) -> Estimator:
    """Set the quantiles of all rows: `subsample` bounds memory, which the summary does in its own way."""
    transformer.fit(inflow.head)
    transformer.n_quantiles_ = max(1, min(transformer.n_quantiles, columns[0].rows))
    transformer.references_ = np.linspace(0, 1, transformer.n_quantiles_, endpoint=True)
    shares = (
        transformer.references_ * 100 / 100
    )  # by way of per cent, as scikit-learn: the last bit counts on ties
    transformer.quantiles_ = np.column_stack([column.at(shares) for column in columns])
    return transformer


RULES = {
    RobustScaler: Rule(accept, by(lambda _: QUANTILES, _scaler)),
    QuantileTransformer: Rule(_refuse, by(lambda _: QUANTILES, _transformer)),
}
