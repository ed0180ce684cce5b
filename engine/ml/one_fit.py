"""One fit over all workers with `xgboost.dask`: the final model, and data that one worker cannot hold."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.errors import TaskLostError
from engine.ml.boost import DEFAULT_MAX_BIN, Block, refused_params

if TYPE_CHECKING:
    import dask.array as da

    from engine.ml.training_set import TrainingSet
    from pools import Pool

# A worker that vanishes without a word (host gone) is noticed by the others after this long; a killed
# process is noticed at once, its socket closes. XGBoost's own default is no deadline at all.
_COLLECTIVE_SECONDS = 300
_ATTEMPTS = 4
# How long after a failed fit the scheduler may take to notice that a worker is gone.
_NOTICE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class OneFit:
    """What to train.

    Attributes:
        params: XGBoost parameters, complete but for threads.
        rounds: Boosting rounds, all of which are kept.
        folds: The folds whose rows train.
    """

    params: Mapping[str, Any]
    rounds: int
    folds: tuple[int, ...]


def fit_on_all_workers(pool: Pool, data: TrainingSet, fit: OneFit) -> bytes:
    """Train one booster over all workers; start again where a worker died.

    XGBoost's collective cannot replace a member: its death ends the fit for all. The blocks come back
    by their recipes, and the whole fit runs again, at most three times.

    Returns:
        The booster in XGBoost's UBJSON.

    Raises:
        OptionError: XGBoost refuses the parameters.
        TaskLostError: Workers died in every attempt.
    """
    import xgboost as xgb

    _try_parameters(fit.params, data)
    with pool.hold():
        for _ in range(_ATTEMPTS):
            members = _members(pool)
            try:
                return _fit_once(pool, data, fit)
            except Exception as failure:
                if not _changed(pool, members):
                    if isinstance(failure, xgb.core.XGBoostError):
                        raise refused_params(fit.params, failure) from None
                    raise
    raise TaskLostError(
        f"Workers of pool '{pool.spec.name}' died in each of {_ATTEMPTS} attempts at one fit.",
        "Look for workers out of memory: more nodes or a larger memory= per worker.",
        label="train",
    )


def _try_parameters(params: Mapping[str, Any], data: TrainingSet) -> None:
    """Let XGBoost refuse parameters here, on a handful of rows, before any worker is asked."""
    import xgboost as xgb

    classes = data.label.classes
    rows = 2 * len(classes or "12")
    label = np.arange(rows) % len(classes) if classes else np.arange(1.0, rows + 1)
    width = len(data.features.preparation.feature_names)
    few = xgb.DMatrix(np.zeros((rows, width), np.float32), label=label, nthread=1)
    try:
        xgb.train({**params, "nthread": 1, "verbosity": 0}, few, 1)
    except xgb.core.XGBoostError as refused:
        raise refused_params(params, refused) from None


def _fit_once(pool: Pool, data: TrainingSet, fit: OneFit) -> bytes:
    matrix, label = _arrays(pool, data, fit.folds)
    # xgboost.dask looks for a current client even where it is given one
    with pool.client.as_current():
        return _train(pool, matrix, label, fit)


def _train(pool: Pool, matrix: da.Array, label: da.Array, fit: OneFit) -> bytes:
    import xgboost as xgb
    from xgboost import dask as xgb_dask
    from xgboost.collective import Config

    quantised = xgb_dask.DaskQuantileDMatrix(
        pool.client, matrix, label, max_bin=fit.params.get("max_bin", DEFAULT_MAX_BIN)
    )
    answer = xgb_dask.train(
        pool.client,
        {**fit.params, "verbosity": 0},
        quantised,
        num_boost_round=fit.rounds,
        coll_cfg=Config(
            retry=1,
            timeout=_COLLECTIVE_SECONDS,
            tracker_host_ip=pool.spec.host,
            tracker_timeout=_COLLECTIVE_SECONDS,
        ),
    )
    booster: xgb.Booster = answer["booster"]
    return bytes(booster.save_raw("ubj"))


def _arrays(pool: Pool, data: TrainingSet, folds: tuple[int, ...]) -> tuple[da.Array, da.Array]:
    """Dask arrays over the blocks' rows.

    XGBoost trains only where rows lie. Where there are fewer blocks than workers each is cut, and the cuts
    are sent round; else the blocks stay where they were made.
    """
    import dask
    import dask.array as da

    addresses = sorted(_members(pool))
    cuts = -(-len(addresses) // len(data.blocks))
    width = len(data.features.preparation.feature_names)
    matrices: list[da.Array] = []
    labels: list[da.Array] = []
    for block, counts in zip(data.blocks, data.rows, strict=True):
        rows = int(counts[list(folds)].sum())
        for cut in range(cuts):
            size = len(range(cut, rows, cuts))
            if size:
                place = _place(addresses, len(matrices)) if cuts > 1 else {}
                part = dask.delayed(
                    pool.client.submit(_rows_of, block, folds, cut, cuts, pure=False, **place)
                )
                matrices.append(da.from_delayed(part[0], (size, width), np.float32))
                labels.append(da.from_delayed(part[1], (size,), np.float32))
    return da.concatenate(matrices), da.concatenate(labels)


def _place(addresses: list[str], turn: int) -> dict[str, Any]:
    return {"workers": [addresses[turn % len(addresses)]], "allow_other_workers": True}


def _rows_of(block: Block, folds: tuple[int, ...], cut: int, cuts: int) -> tuple[Any, Any]:
    matrix, label = block.of(*folds)
    return matrix[cut::cuts], label[cut::cuts]


def _members(pool: Pool) -> frozenset[str]:
    return frozenset(pool.client.nthreads())


def _changed(pool: Pool, members: frozenset[str]) -> bool:
    """Whether a worker has gone since, given the scheduler a moment to notice it."""
    deadline = time.monotonic() + _NOTICE_SECONDS
    wait = threading.Event()
    while _members(pool) >= members:
        if time.monotonic() > deadline:
            return False
        wait.wait(0.1)
    return True
