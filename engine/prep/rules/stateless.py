"""Transformers whose fit learns nothing but the number of columns, and perhaps that no value is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sklearn.preprocessing import FunctionTransformer, PolynomialFeatures

from engine.prep.missing import refuse_missing
from engine.prep.rules.rule import Reason, Rule, accept, by
from engine.prep.summaries.extent import EXTENT, Extent

if TYPE_CHECKING:
    from engine.prep.views import Estimator, Inflow


def _refuse_function(step: Estimator) -> Reason | None:
    if step.func is None and step.inverse_func is None:
        return None
    return Reason(
        f"func={step.func!r}",
        "No graph can be written for Python code: derive the column with SQL or a Dask DataFrame first.",
    )


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
