"""PCA and TruncatedSVD, exactly, whatever approximate solver is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.decomposition._pca import _infer_dimension

from engine.prep.decompose import Decomposition, Spectrum
from engine.prep.missing import refuse_missing
from engine.prep.passes import Fit, request
from engine.prep.rules.rule import Rule, accept, finished
from engine.prep.summaries.moments import MOMENTS, Moments

if TYPE_CHECKING:
    from engine.prep.views import Estimator, Inflow


def _fit(step: Estimator, inflow: Inflow) -> Fit[Estimator]:
    (moments,) = yield (request(inflow, MOMENTS),)
    refuse_missing(inflow.labels, moments.rows - moments.count, type(step).__name__)
    pca = type(step) is PCA
    centre = moments.mean if pca else np.zeros_like(moments.mean)
    (spectrum,) = yield (Decomposition(inflow.view, inflow.labels, centre, inflow.target),)
    return finished(step, inflow, _pca if pca else _svd, (moments, spectrum))


def _pca(pca: Estimator, inflow: Inflow, found: tuple[Moments, Spectrum]) -> Estimator:
    """Fit on `2 d` rows with the mean and the spectrum of all rows, then set what depends on their number."""
    moments, spectrum = found
    rows, rank = moments.rows, min(moments.rows, len(moments.mean))
    asked = {"n_components": pca.n_components, "svd_solver": pca.svd_solver}
    if rows < 2:
        raise ValueError("one row has no axes")
    variances = spectrum.values[:rank] ** 2 / (rows - 1)
    wanted = _components(pca.n_components, variances, rows)
    if wanted > rank:
        raise ValueError(f"n_components={pca.n_components} of {rows} rows and {len(moments.mean)} columns")
    arms = spectrum.values[:, None] * spectrum.vectors / np.sqrt(2)
    pca.set_params(svd_solver="full", n_components=wanted)
    pca.fit(inflow.like(list(np.concatenate([moments.mean + arms, moments.mean - arms]).T)))
    kept = pca.n_components_
    pca.n_samples_, pca.explained_variance_ = rows, variances[:kept]
    pca.noise_variance_ = variances[kept:].mean() if kept < rank else 0.0
    return pca.set_params(**asked)


def _components(asked: Any, variances: np.ndarray, rows: int) -> Any:
    """How many components, or the share of the variance; `mle` is Minka's guess, by scikit-learn."""
    if asked == "mle":
        if rows < len(variances):
            raise ValueError("n_components='mle' needs as many rows as columns")
        return _infer_dimension(variances, rows)
    return len(variances) if asked is None else asked


def _svd(svd: Estimator, inflow: Inflow, found: tuple[Moments, Spectrum]) -> Estimator:
    """Fit on `d` rows with the spectrum of all rows, then set what scikit-learn approximates."""
    moments, spectrum = found
    kept = slice(svd.n_components)
    svd.fit(inflow.like(list((spectrum.values[:, None] * spectrum.vectors).T)))
    vectors = spectrum.vectors[kept]
    # scikit-learn's choice of sign: the largest entry of every component is positive.
    largest = np.abs(vectors).argmax(axis=1)
    svd.components_ = vectors * np.sign(vectors[np.arange(len(vectors)), largest])[:, None]
    svd.singular_values_ = spectrum.values[kept]
    mean_square = svd.singular_values_**2 / moments.rows
    svd.explained_variance_ = mean_square - (svd.components_ @ moments.mean) ** 2
    svd.explained_variance_ratio_ = svd.explained_variance_ / moments.variance.sum()
    return svd


RULES = {PCA: Rule(accept, _fit), TruncatedSVD: Rule(accept, _fit)}
