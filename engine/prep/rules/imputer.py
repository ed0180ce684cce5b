"""SimpleImputer: by mean, median, most frequent value or a constant; for nulls, or another value."""

from __future__ import annotations

import numbers
from typing import Any

import numpy as np
from sklearn.impute import SimpleImputer

from engine.prep.missing import is_missing, means_null, refuse_missing
from engine.prep.passes import Fit, request
from engine.prep.rules.rule import Reason, Rule, finished, first_reason, one_of
from engine.prep.summaries.distinct import DISTINCT
from engine.prep.summaries.moments import MOMENTS
from engine.prep.summaries.presence import PRESENCE
from engine.prep.summaries.quantiles import QUANTILES
from engine.prep.summaries.sentinel import without
from engine.prep.views import Estimator, Inflow, columns_of

STATISTICS = {"mean": MOMENTS, "median": QUANTILES, "most_frequent": DISTINCT, "constant": PRESENCE}


def _refuse(imputer: Estimator) -> Reason | None:
    missing = imputer.missing_values
    return first_reason(
        one_of(imputer, "strategy", tuple(STATISTICS)),
        Reason("fill_value=''", "Fill with a word such as 'missing': an empty text is itself missing.")
        if imputer.strategy == "constant" and imputer.fill_value == ""
        else None,
        None
        if means_null(missing) or isinstance(missing, numbers.Real | str)
        else Reason(f"missing_values={missing!r}", "Give NaN or None for null, or a number, or a text."),
    )


def _fit(imputer: Estimator, inflow: Inflow) -> Fit[Estimator]:
    statistic, missing = STATISTICS[imputer.strategy], imputer.missing_values
    if means_null(missing):
        (summary,) = yield (request(inflow, statistic),)
        return finished(imputer, inflow, _finish, summary)
    ((nulls, summary),) = yield (request(inflow, without(statistic, missing)),)
    # as scikit-learn, which takes no NaN where something else is said to be missing
    refuse_missing(inflow.labels, nulls, f"SimpleImputer(missing_values={missing!r})")
    return finished(imputer, inflow, _finish, summary)


def _finish(imputer: Estimator, inflow: Inflow, summary: Any) -> Estimator:
    # The statistic of one row is that row: scikit-learn finds the fill values, and which columns to drop. A
    # second row has the gaps, from which it sees which columns get an indicator.
    hole = np.nan if means_null(imputer.missing_values) else imputer.missing_values
    fills, absent = _fills(imputer.strategy, inflow, summary)
    shown = [_shown(fill, hole) for fill in fills]
    gaps = [hole if gap else value for value, gap in zip(shown, absent, strict=True)]
    imputer.fit(inflow.like([np.array(pair, dtype=object) for pair in zip(shown, gaps, strict=True)]))
    if imputer.strategy != "constant":
        for place, (fill, value) in enumerate(zip(fills, shown, strict=True)):
            if fill != value and not is_missing(fill):  # a mean may be the very number that means missing
                imputer.statistics_[place] = fill
    return imputer


def _shown(fill: Any, hole: Any) -> Any:
    """What stands for a fill value in the row that scikit-learn is fitted on."""
    if is_missing(fill):
        return hole
    return fill + 1 if fill == hole else fill


def _fills(strategy: str, inflow: Inflow, summary: Any) -> tuple[list[Any], list[bool]]:
    """Return what fills each column, and whether it has gaps."""
    if strategy == "mean":
        return list(summary.mean), list(summary.rows > summary.count)
    if strategy == "median":
        medians = [column.at(np.array([0.5]))[0] for column in summary]
        return medians, [column.missing > 0 for column in summary]
    if strategy == "most_frequent":
        return [column.mode for column in summary], [column.missing > 0 for column in summary]
    kinds = [column.dtype for column in columns_of(inflow.head)]
    there = ["" if kind.kind == "O" else 0.0 for kind in kinds]
    fills = [value if count else np.nan for value, count in zip(there, summary.count, strict=True)]
    return fills, list(summary.rows > summary.count)


RULES = {SimpleImputer: Rule(_refuse, _fit)}
