"""TargetEncoder: fitted on all rows for scoring, and without each fold for the rows that train.

The fitted encoder is scikit-learn's, number for number. The folds of the cross-fit are as many as it says,
but of other rows: scikit-learn deals rows out by their place in the one array that it has, and here a row's
fold follows from its own values, so that it is the same however the rows lie in partitions and on workers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.model_selection import KFold, StratifiedKFold
from sklearn.preprocessing import TargetEncoder

from engine.errors import DataError
from engine.prep.crossing import Crossing
from engine.prep.missing import is_missing, missing
from engine.prep.passes import Fit, request
from engine.prep.rules.encoders import categories_given
from engine.prep.rules.rule import Reason, Rule, finished
from engine.prep.summaries.encoding import LABEL_KINDS, Encoded, LabelKinds, Tally, encoding
from engine.prep.target import DEFAULT_FOLDS

if TYPE_CHECKING:
    from engine.prep.views import Estimator, Inflow


def _refuse(encoder: Estimator) -> Reason | None:
    if encoder.shuffle is False:
        return Reason(
            "shuffle=False", "Leave shuffle=True: rows have no place here, their values decide their fold."
        )
    if folds_of(encoder) is None:
        return Reason(
            f"cv={encoder.cv!r}", "Give a number of folds, or KFold(n, shuffle=True, random_state=...)."
        )
    return None


def folds_of(encoder: Estimator) -> tuple[int, int] | None:
    """Return the number of folds of a TargetEncoder's cross-fit, and their seed; None for another `cv`."""
    cv, seed = encoder.cv, encoder.random_state
    if isinstance(cv, KFold | StratifiedKFold):
        if not cv.shuffle:
            return None
        cv, seed = cv.n_splits, cv.random_state
    if cv is None:
        cv = DEFAULT_FOLDS
    if isinstance(cv, bool) or not isinstance(cv, int | np.integer) or not 2 <= cv <= 100:
        return None
    return int(cv), int(seed) if isinstance(seed, int | np.integer) else 0


def _fit(encoder: Estimator, inflow: Inflow) -> Fit[Estimator]:
    classes: tuple[Any, ...] | None = None
    if encoder.target_type != "continuous":
        (kinds,) = yield (request(inflow, LABEL_KINDS),)
        classes = _classes(encoder, kinds)
    folds = inflow.target.folds if inflow.target is not None else DEFAULT_FOLDS
    (columns,) = yield (request(inflow, encoding(folds, classes)),)
    fitted = finished(encoder, inflow, _finish, (columns, classes))
    sizes = len(columns[0].tally.rows[0])
    rest = [[other for other in range(sizes) if other != fold] for fold in range(sizes)]
    in_order = _in_order(encoder, columns)
    without = [_attributes(encoder, [c.tally.over(kept, axis=1) for c in in_order]) for kept in rest]
    inflow.crossings.append(Crossing(fitted, tuple(without)))
    return fitted


def _classes(encoder: Estimator, kinds: LabelKinds) -> tuple[Any, ...] | None:
    """The label's classes in order, None for an amount: scikit-learn's `type_of_target`, of all rows."""
    if encoder.target_type == "auto" and not kinds.whole:
        return None
    if kinds.values is None:
        raise DataError(
            "the label has too many values for the classes of a TargetEncoder",
            "Set target_type='continuous': scikit-learn takes whole numbers for classes.",
        )
    classes = tuple(sorted(kinds.values))
    if len(classes) < 2:
        raise DataError(f"the label is always {classes[0]!r}", "Widen the filter, or take another label.")
    if encoder.target_type == "binary" and len(classes) > 2:
        raise DataError(f"the label has {len(classes)} values, not two", "Use target_type='multiclass'.")
    return classes


