"""Boosting in one process: rounds on quantised matrices, such that stopping and going on changes no bit.

XGBoost 3.2 draws rows and columns from generators that go on through a fit, so a fit that is continued from
its saved model draws otherwise than one that was never interrupted. Here the randomness of a round follows
from the seed and the number of the round alone: rows are seeded by round (`seed_per_iteration`), and the
sampler of columns, which is seeded when the updater is made, is made anew for each round.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from engine.errors import OptionError
from pools.worker import native_threads

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import xgboost as xgb

    from engine.ml.metric import CustomMetric

# What makes XGBoost draw columns.
_COLUMN_SAMPLING = ("colsample_bytree", "colsample_bylevel", "colsample_bynode")


@dataclass(frozen=True, slots=True)
class Stretch:
    """The rounds that one call trains.

    Attributes:
        params: XGBoost parameters, complete but for threads.
        start: Rounds that are trained already.
        stop: Rounds in all when it is done.
        threads: Of XGBoost.
        metric: A metric of the user's own, in place of XGBoost's.
    """

    params: Mapping[str, Any]
    start: int
    stop: int
    threads: int = 1
    metric: CustomMetric | None = None


def open_booster(stretch: Stretch, matrices: Sequence[xgb.DMatrix], model: bytes | None) -> xgb.Booster:
    """A booster over matrices: new, or with the trees of a model.

    Raises:
        OptionError: XGBoost refuses the parameters.
    """
    import xgboost as xgb

    params = {
        **stretch.params,
        "nthread": stretch.threads,
        "verbosity": 0,
        "seed_per_iteration": True,
        "tree_method": stretch.params.get("tree_method", "hist"),
    }
    try:
        return xgb.Booster(params, list(matrices), model_file=None if model is None else bytearray(model))
    except xgb.core.XGBoostError as refused:
        raise refused_params(stretch.params, refused) from None


def boost_round(booster: xgb.Booster, stretch: Stretch, train: xgb.DMatrix, index: int) -> None:
    """Train round number `index`, from 0.

    Raises:
        OptionError: XGBoost refuses the parameters.
    """
    import xgboost as xgb

    try:
        if any(float(stretch.params.get(name, 1)) < 1 for name in _COLUMN_SAMPLING):
            renew_updater(booster, stretch)
        booster.update(train, index)
    except xgb.core.XGBoostError as refused:
        raise refused_params(stretch.params, refused) from None


def renew_updater(booster: xgb.Booster, stretch: Stretch) -> None:
    """Drop what grows the booster's trees, for a new one: it samples columns afresh, and holds no memory.

    An updater keeps the histograms of the last tree and the places of all rows in it: after trees of depth 8
    on 800,000 rows 61 MiB, where the matrix itself takes 77. To configure the booster for another method and
    back takes less than a millisecond; what it predicts for the rows stays.
    """
    method = stretch.params.get("tree_method", "hist")
    booster.set_param({"tree_method": "approx" if method == "hist" else "hist"})
    booster.num_boosted_rounds()
    booster.set_param({"tree_method": method})


def judge(
    booster: xgb.Booster, stretch: Stretch, valid: xgb.DMatrix, label: npt.NDArray[np.float32], index: int
) -> float:
    """The metric on the validation rows after round number `index`."""
    if stretch.metric is not None:
        return stretch.metric(booster.predict(valid), label)
    return float(booster.eval_set([(valid, "valid")], index).rsplit(":", 1)[1])


@dataclass(slots=True)
class Patience:
    """Watches a curve for getting no better.

    Attributes:
        rounds: Rounds without improvement after which it is over; None for never.
        maximise: Whether more is better.
        best: Best value so far.
        since: Rounds since then.
    """

    rounds: int | None
    maximise: bool
    best: float = math.nan
    since: int = 0

    def ends(self, value: float) -> bool:
        """Take the next value in, and say whether it is over."""
        better = value > self.best if self.maximise else value < self.best
        if better or (math.isnan(self.best) and not math.isnan(value)):
            self.best, self.since = value, 0
        else:
            self.since += 1
        return self.rounds is not None and self.since >= self.rounds


@dataclass(slots=True)
class Clock:
    """Says when a limit is reached: wall seconds and CPU seconds of this thread from now on."""

    seconds: float | None = None
    core_seconds: float | None = None

    def start(self) -> Callable[[], bool]:
        """A function that says whether it is over."""
        wall, cores = time.monotonic(), time.thread_time()

        def over() -> bool:
            late = self.seconds is not None and time.monotonic() - wall >= self.seconds
            return late or (self.core_seconds is not None and time.thread_time() - cores >= self.core_seconds)

        return over


def refused_params(params: Mapping[str, Any], refused: Exception) -> OptionError:
    """XGBoost's refusal as one line: its own first sentence without the C++ stack below it."""
    lines = [line.strip() for line in str(refused).splitlines() if line.strip()]
    reason = next((line for line in lines if "Check failed" in line or "Invalid" in line), lines[0])
    reason = reason.rsplit("hpp:", 1)[-1].rsplit(".cc:", 1)[-1].split(": ", 1)[-1]
    return OptionError(
        f"XGBoost refuses the parameters {dict(params)}: {reason}",
        "Correct the parameter, or narrow its range in the search space.",
        params=dict(params),
    )


@lru_cache(maxsize=4)
def load_booster(booster: bytes) -> xgb.Booster:
    """A booster from its bytes, once per process; read-only use."""
    import xgboost as xgb

    loaded = xgb.Booster()
    loaded.load_model(bytearray(booster))
    return loaded


def sliced(booster: bytes, rounds: int) -> bytes:
    """The first rounds of a booster."""
    return bytes(load_booster(booster)[:rounds].save_raw("ubj"))


def predict(booster: bytes, matrix: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Native predictions, float32 of [N], or [N, C] for C classes, on this worker's own threads."""
    import numpy as np

    loaded = load_booster(booster)
    loaded.set_param({"nthread": native_threads()})
    return np.asarray(loaded.inplace_predict(np.ascontiguousarray(matrix)), dtype=np.float32)
