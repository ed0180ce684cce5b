"""What the parity gate found, as values that are stored with a model."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from engine.errors import ParityError

XGBOOST, ITSELF = "XGBoost", "itself"
_SHOWN = 8  # columns of a row within a message


@dataclass(frozen=True, slots=True)
class Mismatch:
    """The row of a probe that is furthest off.

    Attributes:
        row: Its number within the probe.
        expected: XGBoost's answer, or that of the whole batch: numbers, then the code of the class.
        got: The graph's answer.
        values: The row: raw columns, or columns of the matrix as `f0`, `f1`, ...
    """

    row: int
    expected: tuple[float | str | int, ...]
    got: tuple[float | str | int, ...]
    values: Mapping[str, float | str | int]


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """One probe of the gate.

    Attributes:
        name: What was probed.
        against: What the graph was compared with: `XGBoost`, or `itself` on the whole batch and one thread.
        rows: Rows compared.
        allowed: Largest difference with which it passes.
        max_abs_diff: Largest difference of a probability, or of a number relative to max(1, |number|).
        labels_flipped: Rows with another label than XGBoost's, ties left out, or than their own
            probabilities.
        ties: Rows on which both labels are right, within the tolerance.
        identical: The answers agree bit for bit.
        worst: The worst row of a probe that failed.
        note: Why there is nothing to compare, if so.
    """

    name: str
    against: str
    rows: int
    allowed: float
    max_abs_diff: float
    labels_flipped: int
    ties: int
    identical: bool
    worst: Mismatch | None
    note: str = ""

    @property
    def passed(self) -> bool:
        return self.max_abs_diff <= self.allowed and not self.labels_flipped


@dataclass(frozen=True, slots=True)
class ParityReport:
    """All probes of one model.

    Attributes:
        tolerance: Largest difference from XGBoost allowed, see `ProbeResult.max_abs_diff`.
        probes: In the order in which they ran.
    """

    tolerance: float
    probes: tuple[ProbeResult, ...]

    @property
    def passed(self) -> bool:
        return all(probe.passed for probe in self.probes)

    @property
    def max_abs_diff(self) -> float:
        """Largest difference from XGBoost; those of the graph from itself stand at their probes."""
        return max(probe.max_abs_diff for probe in self.probes if probe.against == XGBOOST)

    @property
    def labels_flipped(self) -> int:
        return sum(probe.labels_flipped for probe in self.probes)

    @property
    def rows(self) -> int:
        return sum(probe.rows for probe in self.probes)

    def raise_if_failed(self) -> None:
        """Refuse the model unless every probe passed.

        Raises:
            ParityError: Says the worst probe, its worst row and the values there.
        """
        failed = [probe for probe in self.probes if not probe.passed]
        if not failed:
            return
        worst = max(failed, key=lambda probe: (probe.max_abs_diff, probe.labels_flipped))
        raise ParityError(
            f"The ONNX graph does not agree with {worst.against}: probe '{worst.name}' is off by "
            f"{worst.max_abs_diff:.3g} (allowed {worst.allowed:.3g}), with {worst.labels_flipped} labels "
            f"flipped in {worst.rows} rows{_describe(worst.worst)}.",
            "Nothing was exported. Train on the output of the very preparation graph that is exported, or "
            "leave out the objective or option that does not convert.",
            report=self.to_json(),
        )

    def to_json(self) -> dict[str, Any]:
        """Plain values for JSON; differences that are not finite become strings."""
        facts = {
            "passed": self.passed,
            "tolerance": self.tolerance,
            "max_abs_diff": self.max_abs_diff,
            "labels_flipped": self.labels_flipped,
            "rows": self.rows,
            "probes": [asdict(probe) for probe in self.probes],
        }
        plain: dict[str, Any] = _finite(facts)
        return plain


def _describe(worst: Mismatch | None) -> str:
    if worst is None:
        return ""
    values = dict(list(worst.values.items())[:_SHOWN])
    more = f" and {len(worst.values) - _SHOWN} more columns" if len(worst.values) > _SHOWN else ""
    shown = json.dumps(_finite(values), ensure_ascii=False)
    return f"; row {worst.row} gives {worst.got} instead of {worst.expected} for {shown}{more}"


def _finite(value: Any) -> Any:
    """The value with numbers that JSON does not have as text."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, Mapping):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    return value
