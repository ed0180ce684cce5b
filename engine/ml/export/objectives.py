"""What an XGBoost objective means once trees are summed: the task, the link, the space of base_score.

Every row was measured with XGBoost 3.2 by asking a booster of each objective for its value and its margin.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from engine.errors import UnsupportedError

Floats = NDArray[np.float32]
_SURE = np.float32(1e-6)  # XGBoost believes no base_score nearer to 0 or 1 (measured: 0, 1e-9, 1)


class Task(StrEnum):
    """What a model answers."""

    REGRESSION = "regression"
    RANKING = "ranking"
    BINARY = "binary"
    MULTICLASS = "multiclass"


class Link(StrEnum):
    """The function from margins, the sums of leaves, to what the model answers."""

    IDENTITY = "identity"
    EXP = "exp"
    SIGMOID = "sigmoid"
    SOFTMAX = "softmax"
    STEP = "step"


@dataclass(frozen=True, slots=True)
class Objective:
    """One objective of XGBoost.

    Attributes:
        name: XGBoost's name of it.
        task: What the model answers.
        link: From margin to answer.
        base_link: base_score is saved on the answer's scale of this link; margins start from its inverse.
            It differs from `link` where XGBoost keeps base_score as a margin.
    """

    name: str
    task: Task
    link: Link
    base_link: Link = Link.IDENTITY

    def base_margin(self, base_score: Floats) -> Floats:
        """Where the sums start, float32.

        The logarithm is taken in float64 and rounded: measured over 600 scores, it is XGBoost's own float32
        value but for 6, which are one ulp away.
        """
        if self.base_link is Link.EXP:
            with np.errstate(divide="ignore"):  # counts that are all 0: the margin is -inf in XGBoost too
                return np.log(base_score.astype(np.float64)).astype(np.float32)
        if self.base_link is Link.SIGMOID:
            odds = 1 / np.clip(base_score, _SURE, 1 - _SURE) - 1
            return (-np.log(odds.astype(np.float64))).astype(np.float32)
        return base_score


_IDENTITY = (
    "reg:squarederror",
    "reg:squaredlogerror",
    "reg:absoluteerror",
    "reg:pseudohubererror",
    "reg:quantileerror",
)
_EXP = ("reg:gamma", "reg:tweedie", "count:poisson", "survival:cox", "survival:aft")
_RANK = ("rank:ndcg", "rank:map", "rank:pairwise")

OBJECTIVES = {
    objective.name: objective
    for objective in (
        *(Objective(name, Task.REGRESSION, Link.IDENTITY) for name in _IDENTITY),
        *(Objective(name, Task.REGRESSION, Link.EXP, Link.EXP) for name in _EXP),
        *(Objective(name, Task.RANKING, Link.IDENTITY) for name in _RANK),
        Objective("reg:logistic", Task.REGRESSION, Link.SIGMOID, Link.SIGMOID),
        Objective("binary:logistic", Task.BINARY, Link.SIGMOID, Link.SIGMOID),
        # XGBoost answers with margins; the loss is the logistic one, so the probability is their sigmoid.
        Objective("binary:logitraw", Task.BINARY, Link.SIGMOID),
        Objective("binary:hinge", Task.BINARY, Link.STEP),
        Objective("multi:softprob", Task.MULTICLASS, Link.SOFTMAX),
        Objective("multi:softmax", Task.MULTICLASS, Link.SOFTMAX),
    )
}


def find_objective(name: str) -> Objective:
    """Return the objective of that name.

    Raises:
        UnsupportedError: It is not one that can be exported.
    """
    try:
        return OBJECTIVES[name]
    except KeyError:
        raise UnsupportedError(
            f"Objective {name!r} cannot be exported to ONNX.",
            f"Train with one of: {', '.join(sorted(OBJECTIVES))}.",
            objective=name,
        ) from None
