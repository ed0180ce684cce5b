"""What it takes to fit one kind of transformer on partitions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from sklearn.base import clone

from engine.errors import DataError
from engine.prep.passes import Fit, request
from engine.prep.views import first_line, on_one_core

if TYPE_CHECKING:
    from engine.prep.summaries import Statistic
    from engine.prep.views import Estimator, Inflow

Finish = Callable[["Estimator", "Inflow", Any], "Estimator"]


class Reason(NamedTuple):
    """Why a parameter is refused, and what to use instead."""

    what: str
    instead: str


@dataclass(frozen=True, slots=True)
class Rule:
    """How one kind of transformer is fitted.

    Attributes:
        refuse: Says why this instance's parameters cannot be honoured, or None.
        fit: Fits a clone of it on what flows in.
        labelled: Whether it learns from the label.
        times: Whether it takes columns of dates and times.
    """

    refuse: Callable[[Estimator], Reason | None]
    fit: Callable[[Estimator, Inflow], Fit[Estimator]]
    labelled: bool = False
    times: bool = False


def by(
    statistic: Callable[[Estimator], Statistic | None], finish: Finish
) -> Callable[[Estimator, Inflow], Fit[Estimator]]:
    """Make the fit of a transformer that one statistic of the data decides.

    Args:
        statistic: What this instance needs to know; None if the first rows tell enough.
        finish: `(clone, inflow, summary) -> fitted`; see `finished`.
    """

    def fit(step: Estimator, inflow: Inflow) -> Fit[Estimator]:
        asked = statistic(step)
        summary = None
        if asked is not None:
            (summary,) = yield (request(inflow, asked),)
        return finished(step, inflow, finish, summary)

    return fit


def finished(step: Estimator, inflow: Inflow, finish: Finish, summary: Any) -> Estimator:
    """Let scikit-learn itself fit a clone of a step.

    `finish` gives it a few rows that have the same answer as all rows, or the first rows, and then sets what
    the summary says: every attribute is there, and every check of scikit-learn's own is made.

    Raises:
        DataError: scikit-learn refuses the parameters or the data.
    """
    with on_one_core():
        try:
            return finish(clone(step), inflow, summary)
        except (ValueError, TypeError) as problem:
            name, columns = type(step).__name__, ", ".join(map(repr, inflow.labels))
            message = f"{name} cannot be fitted on {columns}: {first_line(problem)}"
            hint = "Mend its parameters, or the columns in a step before it."
            raise DataError(message, hint, step=name, columns=list(inflow.labels)) from problem


def accept(_: Estimator) -> None:
    """Refuse nothing."""


def one_of(estimator: Estimator, parameter: str, supported: tuple[Any, ...]) -> Reason | None:
    """Refuse values of a parameter that are not among the supported ones."""
    value = getattr(estimator, parameter)
    if any(value is choice or (isinstance(value, str) and value == choice) for choice in supported):
        return None
    return Reason(f"{parameter}={value!r}", f"Use {parameter}= one of {', '.join(map(repr, supported))}.")


def first_reason(*reasons: Reason | None) -> Reason | None:
    return next((reason for reason in reasons if reason), None)
