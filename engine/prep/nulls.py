"""A user's word for null (NaN, None, pandas' NA, the empty text) and the NaN that it is while a fit runs."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from sklearn.impute import SimpleImputer

from engine.prep.missing import means_null

if TYPE_CHECKING:
    from engine.prep.views import Estimator


class _Null(float):
    """NaN that remembers which word for null the user has chosen."""

    word: Any = None


def with_nan(step: Estimator) -> Estimator:
    """Copy a preparation in which every SimpleImputer looks for NaN, as nulls are seen while it is fitted."""
    made = copy.deepcopy(step)
    for imputer in _imputers(made):
        if means_null(imputer.missing_values):
            null = _Null("nan")
            null.word = imputer.missing_values
            imputer.missing_values = null
    return made


def with_words(fitted: Estimator) -> Estimator:
    """Give the imputers of a fitted preparation the users' words for null back; in place."""
    for imputer in _imputers(fitted):
        null = imputer.missing_values
        if isinstance(null, _Null):
            imputer.missing_values = null.word
            if getattr(imputer, "indicator_", None) is not None:
                imputer.indicator_.missing_values = null.word
    return fitted


def _imputers(step: Estimator) -> Iterator[Estimator]:
    """All SimpleImputers of a preparation, in its parts as they were given and as they were fitted."""
    if type(step) is SimpleImputer:
        yield step
    for name in ("steps", "transformer_list", "transformers", "transformers_"):
        for part in getattr(step, name, ()):
            yield from _imputers(part[1])
    if hasattr(step, "remainder"):
        yield from _imputers(step.remainder)
