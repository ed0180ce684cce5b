"""What can be said of a preparation before anything is read: can it be fitted, what does it look at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer

from engine.errors import UnsupportedError
from engine.prep.rules import rule_for
from engine.prep.selection import branches_of

if TYPE_CHECKING:
    import pandas as pd

    from engine.prep.views import Estimator

# What puts out a text for a text.
KEEPS_TEXTS = (FunctionTransformer, SimpleImputer)


def check(step: Estimator) -> None:
    """Refuse transformers and parameters that cannot be honoured, at any depth.

    Raises:
        UnsupportedError: Names the transformer and what to use instead.
    """
    if is_plain(step):
        return
    if isinstance(step, type) or not hasattr(step, "fit"):
        message = f"{step!r} is not a transformer"
        raise UnsupportedError(message, "Give an instance of a scikit-learn transformer.")
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


def used_columns(step: Estimator, layout: pd.DataFrame) -> set[int]:
    """Return the positions of the raw columns that a preparation looks at.

    Args:
        step: The preparation, checked.
        layout: The raw columns, without rows.

    Raises:
        SignatureError: A selected column is not there.
    """
    if type(step) is Pipeline:
        return used_columns(next(iter(_real_steps(step)), "passthrough"), layout)
    if type(step) is ColumnTransformer:
        return {
            branch.positions[place]
            for branch in branches_of(step, layout)
            if branch.positions and branch.step != "drop"
            for place in used_columns(branch.step, layout.iloc[:, list(branch.positions)])
        }
    return set(range(layout.shape[1]))


def texts_left(step: Estimator, layout: pd.DataFrame, texts: set[int]) -> set[int]:
    """Return the positions of the raw text columns that a preparation would put out as texts.

    Args:
        step: The preparation, checked.
        layout: The raw columns, without rows.
        texts: The positions of those that are texts.
    """
    if type(step) is Pipeline:
        steps = _real_steps(step)
        if len(steps) == 1:
            return texts_left(steps[0], layout, texts)
        return texts if all(type(inner) in KEEPS_TEXTS for inner in steps) else set()
    if type(step) is ColumnTransformer:
        return {
            branch.positions[place]
            for branch in branches_of(step, layout)
            if branch.positions and branch.step != "drop"
            for place in texts_left(
                branch.step,
                layout.iloc[:, list(branch.positions)],
                {place for place, position in enumerate(branch.positions) if position in texts},
            )
        }
    return texts if is_plain(step) or type(step) in KEEPS_TEXTS else set()


def is_plain(step: Estimator) -> bool:
    """Say whether a step is one of scikit-learn's words for doing nothing."""
    return step is None or (isinstance(step, str) and step in ("passthrough", "drop"))


def _real_steps(pipeline: Estimator) -> list[Estimator]:
    return [inner for _, inner in pipeline.steps if not is_plain(inner)]
