"""SimpleImputer: by mean, median, most frequent value or a constant."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.impute import SimpleImputer

from engine.prep.rules.rule import Reason, Rule, by, first_reason, one_of
from engine.prep.summaries.distinct import DISTINCT
from engine.prep.summaries.moments import MOMENTS
from engine.prep.summaries.presence import PRESENCE
from engine.prep.summaries.quantiles import QUANTILES
from engine.prep.views import Estimator, Inflow, columns_of

if TYPE_CHECKING:
    from engine.prep.summaries import Statistic

STATISTICS = {"mean": MOMENTS, "median": QUANTILES, "most_frequent": DISTINCT, "constant": PRESENCE}


def _refuse(imputer: Estimator) -> Reason | None:
    missing = imputer.missing_values
    return first_reason(
        one_of(imputer, "strategy", tuple(STATISTICS)),
        Reason("fill_value=''", "Fill with a word such as 'missing': an empty text is itself missing.")
        if imputer.strategy == "constant" and imputer.fill_value == ""
        else None,
        None
        if isinstance(missing, float) and math.isnan(missing)
        else Reason(f"missing_values={missing!r}", "Leave it at NaN: nulls and empty texts arrive as NaN."),
    )


def _statistic(imputer: Estimator) -> Statistic:
    return STATISTICS[imputer.strategy]


def _finish(imputer: Estimator, inflow: Inflow, summary: Any) -> Estimator:
    # The statistic of one row is that row: scikit-learn finds the fill values, and which columns to drop. A
    # second row has the gaps, from which it sees which columns get an indicator.
    fills, absent = _fills(imputer.strategy, inflow, summary)
    gaps = [np.nan if gap else fill for fill, gap in zip(fills, absent, strict=True)]
    return imputer.fit(inflow.like([np.array(pair, dtype=object) for pair in zip(fills, gaps, strict=True)]))


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


RULES = {SimpleImputer: Rule(_refuse, by(_statistic, _finish))}
