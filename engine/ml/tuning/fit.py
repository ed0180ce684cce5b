"""One fit of a trial inside a worker process: from the rung it stands on to the next."""

from __future__ import annotations

import struct
import threading
import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING, Any

from engine.ml.boost import Clock, Patience, Stretch, boost_round, judge, open_booster, renew_updater
from engine.ml.matrix import DEFAULT_MAX_BIN, Matrices, matrices_for

if TYPE_CHECKING:
    import xgboost as xgb

    from engine.ml.block import Blocks
    from engine.ml.metric import CustomMetric

# Boosters that a process keeps open after a rung, with XGBoost's predictions of every row: one that is
# promoted here goes on without predicting them again. All of them together may take so many bytes.
_MOST_OPEN = 4
_OPEN_BYTES = 32 * 2**20
# What an open booster at rest takes per row (measured): predictions, gradients, places in trees.
_BYTES_PER_ROW = 28
_open: OrderedDict[tuple[str, int], _Open] = OrderedDict()
_opening = threading.Lock()


@dataclass(frozen=True, slots=True)
class Job:
    """A trial's way to its next rung.

    Attributes:
        study: Identifies the study.
        number: Of the trial.
        params: XGBoost parameters, complete but for threads.
        start: Rounds that it has.
        stop: Rounds that it shall have.
        best: The best of the metric so far; NaN before the first round.
        since: Rounds since then.
        seconds: Wall seconds after which it shall stop; None for no limit.
        core_seconds: The same in CPU seconds.
    """

    study: str
    number: int
    params: Mapping[str, Any]
    start: int
    stop: int
    best: float
    since: int
    seconds: float | None = None
    core_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Fitted:
    """What came of a job.

    Attributes:
        models: The boosters with all rounds, see `packed`.
        curve: The metric on the validation rows after each new round, the mean of a split's turns.
        converged: It stopped because it got no better.
        cut: It stopped because a limit was reached.
        core_seconds: CPU time of the rounds.
        setup: CPU time of building matrices, where this job was the first to need them.
    """

    models: bytes
    curve: tuple[float, ...]
    converged: bool
    cut: bool
    core_seconds: float
    setup: float


@dataclass(frozen=True, slots=True)
class FitTrial:
    """Does jobs on one training set.

    Attributes:
        blocks: Its rows.
        maximise: Whether more of the metric is better.
        patience: Rounds without improvement before a trial has converged.
        metric: A metric of the user's own.
    """

    blocks: Blocks
    maximise: bool
    patience: int | None
    metric: CustomMetric | None = None

    def __call__(self, job: Job, pieces: Sequence[bytes] = ()) -> Fitted:
        """Train on; the same job gives the same bits in any process.

        Args:
            job: What to train.
            pieces: Its boosters so far as `packed` gives them, cut anywhere; none before the first round.

        Raises:
            OptionError: XGBoost refuses the parameters.
        """
        wall = time.monotonic()
        made = [self._matrices(job, turn) for turn in range(self.blocks.split.rounds)]
        matrices, setup = [found for found, _ in made], sum(spent for _, spent in made)
        cores = time.thread_time()
        seconds = None if job.seconds is None else job.seconds - (time.monotonic() - wall)
        left = None if job.core_seconds is None else job.core_seconds - setup
        over = Clock(seconds, left).start()
        stretch = Stretch(job.params, job.start, job.stop, metric=self.metric)
        boosters = _opened(job, stretch, matrices, pieces)
        patience = Patience(self.patience, self.maximise, job.best, job.since)
        curve: list[float] = []
        converged = cut = False
        while job.start + len(curve) < job.stop and not (converged or cut):
            curve.append(_round(boosters, stretch, matrices, job.start + len(curve)))
            converged = patience.ends(curve[-1])
            cut = over() and not converged and job.start + len(curve) < job.stop
        models = packed([bytes(booster.save_raw("ubj")) for booster in boosters])
        if not converged:
            _keep_open(job, stretch, boosters, matrices, job.start + len(curve))
        spent = time.thread_time() - cores
        return Fitted(models, tuple(curve), converged, cut, spent, setup)

    def _matrices(self, job: Job, turn: int) -> tuple[Matrices, float]:
        return matrices_for(self.blocks, int(job.params.get("max_bin", DEFAULT_MAX_BIN)), turn)


def _round(
    boosters: Sequence[xgb.Booster], stretch: Stretch, matrices: Sequence[Matrices], index: int
) -> float:
    scores = []
    for booster, rows in zip(boosters, matrices, strict=True):
        boost_round(booster, stretch, rows.train, index)
        scores.append(judge(booster, stretch, rows.valid, rows.valid_label, index))
    return fmean(scores)


@dataclass(frozen=True, slots=True)
class _Open:
    rounds: int
    boosters: tuple[xgb.Booster, ...]
    matrices: tuple[Matrices, ...]

    @property
    def bytes(self) -> int:
        """What it takes at rest, about."""
        rows = sum(int(rows.train.num_row()) + len(rows.valid_label) for rows in self.matrices)
        return rows * _BYTES_PER_ROW


def _opened(
    job: Job, stretch: Stretch, matrices: Sequence[Matrices], pieces: Sequence[bytes]
) -> tuple[xgb.Booster, ...]:
    with _opening:
        kept = _open.pop((job.study, job.number), None)
    if (
        kept is not None
        and kept.rounds == job.start
        and all(mine is theirs for mine, theirs in zip(kept.matrices, matrices, strict=True))
    ):
        return kept.boosters
    models: Sequence[bytes | None] = unpacked(b"".join(pieces)) if job.start else [None] * len(matrices)
    return tuple(
        open_booster(stretch, (rows.train, rows.valid), model)
        for rows, model in zip(matrices, models, strict=True)
    )


def _keep_open(
    job: Job, stretch: Stretch, boosters: tuple[xgb.Booster, ...], matrices: Sequence[Matrices], rounds: int
) -> None:
    fresh = _Open(rounds, boosters, tuple(matrices))
    if fresh.bytes > _OPEN_BYTES:
        return
    for booster in boosters:
        renew_updater(booster, stretch)
    with _opening:
        _open[job.study, job.number] = fresh
        while len(_open) > _MOST_OPEN or sum(kept.bytes for kept in _open.values()) > _OPEN_BYTES:
            _open.popitem(last=False)


def close_boosters() -> None:
    """Let go of the boosters that this process keeps open."""
    with _opening:
        _open.clear()


def packed(models: Sequence[bytes]) -> bytes:
    """Models one behind the other, their lengths before them."""
    return struct.pack(f"<I{len(models)}Q", len(models), *map(len, models)) + b"".join(models)


def unpacked(data: bytes) -> list[bytes]:
    """The inverse of `packed`."""
    (count,) = struct.unpack_from("<I", data)
    lengths = struct.unpack_from(f"<{count}Q", data, 4)
    starts = [4 + 8 * count + sum(lengths[:index]) for index in range(count)]
    return [data[start : start + length] for start, length in zip(starts, lengths, strict=True)]
