"""OneHotEncoder and OrdinalEncoder: fitted by scikit-learn on a frame of the distinct values."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder

from engine.prep.rules.rule import Reason, Rule, by, first_reason, one_of
from engine.prep.summaries.distinct import DISTINCT, Distinct

if TYPE_CHECKING:
    from engine.prep.summaries import Statistic
    from engine.prep.views import Estimator, Inflow


def _refuse_onehot(encoder: Estimator) -> Reason | None:
    return first_reason(one_of(encoder, "handle_unknown", ("error", "ignore")), _refuse_grouping(encoder))


def _refuse_ordinal(encoder: Estimator) -> Reason | None:
    return first_reason(
        one_of(encoder, "handle_unknown", ("error", "use_encoded_value")), _refuse_grouping(encoder)
    )


def _refuse_grouping(encoder: Estimator) -> Reason | None:
    return first_reason(
        None
        if np.dtype(encoder.dtype).kind in "fiu"
        else Reason(f"dtype={encoder.dtype!r}", "Features are numbers: use a float or integer dtype."),
        one_of(encoder, "min_frequency", (None,)),
        one_of(encoder, "max_categories", (None,)),
    )


def _statistic(encoder: Estimator) -> Statistic | None:
    # Given categories are the answer; the data matter only where a value outside of them is an error.
    given = not (isinstance(encoder.categories, str) and encoder.categories == "auto")
    return None if given and encoder.handle_unknown != "error" else DISTINCT


def _finish(encoder: Estimator, inflow: Inflow, summary: tuple[Distinct, ...] | None) -> Estimator:
    if summary is None:
        return encoder.fit(inflow.head)
    columns = [column.categories for column in summary]
    rows = max(map(len, columns))
    # Shorter columns repeat their first value; repetition changes no category.
    return encoder.fit(inflow.like([np.append(c, c[:1].repeat(rows - len(c))) for c in columns]))


RULES = {
    OneHotEncoder: Rule(_refuse_onehot, by(_statistic, _finish)),
    OrdinalEncoder: Rule(_refuse_ordinal, by(_statistic, _finish)),
}
