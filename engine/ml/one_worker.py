"""One fit in one worker process, on all cores of its machine that the pool has, in stretches of rounds."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from engine.ml.block import ALL_ROWS
from engine.ml.boost import Patience, Stretch, boost_round, judge, open_booster, sliced
from engine.ml.matrix import DEFAULT_MAX_BIN, matrices_for
from pools.worker import native_threads

if TYPE_CHECKING:
    from engine.ml.block import Blocks
    from engine.ml.metric import CustomMetric
    from engine.ml.one_fit import OneFit
    from engine.ml.training_set import TrainingSet
    from pools import Pool

# A stretch ends after so many seconds; its booster is on the client then, and is all that a death costs less.
_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Grow:
    """Trains on, on a worker, until it is done or the stretch is over.

    Attributes:
        blocks: The rows.
        fit: What to train.
        threads: Of XGBoost.
        maximise: Whether more of the metric is better.
        metric: A metric of the user's own.
        seconds: After which the stretch is over.
    """

    blocks: Blocks
    fit: OneFit
    threads: int
    maximise: bool
    metric: CustomMetric | None = None
    seconds: float = _SECONDS

    def __call__(
        self, curve: tuple[float, ...], pieces: list[bytes]
    ) -> tuple[bytes, tuple[float, ...], bool]:
        """Booster, curve, and whether it is done."""
        fit, began = self.fit, time.monotonic()
        turn = ALL_ROWS if fit.patience is None else 0
        rows, _ = matrices_for(self.blocks, int(fit.params.get("max_bin", DEFAULT_MAX_BIN)), turn)
        model = b"".join(pieces) or fit.model
        stretch = Stretch(fit.params, 0, fit.rounds, self.threads, self.metric)
        cached = (rows.train,) if fit.patience is None else (rows.train, rows.valid)
        booster = open_booster(stretch, cached, model)
        patience = Patience(fit.patience, self.maximise)
        over = any(patience.ends(value) for value in curve)
        scores = list(curve)
        for index in range(booster.num_boosted_rounds(), fit.rounds):
            if over or time.monotonic() - began > self.seconds:
                break
            boost_round(booster, stretch, rows.train, index)
            if fit.patience is not None:
                scores.append(judge(booster, stretch, rows.valid, rows.valid_label, index))
                over = patience.ends(scores[-1])
        done = over or booster.num_boosted_rounds() >= fit.rounds
        return bytes(booster.save_raw("ubj")), tuple(scores), done


def fit_on_one_worker(pool: Pool, data: TrainingSet, fit: OneFit) -> tuple[bytes, tuple[float, ...]]:
    """Train in stretches; where the worker dies, another goes on from the end of the last one.

    Raises:
        OptionError: XGBoost refuses the parameters.
        TaskLostError: Workers died too often under one stretch.
    """
    grow = Grow(data.blocks, fit, _threads(pool), data.label.maximise, data.label.custom)
    booster, curve, done = b"", (), False
    with pool.hold():
        while not done:
            pieces = [booster[at : at + (1 << 22)] for at in range(0, len(booster), 1 << 22)]
            sent = [pool.submit(bytes, piece, label="send-model") for piece in pieces]
            [(booster, curve, done)] = pool.gather([pool.submit(grow, curve, sent, label="fit")])
    if fit.patience is None:
        return booster, ()
    return best_rounds(booster, curve, fit.start, maximise=data.label.maximise), curve


def best_rounds(booster: bytes, curve: tuple[float, ...], start: int, *, maximise: bool) -> bytes:
    """The booster up to the best round of its curve."""
    values = np.array(curve if maximise else [-value for value in curve])
    if not len(values) or np.isnan(values).all():
        return booster
    return sliced(booster, start + int(np.nanargmax(values)) + 1)


def _threads(pool: Pool) -> int:
    """Cores of the pool on the machine that has fewest of them."""
    cores = pool.map(_cores, range(1), label="count-cores")[0]
    hosts: dict[str, int] = {}
    for address, threads in pool.client.nthreads().items():
        host = address.rsplit("/", 1)[-1].rsplit(":", 1)[0]
        hosts[host] = hosts.get(host, 0) + threads * cores
    return max(1, min(hosts.values(), default=1))


def _cores(_: int) -> int:
    return native_threads()
