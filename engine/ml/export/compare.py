"""Comparing the outputs of a graph with the answers that are expected of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from engine.ml.export.heads import LABEL, PROBABILITIES, SCORE
from engine.ml.export.objectives import Link, Objective, Task
from engine.ml.export.reference import Answers, top_two_gaps
from engine.ml.export.report import XGBOOST, Mismatch, ProbeResult

if TYPE_CHECKING:
    from engine.ml.export.sessions import Rows

Outputs = Mapping[str, NDArray[Any]]


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """How outputs are compared.

    Attributes:
        objective: What the outputs mean.
        labels: The label of each code, None without classes.
        allowed: Largest difference allowed; gaps up to it are ties.
        unit: Numbers are compared relative to this, or to themselves if they are larger.
        against: See `ProbeResult`.
    """

    objective: Objective
    labels: NDArray[Any] | None
    allowed: float
    unit: float = 1.0
    against: str = XGBOOST

    def probe(self, name: str, outputs: Outputs, expected: Answers, *, rows: Rows) -> ProbeResult:
        """Compare the outputs for `rows` with what is expected for them."""
        got = self.answers(outputs)
        ties = expected.gaps <= self.allowed
        off = self._differences(got.values, expected.values)
        if self.objective.link is Link.STEP:
            off[ties] = 0  # a step has no answer in between
        off = np.maximum(off, self._disagreements(outputs))
        flipped = np.zeros(len(off), bool)
        if got.codes is not None:
            own = outputs[PROBABILITIES].argmax(axis=1)
            flipped = ((got.codes != expected.codes) & ~ties) | (got.codes != own)
        bad = (off > self.allowed) | flipped
        worst = int(np.argmax(np.where(bad, 1 + off, 0))) if bad.any() else None
        return ProbeResult(
            name=name,
            against=self.against,
            rows=len(off),
            allowed=self.allowed,
            max_abs_diff=float(off.max(initial=0)),
            labels_flipped=int(flipped.sum()),
            ties=int(ties.sum()),
            identical=np.array_equal(got.values, expected.values, equal_nan=True),
            worst=None if worst is None else _mismatch(worst, got, expected, rows),
        )

    def answers(self, outputs: Outputs) -> Answers:
        """The outputs of a graph as answers; a label that is no class has the code -1."""
        if self.labels is None:
            return Answers(outputs[SCORE], None, np.full(len(outputs[SCORE]), np.inf))
        codes = {label: code for code, label in enumerate(self.labels.tolist())}
        found = np.array([codes.get(label, -1) for label in outputs[LABEL].tolist()], np.int64)
        values = outputs[SCORE if self.objective.task is Task.BINARY else PROBABILITIES]
        return Answers(values, found, top_two_gaps(outputs[PROBABILITIES]))

    def _differences(self, got: NDArray[Any], expected: NDArray[Any]) -> NDArray[np.float64]:
        """Per row: absolute for probabilities, else relative to max(unit, |expected|)."""
        left, right = got.astype(np.float64), expected.astype(np.float64)
        if left.shape != right.shape:
            return np.full(len(right), np.inf)
        with np.errstate(invalid="ignore"):
            off = np.abs(left - right)
            if self.labels is None:
                off = off / np.maximum(self.unit, np.abs(right))
        same = (left == right) | (np.isnan(left) & np.isnan(right))
        off = np.where(same, 0, np.where(np.isnan(off), np.inf, off))
        return np.asarray(off.max(axis=1, initial=0), np.float64)

    def _disagreements(self, outputs: Outputs) -> NDArray[np.float64] | float:
        """How far a binary model's own two outputs are apart."""
        if self.objective.task is not Task.BINARY:
            return 0.0
        both = np.concatenate([1 - outputs[SCORE], outputs[SCORE]], axis=1)
        return self._differences(outputs[PROBABILITIES], both)


def _mismatch(row: int, got: Answers, expected: Answers, rows: Rows) -> Mismatch:
    def shown(answers: Answers) -> tuple[float | int, ...]:
        code = () if answers.codes is None else (int(answers.codes[row]),)
        return (*np.asarray(answers.values[row], np.float64).tolist(), *code)

    values = {name: column.reshape(-1)[row] for name, column in rows.items()}
    plain = {name: value.item() if isinstance(value, np.generic) else value for name, value in values.items()}
    return Mismatch(row, shown(expected), shown(got), plain)
