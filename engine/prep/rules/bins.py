"""KBinsDiscretizer, with bins of equal width, of equal share, or around the centres of k-means."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, get_args

import numpy as np
from sklearn.base import clone
from sklearn.cluster import KMeans
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
        one_of(bins, "strategy", ("uniform", "quantile", "kmeans")),
        one_of(bins, "quantile_method", get_args(Method)) if bins.strategy == "quantile" else None,
    )


def _statistic(bins: Estimator) -> Statistic:
    return EXTENT if bins.strategy == "uniform" else QUANTILES


def _finish(bins: Estimator, inflow: Inflow, summary: Any) -> Estimator:
    """Fit on all rows: `subsample` is a bound for memory, which the summary keeps in its own way."""
    return (_uniform if bins.strategy == "uniform" else _by_values)(bins, inflow, summary)


def _uniform(bins: Estimator, inflow: Inflow, extent: Extent) -> Estimator:
    refuse_missing(inflow.labels, extent.rows - extent.count, "KBinsDiscretizer")
    return bins.fit(inflow.like(list(np.stack([extent.low, extent.high]).T)))


def _by_values(bins: Estimator, inflow: Inflow, columns: Sequence[Ranked]) -> Estimator:
    refuse_missing(inflow.labels, np.array([column.missing for column in columns]), "KBinsDiscretizer")
    clone(bins).set_params(strategy="uniform").fit(
        inflow.like([np.arange(2.0)] * len(columns))
    )  # checks n_bins
    wanted = np.broadcast_to(bins.n_bins, len(columns))
    edges = [_edges(bins, column, int(n)) for column, n in zip(columns, wanted, strict=True)]
    counts = np.array([len(column) - 1 for column in edges])
    # scikit-learn fits as many bins of equal width, on a column that is constant where there is but one bin;
    # the edges then take the place of its own.
    like = clone(bins).set_params(strategy="uniform", n_bins=np.maximum(counts, 2))
    like.fit(inflow.like([np.array([0.0, float(count > 1)]) for count in counts]))
    like.bin_edges_ = np.array([None] * len(edges), dtype=object)
    for place, column in enumerate(edges):
        like.bin_edges_[place] = column
    return like.set_params(strategy=bins.strategy, n_bins=bins.n_bins)


def _edges(bins: Estimator, column: Ranked, count: int) -> np.ndarray:
    if column.values[0] == column.values[-1]:
        return np.array([-np.inf, np.inf])
    if bins.strategy == "kmeans":
        edges = _around_centres(column, count)
    else:
        edges = column.at(np.linspace(0, 100, count + 1) / 100, bins.quantile_method)
    return edges[np.ediff1d(edges, to_begin=np.inf) > NARROWEST]


def _around_centres(column: Ranked, count: int) -> np.ndarray:
    """scikit-learn's k-means of one column, on its distinct values weighted by how often they stand there."""
    values, weights = column.values, column.weights.astype(np.float64)
    if len(values) < count:  # fewer points than centres: let every one stand there often enough
        times = -(-count // len(values))
        values, weights = values.repeat(times), weights.repeat(times) / times
    ends = np.linspace(values[0], values[-1], count + 1)
    mean = np.average(values, weights=weights)
    spread = np.average((values - mean) ** 2, weights=weights) / np.var(values)
    # The tolerance is a share of the variance of all rows, not of the distinct values.
    kmeans = KMeans(count, init=((ends[1:] + ends[:-1]) * 0.5)[:, None], n_init=1, tol=1e-4 * spread)
    centres = np.sort(kmeans.fit(values[:, None], sample_weight=weights).cluster_centers_[:, 0])
    return np.concatenate([values[:1], (centres[1:] + centres[:-1]) * 0.5, values[-1:]])


RULES = {KBinsDiscretizer: Rule(_refuse, by(_statistic, _finish))}
