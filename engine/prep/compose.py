"""Fits of whole preparations: leaves, pipelines and column transformers, as generators of requests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline

from engine.errors import UnsupportedError
from engine.prep.passes import Fit, together
from engine.prep.rules import rule_for
from engine.prep.selection import Branch, branches_of

if TYPE_CHECKING:
    from engine.prep.views import Block, Estimator, Inflow


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
    return (yield from rule_for(step).fit(step, inflow))


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
