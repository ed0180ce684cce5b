"""What can be said of a preparation before anything is read: can it be fitted, what does it look at."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    KBinsDiscretizer,
    MaxAbsScaler,
    MinMaxScaler,
    OneHotEncoder,
    OrdinalEncoder,
    PolynomialFeatures,
    QuantileTransformer,
    RobustScaler,
    StandardScaler,
    TargetEncoder,
)

from engine.errors import UnsupportedError
from engine.prep.rules import rule_for
from engine.prep.rules.targets import folds_of
from engine.prep.selection import branches_of
from engine.prep.target import DEFAULT_FOLDS

if TYPE_CHECKING:
    import pandas as pd

    from engine.prep.views import Estimator

# What puts out a text for a text.
KEEPS_TEXTS = (FunctionTransformer, SimpleImputer)
# What puts out at least a column for each that it gets, bar those that hold nothing.
KEEPS_COLUMNS = (
    FunctionTransformer, KBinsDiscretizer, MaxAbsScaler, MinMaxScaler, OneHotEncoder, OrdinalEncoder,
    PolynomialFeatures, QuantileTransformer, RobustScaler, SimpleImputer, StandardScaler, TargetEncoder,
)  # fmt: skip


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
        for _, inner in _parts(step, step.steps, 2):
            check(inner)
    elif type(step) is ColumnTransformer:
        for name, inner, columns in _parts(step, step.transformers, 3):
            _refuse_scalar(name, inner, columns)
            check(inner)
        check(step.remainder)
    elif type(step) is FeatureUnion:
        for _, inner in _parts(step, step.transformer_list, 2):
            check(inner)
    else:
        rule_for(step)


def leaves_of(step: Estimator) -> Iterator[Estimator]:
    """Yield the transformers of a preparation that are not made of others; it must have been checked."""
    if is_plain(step):
        return
    if type(step) is Pipeline:
        inner = [part for _, part in step.steps]
    elif type(step) is FeatureUnion:
        inner = [part for _, part in step.transformer_list]
    elif type(step) is ColumnTransformer:
        inner = [*(part for _, part, _ in step.transformers), step.remainder]
    else:
        yield step
        return
    for part in inner:
        yield from leaves_of(part)


def keeps_columns(step: Estimator) -> bool:
    """Say whether a preparation puts out at least as many columns as it looks at."""
    return all(type(leaf) in KEEPS_COLUMNS for leaf in leaves_of(step))


def learns_from_label(step: Estimator) -> bool:
    """Say whether some transformer of a preparation looks at the label."""
    return any(rule_for(leaf).labelled for leaf in leaves_of(step))


def check_label(step: Estimator, target: str | None) -> tuple[int, int]:
    """Refuse what needs a label where there is none, and cross-fits that deal out rows in different ways.

    Returns:
        The folds of the cross-fit and their seed; of no use where nothing is crossed.

    Raises:
        UnsupportedError: Names the transformer.
    """
    labelled = [leaf for leaf in leaves_of(step) if rule_for(leaf).labelled]
    if labelled and target is None:
        name = type(labelled[0]).__name__
        raise UnsupportedError(f"{name} learns from the label", "Name it: target='COLUMN'.", transformer=name)
    crossed = {folds_of(leaf) for leaf in labelled if type(leaf) is TargetEncoder}
    if len(crossed) > 1:
        raise UnsupportedError(
            "the TargetEncoders deal out rows in different ways", "Give all of them the same cv."
        )
    return next(iter(crossed), None) or (DEFAULT_FOLDS, 0)


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
    if type(step) is FeatureUnion:
        return {place for part in _union_steps(step) for place in used_columns(part, layout)}
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
    if type(step) is FeatureUnion:
        return {place for part in _union_steps(step) for place in texts_left(part, layout, texts)}
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


def times_left(step: Estimator, layout: pd.DataFrame, times: set[int]) -> set[int]:
    """Return the positions of the raw columns of times that no step makes numbers of.

    Args:
        step: The preparation, checked.
        layout: The raw columns, without rows.
        times: The positions of those that are dates or times.
    """
    if not times:
        return set()
    if type(step) is Pipeline:
        return times_left(next(iter(_real_steps(step)), "passthrough"), layout, times)
    if type(step) is FeatureUnion:
        return {place for part in _union_steps(step) for place in times_left(part, layout, times)}
    if type(step) is ColumnTransformer:
        return {
            branch.positions[place]
            for branch in branches_of(step, layout)
            if branch.positions and branch.step != "drop"
            for place in times_left(
                branch.step,
                layout.iloc[:, list(branch.positions)],
                {place for place, position in enumerate(branch.positions) if position in times},
            )
        }
    return set() if not is_plain(step) and rule_for(step).times else times


def is_plain(step: Estimator) -> bool:
    """Say whether a step is one of scikit-learn's words for doing nothing."""
    return step is None or (isinstance(step, str) and step in ("passthrough", "drop"))


def _parts(composite: Estimator, parts: Any, size: int) -> list[tuple[Any, ...]]:
    """Return the parts of a composite, each of this size and under a name of its own."""
    kind = type(composite).__name__
    well_formed = isinstance(parts, list | tuple) and all(
        isinstance(p, tuple | list) and len(p) == size for p in parts
    )
    if not well_formed:
        what = "(name, transformer)" if size == 2 else "(name, transformer, columns)"
        raise UnsupportedError(f"{kind} is not made of tuples {what}", f"Write a list of {what}.")
    names = [part[0] for part in parts]
    doubled = sorted({str(name) for name in names if names.count(name) > 1 or name == "remainder"})
    if doubled:
        message = f"{kind} has parts without a name of their own: {', '.join(map(repr, doubled))}"
        raise UnsupportedError(message, "Name every part once; 'remainder' is the rest.", names=doubled)
    return [tuple(part) for part in parts]


def _refuse_scalar(name: str, step: Estimator, columns: Any) -> None:
    if isinstance(columns, str | int) and step != "drop":
        message = (
            f"branch {name!r} selects by {columns!r}, which scikit-learn takes for a series, not a table"
        )
        raise UnsupportedError(message, f"Write [{columns!r}].", branch=name)


def _union_steps(union: Estimator) -> list[Estimator]:
    return [step for _, step in union.transformer_list if step != "drop"]


def _real_steps(pipeline: Estimator) -> list[Estimator]:
    return [inner for _, inner in pipeline.steps if not is_plain(inner)]
