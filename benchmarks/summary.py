"""Medians and ratios of repetitions."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks.record import Sample

_CONFIDENCE = 0.95
Key = tuple[str, str]  # case, side
Series = Sequence[Sample]
Groups = Mapping[Key, Series]


@dataclass(frozen=True, slots=True)
class Ratio:
    """Pairwise ratios: each repetition of one series against the same repetition of another.

    Attributes:
        low: The least of the pairs.
        median: Of the pairs.
        high: The greatest of the pairs.
        sure: Between which two pairs the true median lies, at a confidence of 95 % or more, whatever the
            ratios' distribution; None of fewer than six pairs.
    """

    low: float
    median: float
    high: float
    sure: tuple[float, float] | None = None

    def __str__(self) -> str:
        if self.sure is None:
            return f"{self.median:.2f} ({self.low:.2f} - {self.high:.2f})"
        spread = f"{self.low:.2f} - {self.high:.2f}; 95 %: {self.sure[0]:.3f} - {self.sure[1]:.3f}"
        return f"{self.median:.3f} ({spread})"

    @property
    def settled(self) -> bool:
        """Every repetition agrees on which is the greater."""
        return self.low > 1 or self.high < 1


def by_side(samples: Iterable[Sample]) -> Groups:
    """Right answers in order of repetition, by case and side; wrong ones have no time worth comparing."""
    groups: dict[Key, list[Sample]] = {}
    for sample in samples:
        if sample.problem is None:
            groups.setdefault((sample.case, sample.side), []).append(sample)
    return {key: sorted(group, key=lambda sample: sample.repetition) for key, group in groups.items()}


def pairwise(above: Series, below: Series, field: str = "seconds") -> Ratio | None:
    """Seconds of `above` in terms of `below`; None where they have no repetition in common.

    Args:
        above: One series.
        below: The other.
        field: `seconds`, or `cpu_seconds` of all processes, which other work on the machine disturbs less.
    """
    denominators = {sample.repetition: float(getattr(sample, field)) for sample in below}
    ratios = [
        getattr(sample, field) / denominators[sample.repetition]
        for sample in above
        if denominators.get(sample.repetition, 0) > 0
    ]
    return Ratio(min(ratios), median(ratios), max(ratios), sure_median(ratios)) if ratios else None


def sure_median(values: Sequence[float]) -> tuple[float, float] | None:
    """The narrowest pair of order statistics that has the median between it with 95 % confidence.

    So many of the values lie below the median as heads come of as many coins.
    """
    count, ordered = len(values), sorted(values)
    for cut in range((count - 1) // 2, -1, -1):
        outside = 2 * sum(math.comb(count, heads) for heads in range(cut + 1)) / 2**count
        if outside <= 1 - _CONFIDENCE:
            return ordered[cut], ordered[count - 1 - cut]
    return None


def noise(series: Series) -> float | None:
    """By what factor a repetition differs from the next of the same side: what A against A shows."""
    steps = [
        abs(math.log(after.seconds / before.seconds))
        for before, after in itertools.pairwise(series)
        if before.seconds > 0 and after.seconds > 0
    ]
    return math.exp(median(steps)) if steps else None


def median_of(series: Series, field: str) -> float:
    return float(median(getattr(sample, field) for sample in series))


def median_seconds(series: Series) -> float:
    return median_of(series, "seconds")


def median_stages(series: Series) -> dict[str, float]:
    """Seconds by stage, in the order of the first repetition that has it."""
    names = dict.fromkeys(name for sample in series for name in sample.stages)
    return {name: median(sample.stages[name] for sample in series if name in sample.stages) for name in names}


def format_seconds(seconds: float) -> str:
    """Three digits that matter, in seconds or milliseconds."""
    return f"{seconds:.3g} s" if seconds >= 1 else f"{seconds * 1000:.3g} ms"


def markdown_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
