"""Our own transformers: their fit learns nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.prep.rules.rule import Reason, Rule, finished
from engine.prep.transformers import DatetimeParts, TextHasher

if TYPE_CHECKING:
    from engine.prep.passes import Fit
    from engine.prep.transformers.base import ByColumn
    from engine.prep.views import Estimator, Inflow


def _refuse(step: ByColumn) -> Reason | None:
    try:
        step._check_parameters()  # noqa: SLF001 - the same check that its own fit makes
    except (ValueError, TypeError) as problem:
        return Reason(str(problem), "Mend that parameter.")
    return None


def _fit(step: Estimator, inflow: Inflow) -> Fit[Estimator]:
    yield from ()
    return finished(step, inflow, lambda clone, flow, _: clone.fit(flow.head), None)


RULES = {DatetimeParts: Rule(_refuse, _fit, times=True), TextHasher: Rule(_refuse, _fit)}
