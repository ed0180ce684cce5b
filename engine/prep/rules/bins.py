"""KBinsDiscretizer, with bins of equal width or of equal share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, get_args

import numpy as np
from sklearn.base import clone
from sklearn.preprocessing import KBinsDiscretizer

from engine.prep.missing import refuse_missing
from engine.prep.rules.rule import Rule, by, first_reason, one_of
from engine.prep.summaries.extent import EXTENT, Extent
from engine.prep.summaries.quantiles import QUANTILES, Method, Ranked

if TYPE_CHECKING:
    from engine.prep.rules.rule import Reason
    from engine.prep.summaries import Statistic
    from engine.prep.views import Estimator, Inflow

# Bins narrower than this are merged into their neighbour, as scikit-learn does.
NARROWEST = 1e-8


def _refuse(bins: Estimator) -> Reason | None:
    return first_reason(
        one_of(bins, "strategy", ("uniform", "quantile")),
        one_of(bins, "quantile_method", get_args(Method)) if bins.strategy == "quantile" else None,
    )


def _statistic(bins: Estimator) -> Statistic:
    return EXTENT if bins.strategy == "uniform" else QUANTILES


def _finish(bins: Estimator, inflow: Inflow, summary: Any) -> Estimator:
    """Fit on all rows: `subsample` is a bound for memory, which the summary keeps in its own way."""
    return (_uniform if bins.strategy == "uniform" else _quantile)(bins, inflow, summary)


def _uniform(bins: Estimator, inflow: Inflow, extent: Extent) -> Estimator:
    refuse_missing(inflow.labels, extent.rows - extent.count, "KBinsDiscretizer")
    return bins.fit(inflow.like(list(np.stack([extent.low, extent.high]).T)))


def _quantile(bins: Estimator, inflow: Inflow, columns: Sequence[Ranked]) -> Estimator:
    refuse_missing(inflow.labels, np.array([column.missing for column in columns]), "KBinsDiscretizer")
    wanted = np.broadcast_to(bins.n_bins, len(columns))
    edges = [_edges(column, int(n), bins.quantile_method) for column, n in zip(columns, wanted, strict=True)]
    counts = np.array([len(column) - 1 for column in edges])
    # scikit-learn fits as many bins of equal width, on a column that is constant where there is but one bin;
    # the # edges then take the place of its own.
    like = clone(bins).set_params(strategy="uniform", n_bins=np.maximum(counts, 2))
    like.fit(inflow.like([np.array([0.0, float(count > 1)]) for count in counts]))
    like.bin_edges_ = np.array([None] * len(edges), dtype=object)
    for place, column in enumerate(edges):
        like.bin_edges_[place] = column
    return like.set_params(strategy=bins.strategy, n_bins=bins.n_bins)


def _edges(column: Ranked, bins: int, method: Method) -> np.ndarray:
    if column.values[0] == column.values[-1]:
        return np.array([-np.inf, np.inf])
    edges = column.at(np.linspace(0, 100, bins + 1) / 100, method)
    return edges[np.ediff1d(edges, to_begin=np.inf) > NARROWEST]


RULES = {KBinsDiscretizer: Rule(_refuse, by(_statistic, _finish))}
