"""One tree operator as a function of a matrix, run by the kernel on some threads."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.inference.columns import Columns
from engine.inference.ensemble import Aggregate, Ensemble
from engine.inference.layout import BLOCK, lay_out

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Rows that a thread takes at a time: enough to make its start not count, few enough for an even share.
_PORTION = 64 * BLOCK


class TreeKernel:
    """Scores a matrix as the operator does; safe to call from several threads.

    Args:
        ensemble: The trees.

    Raises:
        UnsupportedError: The ensemble has no kernel; onnxruntime then runs it.
    """

    def __init__(self, ensemble: Ensemble) -> None:
        self.head = ensemble.head
        self._lanes, self._trees = lay_out(ensemble)
        self.number = ensemble.split.dtype
        self.nodes = int(ensemble.reachable().sum())
        self.features = int(self._lanes.feature.max(initial=0)) + 1
        self._finish = _Finish(ensemble, trees=len(ensemble.roots))

    def run(self, matrix: NDArray[Any] | Columns, threads: int = 1) -> list[NDArray[Any]]:
        """What the operator puts out.

        Args:
            matrix: `[N, columns]` of numbers; columns that no step asks are not looked at.
            threads: Threads to use. The answer does not depend on it.

        Returns:
            For a regressor one array `[N, targets]`; for a classifier labels `[N]` and scores `[N, classes]`.
        """
        values = matrix if isinstance(matrix, Columns) else _prepared(matrix, self.number)
        count = len(values)
        answers = self._finish.empty(count)
        portions = [slice(start, start + _PORTION) for start in range(0, count, _PORTION)]

        def work(portion: slice) -> None:
            part = [answer[portion] for answer in answers]
            rows = values[portion]
            rows = _prepared(rows, self.number) if isinstance(values, Columns) else rows
            self._finish(self._scores(rows), part)

        if threads < 2 or len(portions) < 2:
            for portion in portions:
                work(portion)
        else:
            # No thread outlives the call: a process that is forked or ends meets none of ours.
            with ThreadPoolExecutor(min(threads, len(portions)), thread_name_prefix="tarn-trees") as pool:
                list(pool.map(work, portions))
        return self._finish.labelled(answers)

    def _scores(self, values: NDArray[Any]) -> NDArray[Any]:
        from engine.inference.walk import score_float32, score_float64

        aggregate = self.head.aggregate
        start = {Aggregate.MIN: np.inf, Aggregate.MAX: -np.inf}.get(aggregate, 0.0)
        scores = np.empty((self.head.targets, len(values)), dtype=self.number)
        run = score_float32 if self.number == np.float32 else score_float64
        run(values, self._lanes, self._trees, int(aggregate), self.number.type(start), scores)
        if start:
            scores[scores == start] = 0.0  # no tree has a weight for that target
        return scores


class _Finish:
    """What follows the trees of an ensemble."""

    def __init__(self, ensemble: Ensemble, *, trees: int) -> None:
        head = ensemble.head
        self.head = head
        self.number = ensemble.split.dtype
        self.out = np.dtype(np.float64 if head.float64 else np.float32)
        base = head.base
        if head.labels is None:
            base = base * head.targets if len(base) == 1 and head.targets == 1 else base
            base = base if len(base) == head.targets else ()
        self.base = np.array(base, dtype=self.number)
        self.parts = self.number.type(trees if head.aggregate is Aggregate.AVERAGE else 1)
        targets = np.unique(ensemble.weight_target)
        self.scored = np.isin(np.arange(head.targets), targets)
        self.single = len(targets) == 1
        self.positive = bool((ensemble.weight >= 0).all())
        self.labels = head.labels
        if head.targets == 2 and not self.single and head.labels is not None and head.labels.dtype != object:
            self.labels = np.arange(2)  # onnxruntime: weights for both classes, and labels are 0 and 1

    def empty(self, count: int) -> list[NDArray[Any]]:
        scores = np.empty((count, self.head.targets), dtype=self.out)
        return [scores] if self.head.labels is None else [scores, np.empty(count, dtype=np.int64)]

    def __call__(self, scores: NDArray[Any], answers: list[NDArray[Any]]) -> None:
        from engine.inference import finish

        transform = int(self.head.transform)
        if self.head.labels is None:
            finish.finish_amounts(scores, answers[0], self.base, transform, self.parts)
        elif self.head.targets == 2:
            rule = (bool(self.scored[0]), bool(self.scored[1]), self.single, self.positive)
            finish.finish_two_classes(scores, *answers, self.base, rule, transform)
        else:
            finish.finish_classes(scores, *answers, self.base, self.scored, transform)

    def labelled(self, answers: list[NDArray[Any]]) -> list[NDArray[Any]]:
        return answers if self.labels is None else [self.labels[answers[1]], answers[0]]


def _prepared(matrix: NDArray[Any], number: np.dtype[Any]) -> NDArray[Any]:
    """The matrix in the format of the splits, by rows or by columns; float32 as its bits."""
    values = np.asarray(matrix, dtype=number)
    if not (values.flags.c_contiguous or values.flags.f_contiguous):
        values = np.ascontiguousarray(values)
    if number != np.float32:
        return values
    return values.view(np.uint32) if values.flags.c_contiguous else values.T.view(np.uint32).T
