"""Fits of whole preparations: leaves, pipelines and column transformers, as generators of requests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline

from engine.prep.passes import Fit, together
from engine.prep.plan import is_plain
from engine.prep.rules import rule_for
from engine.prep.selection import Branch, branches_of
from engine.prep.views import on_one_core

if TYPE_CHECKING:
    from engine.prep.views import Estimator, Inflow


def fit_step(step: Estimator, inflow: Inflow) -> Fit[Estimator]:
    """Fit a transformer of any kind; what comes back is a fitted clone of it."""
    if type(step) is Pipeline:
        return (yield from _fit_pipeline(step, inflow))
    if type(step) is ColumnTransformer:
        return (yield from _fit_columns(step, inflow))
    return (yield from rule_for(step).fit(step, inflow))


def _fit_pipeline(pipeline: Estimator, inflow: Inflow) -> Fit[Estimator]:
    result = clone(pipeline)
    steps = []
    for name, step in result.steps:
        fitted = step
        if not is_plain(step):
            fitted = yield from fit_step(step, inflow)
            inflow = inflow.through(fitted)
        steps.append((name, fitted))
    result.steps = steps
    return result


def _fit_columns(transformer: Estimator, inflow: Inflow) -> Fit[Estimator]:
    result = clone(transformer)
    branches = branches_of(result, inflow.layout)
    live = [branch for branch in branches if branch.fits]
    fitted = yield from together([fit_step(branch.step, inflow.select(branch.positions)) for branch in live])
    return _assembled(result, inflow, branches, {b.name: f for b, f in zip(live, fitted, strict=True)})


def _assembled(
    result: Estimator, inflow: Inflow, branches: list[Branch], fitted: dict[str, Estimator]
) -> Estimator:
    """Let scikit-learn fit the composite around frozen parts, then put the plain parts in place.

    Every private attribute is then scikit-learn's own. `sparse_output_` alone is decided by the first rows,
    so a composite near its `sparse_threshold` may put out the other container than a fit on all rows would.
    """
    transformers, remainder = result.transformers, result.remainder
    frozen = {name: FrozenEstimator(part) for name, part in fitted.items()}
    *named, rest = branches
    result.transformers = [(b.name, frozen.get(b.name, b.step), b.columns) for b in named]
    result.remainder = frozen.get(rest.name, rest.step)
    with on_one_core():
        result.fit(inflow.head)
    result.transformers_ = [
        (name, fitted.get(name, part), columns) for name, part, columns in result.transformers_
    ]
    result.transformers, result.remainder = transformers, remainder
    return result
