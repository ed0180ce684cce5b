"""Selections of columns: VarianceThreshold, and SelectKBest and its kin with scores that sums can give."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from scipy import special, stats
from sklearn.feature_selection import (
    SelectFdr,
    SelectFpr,
    SelectFwe,
    SelectKBest,
    SelectPercentile,
    VarianceThreshold,
    chi2,
    f_classif,
    f_regression,
    r_regression,
)

from engine.prep.missing import refuse_missing
from engine.prep.passes import Fit, request
from engine.prep.rules.rule import Reason, Rule, accept, finished
from engine.prep.summaries.extent import EXTENT, Extent
from engine.prep.summaries.moments import MOMENTS, Moments, merge_moments
from engine.prep.summaries.relation import BY_CLASS, JOINT, ClassMoments, Joint

if TYPE_CHECKING:
    from engine.prep.summaries import Statistic
    from engine.prep.views import Estimator, Inflow

SELECTORS = (SelectKBest, SelectPercentile, SelectFpr, SelectFdr, SelectFwe)


class Score(NamedTuple):
    """A score of every column, with its p-value where it has one; float64 `[d]`."""

    scores: np.ndarray
    pvalues: np.ndarray | None


def _anova(classes: ClassMoments) -> Score:
    every = list(classes.values())
    whole = reduce(merge_moments, every)
    inner = np.sum([m.squares for m in every], axis=0)
    outer = np.sum([m.rows * (m.mean - whole.mean) ** 2 for m in every], axis=0)
    groups, rest = len(every) - 1, whole.rows - len(every)
    with np.errstate(divide="ignore", invalid="ignore"):
        score = (outer / groups) / (inner / rest)
    return Score(score, special.fdtrc(groups, rest, score))


def _chi2(classes: ClassMoments) -> Score:
    every = list(classes.values())
    observed = np.stack([m.mean * m.rows for m in every])
    shares = np.array([m.rows for m in every], dtype=np.float64) / sum(m.rows for m in every)
    expected = shares[:, None] * observed.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        score = ((observed - expected) ** 2 / expected).sum(axis=0)
    return Score(score, special.chdtrc(len(every) - 1, score))


def _correlation(joint: Joint) -> Score:
    with np.errstate(divide="ignore", invalid="ignore"):
        found = joint.products / np.sqrt(joint.columns.squares) / np.sqrt(joint.label.squares[0])
    return Score(np.where(np.isfinite(found), found, 0.0), None)


def _regression(joint: Joint) -> Score:
    """scikit-learn's F of a regression on one column, with its stand-ins for what is not finite."""
    square = _correlation(joint).scores ** 2
    free = joint.columns.rows - 2
    with np.errstate(divide="ignore", invalid="ignore"):
        score = square / (1 - square) * free
    pvalues = stats.f.sf(score, 1, free)
    pvalues = np.where(np.isinf(score), 0.0, np.where(np.isnan(score), 1.0, pvalues))
    most = np.finfo(np.float64).max
    return Score(np.nan_to_num(score, nan=0.0, posinf=most), pvalues)


SCORES: dict[Any, tuple[Statistic, Any]] = {
    f_classif: (BY_CLASS, _anova),
    chi2: (BY_CLASS, _chi2),
    f_regression: (JOINT, _regression),
    r_regression: (JOINT, _correlation),
}


def _refuse(selector: Estimator) -> Reason | None:
    if selector.score_func in SCORES:
        return None
    name = getattr(selector.score_func, "__name__", repr(selector.score_func))
    known = ", ".join(function.__name__ for function in SCORES)
    return Reason(f"score_func={name}", f"Sums over partitions give {known}: use one of these.")


def _select(selector: Estimator, inflow: Inflow) -> Fit[Estimator]:
    statistic, _ = SCORES[selector.score_func]
    summary, extent = yield request(inflow, statistic), request(inflow, EXTENT)
    refuse_missing(inflow.labels, extent.rows - extent.count, type(selector).__name__)
    return finished(selector, inflow, _scored, (summary, extent))


def _scored(selector: Estimator, inflow: Inflow, found: tuple[Any, Extent]) -> Estimator:
    """Let scikit-learn fit on the first rows with a score that is known already."""
    summary, extent = found
    asked = selector.score_func
    if asked is chi2 and (extent.low < 0).any():
        raise ValueError("chi2 needs values that are not negative")
    if isinstance(summary, dict) and len(summary) < 2:
        raise ValueError("the label has one class only")
    score = SCORES[asked][1](summary)
    known = score.scores if score.pvalues is None else tuple(score)
    rows = inflow.like([np.zeros(2)] * len(inflow.labels))
    selector.set_params(score_func=lambda *_: known).fit(rows, np.arange(2))
    return selector.set_params(score_func=asked)


def _vary(selector: Estimator, inflow: Inflow) -> Fit[Estimator]:
    moments, extent = yield request(inflow, MOMENTS), request(inflow, EXTENT)
    return finished(selector, inflow, _varying, (moments, extent))


def _varying(selector: Estimator, inflow: Inflow, found: tuple[Moments, Extent]) -> Estimator:
    moments, extent = found
    threshold = selector.threshold
    variances = moments.variance
    if threshold == 0:
        # scikit-learn's way to see a constant column whose variance is a rounding away from 0
        # (where a value is missing, it forgoes that)
        whole = extent.rows == extent.count
        variances = np.where(whole, np.fmin(variances, extent.high - extent.low), variances)
    if np.all(~np.isfinite(variances) | (variances <= threshold)):
        raise ValueError(f"No feature in X meets the variance threshold {threshold:.5f}")
    selector.set_params(threshold=0.0).fit(inflow.like([np.arange(2.0)] * len(inflow.labels)))
    selector.variances_ = variances
    return selector.set_params(threshold=threshold)


RULES = {
    VarianceThreshold: Rule(accept, _vary),
    **{kind: Rule(_refuse, _select, labelled=True) for kind in SELECTORS},
}