def _finish(
    encoder: Estimator, inflow: Inflow, found: tuple[Sequence[Encoded], tuple[Any, ...] | None]
) -> Estimator:
    columns, classes = _in_order(encoder, found[0]), found[1]
    rows = max(2, *(len(column.categories) for column in columns))
    frame = inflow.like([np.append(c, c[:1].repeat(rows - len(c))) for c in (e.categories for e in columns)])
    asked = encoder.get_params()
    encoder.set_params(target_type="continuous", smooth=1.0).fit(frame, np.arange(rows, dtype=np.float64))
    encoder.set_params(target_type=asked["target_type"], smooth=asked["smooth"])
    encoder.target_type_ = _type(encoder, classes)
    encoder.classes_ = None if classes is None else _as_seen(classes, inflow)
    folds = range(columns[0].tally.rows.shape[1])
    encoder.__dict__.update(_attributes(encoder, [c.tally.over(folds, axis=1) for c in columns]))
    return encoder


def _type(encoder: Estimator, classes: tuple[Any, ...] | None) -> str:
    if encoder.target_type != "auto":
        return str(encoder.target_type)
    return "continuous" if classes is None else "binary" if len(classes) <= 2 else "multiclass"


def _as_seen(classes: tuple[Any, ...], inflow: Inflow) -> np.ndarray:
    """The classes in the type of the label's column."""
    kind = inflow.target.dtype if inflow.target is not None else "float"
    return np.array(classes, dtype={"text": object, "bool": bool, "int": np.int64, "float": float}[kind])


def _attributes(encoder: Estimator, columns: Sequence[Tally]) -> dict[str, Any]:
    """The encodings and the overall mean, from a tally per column, `[c, k]`."""
    whole = columns[0].pooled()
    mean, variance = whole.mean, whole.squares / np.maximum(whole.rows, 1)
    encodings = [_encodings(encoder.smooth, column, mean, variance) for column in columns]
    flat = [np.ascontiguousarray(of_class) for column in encodings for of_class in column.T]
    return {"encodings_": flat, "target_mean_": mean[0] if len(mean) == 1 else mean}


def _encodings(smooth: Any, column: Tally, mean: np.ndarray, variance: np.ndarray) -> np.ndarray:
    """scikit-learn's two formulas, `[c, k]`; a category without rows has the overall mean."""
    rows = column.rows
    with np.errstate(divide="ignore", invalid="ignore"):
        if isinstance(smooth, str):
            trust = variance * rows / (variance * rows + column.squares / rows)
            found = trust * column.mean + (1 - trust) * mean
        else:
            found = (smooth * mean + rows * column.mean) / (smooth + rows)
    return np.where((rows > 0) & ~np.isnan(found), found, mean)


def _in_order(encoder: Estimator, columns: Sequence[Encoded]) -> list[Encoded]:
    """The columns with their categories as scikit-learn lists them: as they were given, or sorted."""
    if not categories_given(encoder):
        return [_sorted(column) for column in columns]
    if len(encoder.categories) != len(columns):
        raise ValueError(f"categories= has {len(encoder.categories)} lists for {len(columns)} columns")
    return [_listed(column, given) for column, given in zip(columns, encoder.categories, strict=True)]


def _listed(column: Encoded, given: Sequence[Any]) -> Encoded:
    """The given categories; rows of others count for the first one, as they do in scikit-learn."""
    categories = np.array(given, dtype=column.categories.dtype)
    places = {_name_of(category): place for place, category in enumerate(categories)}
    here = np.array([places.get(_name_of(category), 0) for category in column.categories])
    others, tally = here == 0, column.tally
    first = tally.over(np.flatnonzero(others).tolist(), axis=0) if others.any() else None
    spread = []
    for name in ("rows", "mean", "squares"):
        values = getattr(tally, name)
        wide = np.zeros((len(categories), *values.shape[1:]))
        wide[here[~others]] = values[~others]
        if first is not None:
            wide[0] = getattr(first, name)
        spread.append(wide)
    return Encoded(categories, Tally(*spread))


def _name_of(category: Any) -> Any:
    return None if is_missing(category) else category


def _sorted(column: Encoded) -> Encoded:
    """The categories as scikit-learn lists them: sorted, the missing one last."""
    absent = missing(column.categories)
    there = np.flatnonzero(~absent)
    order = np.concatenate([there[np.argsort(column.categories[there])], np.flatnonzero(absent)])
    tally = column.tally
    return Encoded(
        column.categories[order], Tally(tally.rows[order], tally.mean[order], tally.squares[order])
    )


RULES = {TargetEncoder: Rule(_refuse, _fit, labelled=True)}
