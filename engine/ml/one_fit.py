"""One fit: on one worker where its matrix fits, over all workers with `xgboost.dask` where it does not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from engine.errors import OptionError
from engine.ml.dry_run import try_params
from engine.ml.every_worker import fit_on_all_workers
from engine.ml.one_worker import fit_on_one_worker
from engine.ml.sizes import USABLE, fit_bytes, worker_memory

if TYPE_CHECKING:
    from engine.ml.training_set import TrainingSet
    from pools import Pool


@dataclass(frozen=True, slots=True)
class OneFit:
    """What to train.

    Attributes:
        params: XGBoost parameters, complete but for threads.
        rounds: Boosting rounds, those of `model` among them.
        patience: Rounds without improvement on the validation rows after which it stops, keeping the best;
            None trains on every row that does not test, to the last round.
        model: A booster to go on from; None for a new one.
        start: Rounds that it has.
    """

    params: Mapping[str, Any]
    rounds: int
    patience: int | None = None
    model: bytes | None = None
    start: int = 0


@dataclass(frozen=True, slots=True)
class Grown:
    """What came of it.

    Attributes:
        booster: XGBoost's UBJSON; every round in it counts.
        rounds: How many.
        curve: The metric on the validation rows after each new round; empty where none were held out.
        where: On which workers, and why.
    """

    booster: bytes
    rounds: int
    curve: tuple[float, ...]
    where: str


def fit_once(pool: Pool, data: TrainingSet, fit: OneFit, *, workers: str | None = None) -> Grown:
    """Train one booster.

    Args:
        pool: Where.
        data: On what.
        fit: What.
        workers: `one` or `all`; None chooses by size.

    Raises:
        OptionError: XGBoost refuses the parameters, or `workers` is neither.
        TaskLostError: Workers died in every attempt.
    """
    if workers not in (None, "one", "all"):
        raise OptionError(f"workers={workers!r} makes no sense.", "Use 'one', 'all', or None for by size.")
    try_params(fit.params, data)
    needed, memory = fit_bytes(data, fit.params), worker_memory(pool)
    fits = needed <= USABLE * memory
    why = f"a matrix of {needed / 2**20:,.0f} MiB, {memory / 2**20:,.0f} MiB of memory per worker"
    if workers == "one" or (workers is None and fits):
        booster, curve = fit_on_one_worker(pool, data, fit)
        where = f"on one worker: {why}"
    else:
        booster, curve = fit_on_all_workers(pool, data, fit)
        where = f"on all workers: {why}"
    from engine.ml.boost import load_booster

    return Grown(booster, load_booster(booster).num_boosted_rounds(), curve, where)
