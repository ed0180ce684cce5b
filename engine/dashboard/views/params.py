"""What the parameters of a study's trials did to its score."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.dashboard.views.studies import ranked

if TYPE_CHECKING:
    import numpy.typing as npt

    from engine.dashboard.views.studies import StudyView, TrialView

_BINS = 8
# With fewer trials than this a share of the variance says nothing.
_FEWEST = 8
# So many say as much as ten thousand, evenly taken from the best to the worst, and take 20 ms.
_ENOUGH = 2000


@dataclass(frozen=True, slots=True)
class Axis:
    """One axis of parallel coordinates: its name and the labels of its lower and upper end."""

    name: str
    low: str
    high: str


def parallel_lines(study: StudyView | None, most: int = 120) -> tuple[list[Axis], dict[str, list[Any]]]:
    """Parallel coordinates: a line per trial over axes from 0 to 1, the best drawn last."""
    trials = [one for one in ranked(study) if one.params][:most][::-1]
    if study is None or not trials:
        return [], {"places": [], "heights": [], "trial": [], "share": []}
    names = sorted({name for one in trials for name in one.params})
    columns = [_numbers([one.params.get(name) for one in trials]) for name in names]
    scores = _numbers([one.score for one in trials])
    axes, heights = [], []
    for name, column in (*zip(names, columns, strict=True), (study.metric, scores)):
        values, low, high = column
        axes.append(Axis(name, low, high))
        heights.append(values)
    stacked = np.stack(heights, axis=1)
    rank = np.linspace(0.0, 1.0, len(trials)) if len(trials) > 1 else np.ones(1)
    return axes, {
        "places": [list(range(len(axes)))] * len(trials),
        "heights": [row.tolist() for row in stacked],
        "trial": [one.number for one in trials],
        "share": rank.tolist(),
    }


def importance(study: StudyView | None) -> dict[str, list[Any]]:
    """How much of the scores' variance each parameter explains by itself, 0 to 1, the greatest first.

    The correlation ratio over bins of equal counts: it sees bends that a correlation does not. Parameters
    that act only together are underrated.
    """
    trials = [one for one in ranked(study) if one.params]
    trials = trials[:: max(1, len(trials) // _ENOUGH)]
    if len(trials) < _FEWEST:
        return {"name": [], "share": []}
    scores = np.array([one.score for one in trials], dtype=float)
    names = sorted({name for one in trials for name in one.params})
    shares = {name: _explained(_codes(trials, name), scores) for name in names}
    ordered = sorted(shares.items(), key=lambda item: -item[1])
    return {"name": [name for name, _ in ordered], "share": [share for _, share in ordered]}


def _codes(trials: list[TrialView], name: str) -> npt.NDArray[np.int_]:
    """The bin of each trial's value."""
    values = [one.params.get(name) for one in trials]
    if all(isinstance(value, int | float) for value in values):
        numbers = np.array(values, dtype=float)
        bins = min(_BINS, max(2, len(trials) // 4))
        edges = np.unique(np.quantile(numbers, np.linspace(0, 1, bins + 1)[1:-1]))
        return np.searchsorted(edges, numbers, side="right")
    seen = {text: at for at, text in enumerate(dict.fromkeys(map(str, values)))}
    return np.array([seen[str(value)] for value in values])


def _explained(codes: npt.NDArray[np.int_], scores: npt.NDArray[np.float64]) -> float:
    total = float(((scores - scores.mean()) ** 2).sum())
    if total == 0:
        return 0.0
    counts = np.bincount(codes)
    means = np.bincount(codes, weights=scores) / np.maximum(counts, 1)
    between = float((counts * (means - scores.mean()) ** 2).sum())
    groups = int((counts > 0).sum())
    # What bins of noise explain by chance is taken off (epsilon squared in place of eta squared).
    within = (total - between) / max(1, len(scores) - groups)
    return float(np.clip((between - (groups - 1) * within) / total, 0.0, 1.0))


def _numbers(values: list[Any]) -> tuple[npt.NDArray[np.float64], str, str]:
    """Values on a scale from 0 to 1, and what its ends mean; logarithmic over two decades or more."""
    if all(isinstance(value, int | float) for value in values):
        numbers = np.array(values, dtype=float)
        low, high = float(numbers.min()), float(numbers.max())
        if low > 0 and high / low >= 100:
            numbers = np.log(numbers)
        span = numbers.max() - numbers.min()
        scaled = (numbers - numbers.min()) / span if span else np.full(len(numbers), 0.5)
        return scaled, f"{low:.4g}", f"{high:.4g}"
    texts = [str(value) for value in values]
    order = sorted(set(texts))
    places = {text: (at / (len(order) - 1) if len(order) > 1 else 0.5) for at, text in enumerate(order)}
    return np.array([places[text] for text in texts]), order[0], order[-1]
