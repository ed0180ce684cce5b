"""OneHotEncoder and OrdinalEncoder: fitted by scikit-learn on a frame of the distinct values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder

from engine.prep.missing import is_missing
from engine.prep.rules.rule import Reason, Rule, by
from engine.prep.summaries.distinct import DISTINCT, Distinct

if TYPE_CHECKING:
    from engine.prep.summaries import Statistic
    from engine.prep.views import Estimator, Inflow

# How a first fit sees to it that no check of scikit-learn's counts the categories that are to be grouped.
_UNGROUPED: dict[type, dict[str, Any]] = {
    OneHotEncoder: {"min_frequency": None, "max_categories": None, "drop": None},
    OrdinalEncoder: {
        "min_frequency": None,
        "max_categories": None,
        "encoded_missing_value": np.nan,
        "dtype": np.float64,
    },
}


def _refuse_dtype(encoder: Estimator) -> Reason | None:
    dtype = encoder.dtype
    if isinstance(dtype, np.dtype | type) and np.dtype(dtype).kind in "fiu":
        return None
    return Reason(f"dtype={dtype!r}", "Features are numbers: use np.float64 or another number type.")


def categories_given(encoder: Estimator) -> bool:
    """Say whether the user has listed the categories."""
    return not (isinstance(encoder.categories, str) and encoder.categories == "auto")


def frame_of(inflow: Inflow, summary: Sequence[Distinct]) -> Any:
    """Build the shortest rows that hold every distinct value of every column.

    Shorter columns repeat their first value; repetition changes no category.
    """
    columns = [column.categories for column in summary]
    rows = max(map(len, columns))
    return inflow.like([np.append(c, c[:1].repeat(rows - len(c))) for c in columns])


def _groups(encoder: Estimator) -> bool:
    return encoder.min_frequency is not None or encoder.max_categories is not None


def _statistic(encoder: Estimator) -> Statistic | None:
    # Given categories are the answer; the data matter only where a value outside of them is an error, or
    # where rare ones are put together.
    if categories_given(encoder) and encoder.handle_unknown != "error" and not _groups(encoder):
        return None
    return DISTINCT


def _finish(encoder: Estimator, inflow: Inflow, summary: tuple[Distinct, ...] | None) -> Estimator:
    rows = inflow.head if summary is None else frame_of(inflow, summary)
    if summary is None or not _groups(encoder):
        return encoder.fit(rows)
    asked = encoder.get_params()
    ungrouped = {name: value for name, value in _UNGROUPED[type(encoder)].items() if name in asked}
    if type(encoder) is OrdinalEncoder and encoder.handle_unknown == "use_encoded_value":
        ungrouped["unknown_value"] = np.nan
    encoder.set_params(**ungrouped).fit(rows)
    encoder.set_params(**{name: asked[name] for name in ungrouped})
    _group(encoder, summary)
    return encoder


def _group(encoder: Estimator, summary: Sequence[Distinct]) -> None:
    """Put rare categories together, by scikit-learn's own methods, from the counts of all rows."""
    encoder._check_infrequent_enabled()  # noqa: SLF001
    rows = int(summary[0].counts.sum()) + summary[0].missing
    counts = [_counts(column, c) for column, c in zip(summary, encoder.categories_, strict=True)]
    absent = encoder._missing_indices if type(encoder) is OrdinalEncoder else {}  # noqa: SLF001
    encoder._fit_infrequent_category_mapping(rows, counts, absent)  # noqa: SLF001
    if type(encoder) is OneHotEncoder:
        try:
            encoder._set_drop_idx()  # noqa: SLF001
        except AttributeError as problem:  # scikit-learn 1.9 stumbles over its own message
            raise ValueError("drop= names a category that is put among the rare ones") from problem
        encoder._n_features_outs = encoder._compute_n_features_outs()  # noqa: SLF001
    else:
        _check_codes(encoder, absent)


def _counts(column: Distinct, categories: np.ndarray) -> np.ndarray:
    found = dict(zip(column.values.tolist(), column.counts.tolist(), strict=True))
    return np.array([column.missing if is_missing(c) else found.get(c, 0) for c in categories])


def _check_codes(encoder: Estimator, absent: Mapping[int, int]) -> None:
    """Make the checks of scikit-learn's `OrdinalEncoder.fit` that look at how many groups there are."""
    floats = np.dtype(encoder.dtype).kind == "f"
    values = {"unknown_value": range(len(encoder.categories_)), "encoded_missing_value": absent}
    for name, columns in values.items():
        value = getattr(encoder, name)
        if name == "unknown_value" and encoder.handle_unknown != "use_encoded_value":
            continue
        if columns and is_missing(value) and not floats:
            raise ValueError(f"{name} is NaN, so dtype must be a float")
        for place in columns:
            if 0 <= value < groups_of(encoder, place):
                raise ValueError(f"{name}={value} is the number of a category")


def groups_of(encoder: Estimator, place: int) -> int:
    """How many codes an OrdinalEncoder has for the values of one column, the missing one left out."""
    categories = encoder.categories_[place]
    rare = encoder._infrequent_indices[place]  # noqa: SLF001
    missing = any(is_missing(category) for category in categories)
    return len(categories) - missing - (0 if rare is None else len(rare) - 1)


RULES = {
    OneHotEncoder: Rule(_refuse_dtype, by(_statistic, _finish)),
    OrdinalEncoder: Rule(_refuse_dtype, by(_statistic, _finish)),
}
