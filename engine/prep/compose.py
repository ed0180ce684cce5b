"""Fits of whole preparations: leaves, pipelines and column transformers, as generators of requests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import FeatureUnion, Pipeline

from engine.errors import DataError, UnsupportedError
from engine.prep.passes import Fit, together
from engine.prep.plan import is_plain
from engine.prep.rules import rule_for
from engine.prep.selection import Branch, branches_of
from engine.prep.views import first_line, on_one_core

if TYPE_CHECKING:
    from engine.prep.views import Block, Estimator, Inflow


def fit_step(step: Estimator, inflow: Inflow) -> Fit[Estimator]:
    """Fit a transformer of any kind; what comes back is a fitted clone of it."""
    if type(step) is Pipeline:
        return (yield from _fit_pipeline(step, inflow))
    if type(step) is ColumnTransformer:
        return (yield from _fit_columns(step, inflow))
    if type(step) is FeatureUnion:
        return (yield from _fit_union(step, inflow))
    if not inflow.labels:
        raise DataError(
            f"no column is left for {type(step).__name__} of {', '.join(map(repr, inflow.view.names))}",
            "An imputer drops what is always missing: leave that out, or set keep_empty_features=True.",
            columns=list(inflow.view.names),
        )
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


def _fit_union(union: Estimator, inflow: Inflow) -> Fit[Estimator]:
    result = clone(union)
    live = [(name, step) for name, step in result.transformer_list if not is_plain(step)]
    made = yield from together([fit_step(step, inflow) for _, step in live])
    fitted = {name: part for (name, _), part in zip(live, made, strict=True)}
    result.transformer_list = [
        (name, FrozenEstimator(fitted[name]) if name in fitted else step)
        for name, step in result.transformer_list
    ]
    _fit_frozen(result, inflow.head.copy())
    result.transformer_list = [(name, fitted.get(name, part)) for name, part in result.transformer_list]
    return result


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
    _fit_frozen(result, inflow.head.copy())
    result.transformers_ = [
        (name, fitted.get(name, part), columns) for name, part, columns in result.transformers_
    ]
    result.transformers, result.remainder = transformers, remainder
    name, _, columns = result._remainder  # noqa: SLF001 - what scikit-learn shows of the rest
    result._remainder = (name, remainder, columns)  # noqa: SLF001
    return result


def _fit_frozen(composite: Estimator, head: Block) -> None:
    try:
        with on_one_core():
            composite.fit(head)
    except (ValueError, TypeError) as problem:
        message = f"scikit-learn cannot put the branches side by side: {first_line(problem)}"
        raise UnsupportedError(message, f"Mend the {type(composite).__name__}'s own parameters.") from problem
