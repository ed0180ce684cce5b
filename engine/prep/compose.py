"""Fits of whole preparations: leaves, pipelines and column transformers, as generators of requests."""

from __future__ import annotations

import warnings
from typing import Any

from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline

from engine.errors import DataError, UnsupportedError
from engine.prep.passes import Fit, Request, together
from engine.prep.rules import rule_for
from engine.prep.selection import Branch, branches_of
from engine.prep.views import Block, Estimator, Inflow, first_line


def used_columns(step: Estimator, layout: Block) -> set[int]:
    """Return the positions of the input columns that a preparation looks at, refusing what cannot be fitted.

    Nothing is read for it.

    Raises:
        UnsupportedError: A transformer or a parameter cannot be honoured.
        SignatureError: A selected column is not there.
    """
    check(step)
    return _used(step, layout)


def check(step: Estimator) -> None:
    """Refuse transformers and parameters that cannot be honoured, at any depth."""
    if _is_plain(step):
        return
    if isinstance(step, type) or not hasattr(step, "fit"):
        raise UnsupportedError(
            f"{step!r} is not a transformer", "Give an instance of a scikit-learn transformer."
        )
    if type(step) is Pipeline:
        if step.memory is not None:
            raise UnsupportedError("Pipeline(memory=...) has no meaning on a pool", "Leave memory=None.")
        for _, inner in step.steps:
            check(inner)
    elif type(step) is ColumnTransformer:
        for _, inner, _ in step.transformers:
            check(inner)
        check(step.remainder)
    else:
        rule_for(step)


def fit_step(step: Estimator, inflow: Inflow) -> Fit[Estimator]:
    """Fit a transformer of any kind; what comes back is a fitted clone of it."""
    if type(step) is Pipeline:
        return (yield from _fit_pipeline(step, inflow))
    if type(step) is ColumnTransformer:
        return (yield from _fit_columns(step, inflow))
    return (yield from _fit_leaf(step, inflow))


def _used(step: Estimator, layout: Block) -> set[int]:
    if step == "drop":
        return set()
    if type(step) is Pipeline:
        first = next((inner for _, inner in step.steps if not _is_plain(inner)), "passthrough")
        return _used(first, layout)
    if type(step) is ColumnTransformer:
        used = set()
        for branch in branches_of(step, layout):
            inner = _used(branch.step, layout.iloc[:, list(branch.positions)]) if branch.positions else set()
            used |= {branch.positions[i] for i in inner}
        return used
    return set(range(layout.shape[1]))


def _fit_leaf(step: Estimator, inflow: Inflow) -> Fit[Estimator]:
    rule = rule_for(step)
    statistic = rule.statistic(step)
    summary = None
    if statistic is not None:
        (summary,) = yield (Request(inflow.view, inflow.labels, statistic),)
    with warnings.catch_warnings():
        # The few rows that stand for the data have oddities of their own, which say nothing of the data.
        warnings.simplefilter("ignore")
        return _finished(step, inflow, rule.finish, summary)


def _finished(step: Estimator, inflow: Inflow, finish: Any, summary: Any) -> Estimator:
    try:
        return finish(clone(step), inflow, summary)
    except (ValueError, TypeError) as problem:
        name = type(step).__name__
        columns = ", ".join(map(repr, inflow.labels))
        message = f"{name} cannot be fitted on {columns}: {first_line(problem)}"
        raise DataError(
            message, "Mend its parameters, or the columns in a step before it.", step=name
        ) from problem


def _fit_pipeline(pipeline: Estimator, inflow: Inflow) -> Fit[Estimator]:
    result = clone(pipeline)
    steps = []
    for name, step in result.steps:
        fitted = step
        if not _is_plain(step):
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
    result.fit(inflow.head)
    result.transformers_ = [
        (name, fitted.get(name, part), columns) for name, part, columns in result.transformers_
    ]
    result.transformers, result.remainder = transformers, remainder
    return result


def _is_plain(step: Estimator) -> bool:
    """Say whether a step is one of scikit-learn's words for doing nothing."""
    return step is None or (isinstance(step, str) and step in ("passthrough", "drop"))
