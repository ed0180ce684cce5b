"""What it takes to fit one kind of transformer on partitions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from engine.prep.summaries import Statistic
    from engine.prep.views import Estimator, Inflow


class Reason(NamedTuple):
    """Why a parameter is refused, and what to use instead."""

    what: str
    instead: str


@dataclass(frozen=True, slots=True)
class Rule:
    """How one kind of transformer is fitted.

    Attributes:
        refuse: Says why this instance's parameters cannot be honoured, or None.
        statistic: What it needs to know of the data; None if its fit needs no more than the first rows.
        finish: `(clone, inflow, summary) -> fitted`. It lets scikit-learn itself fit the clone on a few rows
            that have the same answer, or on the first rows and then sets what the summary says, so that every
            attribute is there.
    """

    refuse: Callable[[Estimator], Reason | None]
    statistic: Callable[[Estimator], Statistic | None]
    finish: Callable[[Estimator, Inflow, Any], Estimator]


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
