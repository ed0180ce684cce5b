"""PCA and TruncatedSVD, exactly, whatever approximate solver is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from sklearn.decomposition import PCA, TruncatedSVD

from engine.prep.decompose import Decomposition, Spectrum
from engine.prep.missing import refuse_missing
from engine.prep.passes import Fit, request
from engine.prep.rules.rule import Reason, Rule, accept, finished
from engine.prep.summaries.moments import MOMENTS, Moments

if TYPE_CHECKING:
    from engine.prep.views import Estimator, Inflow


def _refuse_pca(pca: Estimator) -> Reason | None:
    if pca.n_components == "mle":
        return Reason("n_components='mle'", "Give a number of components or a share of the variance.")
    return None


def _fit(step: Estimator, inflow: Inflow) -> Fit[Estimator]:
    (moments,) = yield (request(inflow, MOMENTS),)
    refuse_missing(inflow.labels, moments.rows - moments.count, type(step).__name__)
    pca = type(step) is PCA
    centre = moments.mean if pca else np.zeros_like(moments.mean)
    (spectrum,) = yield (Decomposition(inflow.view, inflow.labels, centre),)
    return finished(step, inflow, _pca if pca else _svd, (moments, spectrum))


def _pca(pca: Estimator, inflow: Inflow, found: tuple[Moments, Spectrum]) -> Estimator:
    """Fit on `2 d` rows with the mean and the spectrum of all rows, then set what depends on their number."""
    moments, spectrum = found
    rows, rank = moments.rows, min(moments.rows, len(moments.mean))
    asked = {"n_components": pca.n_components, "svd_solver": pca.svd_solver}
    if rows < 2 or (pca.n_components or 0) > rank:
        raise ValueError(f"n_components={pca.n_components} of {rows} rows and {len(moments.mean)} columns")
    arms = spectrum.values[:, None] * spectrum.vectors / np.sqrt(2)
    pca.set_params(svd_solver="full", n_components=rank if pca.n_components is None else pca.n_components)
    pca.fit(inflow.like(list(np.concatenate([moments.mean + arms, moments.mean - arms]).T)))
    variances = spectrum.values[:rank] ** 2 / (rows - 1)
    kept = pca.n_components_
    pca.n_samples_, pca.explained_variance_ = rows, variances[:kept]
    pca.noise_variance_ = variances[kept:].mean() if kept < rank else 0.0
    return pca.set_params(**asked)


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


RULES = {PCA: Rule(_refuse_pca, _fit), TruncatedSVD: Rule(accept, _fit)}
