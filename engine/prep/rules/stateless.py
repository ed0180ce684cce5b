"""Transformers whose fit learns nothing but the number of columns, and perhaps that no value is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.preprocessing import FunctionTransformer, PolynomialFeatures

from engine.prep.graph.calls import CALLS
from engine.prep.missing import refuse_missing
from engine.prep.rules.rule import Reason, Rule, accept, by
from engine.prep.summaries.extent import EXTENT, Extent

if TYPE_CHECKING:
    from engine.prep.views import Estimator, Inflow


def _refuse_function(step: Estimator) -> Reason | None:
    if step.func is None:
        return None
    name = getattr(step.func, "__name__", repr(step.func))
    if step.func is np.clip:
        bounds = step.kw_args or {}
        known = set(bounds) <= {"min", "max", "a_min", "a_max"} and all(map(_is_number, bounds.values()))
        return None if known else Reason(f"func=clip with {bounds!r}", "Give numbers a_min and a_max.")
    if step.func not in CALLS:
        known_names = ", ".join(sorted({f"np.{function.__name__}" for function in CALLS} | {"np.clip"}))
        return Reason(
            f"func={name}",
            f"A graph can say {known_names}; derive other columns with SQL or a Dask DataFrame first.",
        )
    return Reason(f"kw_args={step.kw_args!r}", "Leave them out.") if step.kw_args else None


def _is_number(value: Any) -> bool:
    return value is None or isinstance(value, int | float | np.number)


def _expand(step: Estimator, inflow: Inflow, extent: Extent) -> Estimator:
    refuse_missing(inflow.labels, extent.rows - extent.count, type(step).__name__)
    return step.fit(inflow.head)


def _finish(step: Estimator, inflow: Inflow, summary: None) -> Estimator:
    del summary
    return step.fit(inflow.head)


RULES = {
    PolynomialFeatures: Rule(accept, by(lambda _: EXTENT, _expand)),
    FunctionTransformer: Rule(_refuse_function, by(lambda _: None, _finish)),
}
