"""A tree ensemble as values: what the three tree operators of ai.onnx.ml say, in one form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Mode(IntEnum):
    """What a node asks of its feature; numbered as in operator version 5. A leaf asks nothing."""

    LEQ = 0
    LT = 1
    GTE = 2
    GT = 3
    EQ = 4
    NEQ = 5
    MEMBER = 6
    LEAF = 7


class Aggregate(IntEnum):
    """How the weights of the leaves that a row reaches become one score; numbered as in version 5."""

    AVERAGE = 0
    SUM = 1
    MIN = 2
    MAX = 3


class Transform(IntEnum):
    """What is made of the scores; numbered as in the standard."""

    NONE = 0
    SOFTMAX = 1
    LOGISTIC = 2
    SOFTMAX_ZERO = 3
    PROBIT = 4


@dataclass(frozen=True, slots=True)
class Head:
    """What follows the trees.

    Attributes:
        targets: Scores of a row: targets of a regressor, classes of a classifier.
        aggregate: How the trees' weights become a score.
        transform: What is made of the scores.
        base: Values added to the scores; none, one or one per target.
        labels: int64 or text, one per class; None where there are no classes.
        float64: The scores are given as float64, not float32.
    """

    targets: int
    aggregate: Aggregate
    transform: Transform
    base: tuple[float, ...]
    labels: NDArray[Any] | None
    float64: bool


@dataclass(frozen=True, slots=True)
class Ensemble:
    """Trees of nodes; every array but the last four has one element per node.

    Attributes:
        feature: int64, the column of the matrix that a node asks; 0 for a leaf.
        mode: uint8, a `Mode`.
        split: What the node compares with: float32 for models of float32, else float64.
        true, false: int64, the nodes that follow; a leaf's own index for a leaf.
        missing_true: bool, whether NaN goes the way of true.
        members: The values of nodes whose mode is `MEMBER`.
        roots: int64, the first node of each tree, in the order in which weights are added up.
        weight_node, weight_target, weight: Leaf, target and value of each weight, in the model's order.
        head: What follows.
    """

    feature: NDArray[np.int64]
    mode: NDArray[np.uint8]
    split: NDArray[Any]
    true: NDArray[np.int64]
    false: NDArray[np.int64]
    missing_true: NDArray[np.bool_]
    roots: NDArray[np.int64]
    weight_node: NDArray[np.int64]
    weight_target: NDArray[np.int64]
    weight: NDArray[Any]
    head: Head
    members: Mapping[int, tuple[float, ...]] = field(default_factory=dict)

    @property
    def features(self) -> tuple[int, ...]:
        """The columns that a node which a row can reach asks, ascending."""
        import numpy as np

        asking = self.reachable() & (self.mode != Mode.LEAF)
        return tuple(np.flatnonzero(np.bincount(self.feature[asking])).tolist())

    def reachable(self) -> NDArray[np.bool_]:
        """Which nodes stand below a root."""
        import numpy as np

        seen = np.zeros(len(self.mode), dtype=bool)
        front = self.roots
        while len(front):
            seen[front] = True
            front = np.concatenate([self.true[front], self.false[front]])
            front = front[~seen[front]]
            if len(front) > len(seen):  # several ways lead to a node; in plain trees one does
                front = np.unique(front)
        return seen
