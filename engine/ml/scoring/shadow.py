"""A challenger beside the champion: what both say of the same rows, and how far they are apart."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.types as pt

from engine.errors import OptionError
from engine.ml.scoring.sketch import Sketch, stability_index

if TYPE_CHECKING:
    from engine.ml.model import Model
    from engine.ml.scoring.scorer import Scorer

QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)


@dataclass(frozen=True)
class Shadow:
    """A model that scores in the shadow of the one whose scores are published.

    Attributes:
        model: The challenger, or its registered name.
        tolerance: Of models without labels: two values further apart than this share of the larger disagree.
    """

    model: Model | str
    tolerance: float = 0.1


@dataclass(frozen=True, slots=True)
class Contest:
    """Which outputs of both models are held against each other.

    Attributes:
        labels: Outputs that are equal or not.
        values: Outputs that are near or not.
        tolerance: See `Shadow`.
    """

    labels: tuple[str, ...]
    values: tuple[str, ...]
    tolerance: float

    @classmethod
    def between(cls, champion: Scorer, challenger: Scorer, tolerance: float) -> Contest:
        """What both put out.

        Raises:
            OptionError: Nothing; or a tolerance that is none.
        """
        if not tolerance >= 0:
            raise OptionError(f"tolerance={tolerance} is negative.", "Give 0 or more.")
        mine, theirs = champion.answers(), challenger.answers()
        both = [name for name in mine if name in theirs]
        values = tuple(name for name in both if pt.is_floating(mine[name].type))
        labels = tuple(name for name in both if name not in values)
        if not both:
            raise OptionError(
                f"The shadow puts out {', '.join(theirs)}, the model {', '.join(mine)}.",
                "Give a shadow that answers the same question.",
            )
        return cls(labels, values, tolerance)


@dataclass(frozen=True, slots=True)
class Tally:
    """What was counted of a number of rows; tallies of two sets of rows add up.

    Attributes:
        rows: Rows that both models scored.
        failed: Rows that the challenger could not score.
        flips: Rows with another label.
        differing: Rows that disagree: by a label, or of models without labels by a value.
        largest: Largest difference of a value.
        sketches: For each output of numbers, the champion's scores and the challenger's.
    """

    rows: int = 0
    failed: int = 0
    flips: int = 0
    differing: int = 0
    largest: float = 0.0
    sketches: Mapping[str, tuple[Sketch, Sketch]] = field(default_factory=dict)

    def plus(self, other: Tally) -> Tally:
        sketches = dict(self.sketches)
        for name, (mine, theirs) in other.sketches.items():
            known = sketches.get(name, (Sketch(), Sketch()))
            sketches[name] = (known[0].plus(mine), known[1].plus(theirs))
        return Tally(
            self.rows + other.rows,
            self.failed + other.failed,
            self.flips + other.flips,
            self.differing + other.differing,
            max(self.largest, other.largest),
            sketches,
        )

    def to_json(self) -> dict[str, Any]:
        sketches = {name: [one.to_json() for one in pair] for name, pair in self.sketches.items()}
        return {
            "rows": self.rows,
            "failed": self.failed,
            "flips": self.flips,
            "differing": self.differing,
            "largest": self.largest,
            "sketches": sketches,
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Tally:
        sketches = {
            name: (Sketch.from_json(pair[0]), Sketch.from_json(pair[1]))
            for name, pair in stored["sketches"].items()
        }
        return cls(**{**stored, "sketches": sketches})


def compared(champion: pa.Table, challenger: pa.Table, contest: Contest) -> tuple[Tally, np.ndarray]:
    """Count what two models say of the same rows; also whether each row disagrees."""
    rows = len(champion)
    flipped = np.zeros(rows, dtype=bool)
    for name in contest.labels:
        flipped |= _differ(champion.column(name), challenger.column(name))
    apart = np.zeros(rows, dtype=bool)
    largest, sketches = 0.0, {}
    for name in contest.values:
        mine, theirs = _numbers(champion.column(name)), _numbers(challenger.column(name))
        gap = np.abs(mine - theirs)
        known = gap[~np.isnan(gap)]
        largest = max(largest, float(known.max())) if len(known) else largest
        far = gap > contest.tolerance * np.maximum(np.abs(mine), np.abs(theirs))
        apart |= far | (np.isnan(mine) != np.isnan(theirs))
        sketches[name] = (Sketch.of(mine), Sketch.of(theirs))
    differs = flipped if contest.labels else apart
    tally = Tally(rows, 0, int(flipped.sum()), int(differs.sum()), largest, sketches)
    return tally, differs


def _numbers(column: pa.ChunkedArray) -> np.ndarray:
    values: np.ndarray = column.to_numpy().astype(np.float64)
    return values


def _differ(left: pa.ChunkedArray, right: pa.ChunkedArray) -> np.ndarray:
    if left.type != right.type:
        left, right = left.cast(pa.string()), right.cast(pa.string())
    found: np.ndarray = left.to_numpy(zero_copy_only=False) != right.to_numpy(zero_copy_only=False)
    return found


@dataclass(frozen=True, slots=True)
class ShadowReport:
    """How a challenger did in the shadow.

    Attributes:
        model: Its name and version.
        tally: What was counted.
    """

    model: str
    tally: Tally

    @property
    def flip_rate(self) -> float:
        """Share of the rows that get another label."""
        return self.tally.flips / self.tally.rows if self.tally.rows else math.nan

    @property
    def stability(self) -> Mapping[str, float]:
        """The population stability index of each output of numbers, the champion's scores being expected."""
        return {name: stability_index(*pair) for name, pair in self.tally.sketches.items()}

    @property
    def quantiles(self) -> Mapping[str, Mapping[float, tuple[float, float]]]:
        """For each output of numbers and share of the rows, the champion's value and the challenger's."""
        return {
            name: {share: (pair[0].quantile(share), pair[1].quantile(share)) for share in QUANTILES}
            for name, pair in self.tally.sketches.items()
        }

    def __str__(self) -> str:
        tally = self.tally
        index = ", ".join(f"{name} {value:.4f}" for name, value in self.stability.items())
        return (
            f"shadow {self.model}: {tally.differing:,} of {tally.rows:,} rows disagree, "
            f"{tally.flips:,} flips; largest difference {tally.largest:.6g}; stability index {index or '-'}"
        )


def summed(tallies: Iterable[Mapping[str, Any] | None]) -> Tally:
    """The tally of all parts, as their outcomes tell."""
    total = Tally()
    for one in tallies:
        if one is not None:
            total = total.plus(Tally.from_json(one))
    return total
