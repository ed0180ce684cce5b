"""One fit over all workers with `xgboost.dask`, for data that one worker cannot hold."""

from __future__ import annotations

import threading
import time
import uuid
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import xgboost as xgb

from engine.errors import PoolStateError, TaskLostError, UnsupportedError, WorkCancelledError
from engine.ml.boost import refused_params
from engine.ml.matrix import DEFAULT_MAX_BIN
from engine.ml.one_worker import best_rounds
from engine.ml.quiet import greet_nobody
from engine.ml.split import TEST, TRAIN, VALID

if TYPE_CHECKING:
    import dask.array as da

    from engine.ml.block import Blocks
    from engine.ml.one_fit import OneFit
    from engine.ml.training_set import TrainingSet
    from pools import Pool

_T = TypeVar("_T")

# A worker that vanishes without a word (host gone) is noticed by the others after this long; a killed
# process is noticed at once, its socket closes. XGBoost's own default is no deadline at all.
_COLLECTIVE_SECONDS = 300
_ATTEMPTS = 4
# How long after a failed fit the scheduler may take to notice that a worker is gone.
_NOTICE_SECONDS = 5.0
# How long an attempt waits for all workers to be there: one that died is back within a second or two.
_RETURN_SECONDS = 30.0
# How often the booster travels to the client, to be gone on from when a worker dies.
_CHECKPOINT_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A booster on its way, with the metric after each round that it has of this fit."""

    booster: bytes = b""
    curve: tuple[float, ...] = ()


@dataclass(slots=True)
class Checkpoints:
    """What the workers send, of which the last counts; it comes on the client's own thread."""

    last: Checkpoint = Checkpoint()

    def take(self, event: tuple[float, dict[str, Any]]) -> None:
        """What a worker has sent."""
        _, told = event
        self.last = Checkpoint(told["booster"], tuple(told["curve"]))


class SendBooster(xgb.callback.TrainingCallback):  # type: ignore[misc]
    """Sends the booster to the client now and then, from the first of the workers.

    Args:
        topic: Where the client listens.
        seconds: How often.
        curve: Of the rounds that the attempt begins with, which XGBoost's own log leaves out.
    """

    def __init__(self, topic: str, seconds: float, curve: tuple[float, ...]) -> None:
        super().__init__()
        self._topic, self._seconds, self._curve = topic, seconds, curve
        self._last = time.monotonic()

    def after_iteration(self, model: xgb.Booster, _: int, evals_log: dict[str, Any]) -> bool:
        """Never ends the fit."""
        from distributed import get_worker

        if xgb.collective.get_rank() == 0 and time.monotonic() - self._last >= self._seconds:
            curves = [curve for logged in evals_log.values() for curve in logged.values()]
            curve = [*self._curve, *curves[0]] if curves else []
            told = {"booster": bytes(model.save_raw("ubj")), "curve": curve}
            get_worker().log_event(self._topic, told)
            self._last = time.monotonic()
        return False


def fit_on_all_workers(
    pool: Pool, data: TrainingSet, fit: OneFit, *, every: float = _CHECKPOINT_SECONDS
) -> tuple[bytes, tuple[float, ...]]:
    """Train one booster over all workers; where one dies, go on from the last booster that was sent.

    XGBoost's collective cannot replace a member: its death ends the fit for all. The rows are made again from
    the source, and the fit goes on, at most three times. The tracker of a fit that lost a worker waits for
    it as a daemon thread of the scheduler's process until that ends: XGBoost 3.2 has no timeout for it, and
    xgboost.dask no handle.

    Returns:
        The booster in XGBoost's UBJSON, and the metric on the validation rows where some are held out.

    Raises:
        OptionError: XGBoost refuses the parameters.
        UnsupportedError: Ranking, or a metric of the user's own, over several workers.
        TaskLostError: Workers died in every attempt.
        WorkCancelledError: The pool was paused or closed meanwhile.
    """
    _check(data, fit)
    sent, topic = Checkpoints(), f"booster-{uuid.uuid4().hex}"
    pool.client.subscribe_topic(topic, sent.take)
    try:
        with pool.hold():
            for _ in range(_ATTEMPTS):
                members = _all_there(pool)
                last = sent.last
                try:
                    return _fit(pool, data, fit, last, SendBooster(topic, every, last.curve))
                except Exception as failure:
                    if pool.state != "running":
                        raise _cancelled(pool) from failure
                    if not (_changed(pool, members) or _lost_each_other(failure)):
                        if isinstance(failure, xgb.core.XGBoostError):
                            raise refused_params(fit.params, failure) from None
                        raise
    finally:
        with suppress(PoolStateError):  # it has lost its workers, and nobody sends any more
            pool.client.unsubscribe_topic(topic)
    raise TaskLostError(
        f"Workers of pool '{pool.spec.name}' died in each of {_ATTEMPTS} attempts at one fit.",
        "Look for workers out of memory: more nodes or a larger memory= per worker.",
        label="train",
    )


def _cancelled(pool: Pool) -> WorkCancelledError:
    message = f"Work 'train' was cancelled. Pool {pool.name!r} is {pool.state}."
    return WorkCancelledError(message, pool=pool.name, label="train")


def _check(data: TrainingSet, fit: OneFit) -> None:
    """Refuse what several workers cannot do right."""
    if data.label.kind == "ranking":
        raise UnsupportedError(
            "Ranking over several workers would tear groups apart.",
            "Give workers more memory, or workers='one'.",
        )
    if data.label.custom is not None and fit.patience is not None:
        raise UnsupportedError(
            f"XGBoost would average metric '{data.label.metric}' over workers without regard to their rows.",
            "Use a metric of XGBoost's, or workers='one'.",
        )


def _fit(
    pool: Pool, data: TrainingSet, fit: OneFit, last: Checkpoint, send: SendBooster
) -> tuple[bytes, tuple[float, ...]]:
    """One attempt, from the last checkpoint on."""
    model, curve = last.booster or fit.model, last.curve
    done = fit.start + len(curve) if fit.patience is not None else _rounds(model)
    # A fit that goes on counts its rounds from 0 again, and would draw the same rows and columns again.
    params = {**fit.params, "seed": int(fit.params.get("seed", 0)) + done} if done else dict(fit.params)
    pool.client.run(greet_nobody)
    # xgboost.dask looks for a current client even where it is given one
    with pool.client.as_current():
        booster, more = _train(pool, data, replace(fit, params=params, model=model, start=done), send)
    if fit.patience is None:
        return booster, ()
    whole = (*curve, *more)
    return best_rounds(booster, whole, fit.start, maximise=data.label.maximise), whole


def _rounds(model: bytes | None) -> int:
    from engine.ml.boost import load_booster

    return load_booster(model).num_boosted_rounds() if model else 0


def _train(pool: Pool, data: TrainingSet, fit: OneFit, send: SendBooster) -> tuple[bytes, tuple[float, ...]]:
    held_out = fit.patience is not None
    with ExitStack() as held:
        train = _matrix(pool, data, fit, (TRAIN,) if held_out else _but_test(data))
        held.callback(_let_go, train)
        valid = _matrix(pool, data, fit, (VALID,), train) if held_out else None
        if valid is not None:
            held.callback(_let_go, valid)
        return _trained(pool, fit, train, valid, send)


def _trained(
    pool: Pool, fit: OneFit, train: Any, valid: Any, send: SendBooster
) -> tuple[bytes, tuple[float, ...]]:
    from xgboost import dask as xgb_dask
    from xgboost.collective import Config

    answer = xgb_dask.train(
        pool.client,
        {**fit.params, "verbosity": 0},
        train,
        num_boost_round=fit.rounds - fit.start,
        verbose_eval=False,
        evals=[(valid, "valid")] if valid is not None else (),
        early_stopping_rounds=fit.patience,
        xgb_model=None if fit.model is None else _loaded(fit.model),
        callbacks=[send],
        coll_cfg=Config(
            retry=1,
            timeout=_COLLECTIVE_SECONDS,
            tracker_host_ip=pool.spec.host,
            tracker_timeout=_COLLECTIVE_SECONDS,
        ),
    )
    curves = [curve for logged in answer["history"].values() for curve in logged.values()]
    return bytes(answer["booster"].save_raw("ubj")), tuple(curves[0]) if curves else ()


def _let_go(matrix: Any) -> None:
    """Free the rows on the workers, which a cycle in xgboost.dask's matrix pins until it is collected."""
    for futures in matrix.worker_map.values():
        for future in futures:
            future.release()
    matrix.worker_map.clear()


def _loaded(model: bytes) -> xgb.Booster:
    booster = xgb.Booster()
    booster.load_model(bytearray(model))
    return booster


def _but_test(data: TrainingSet) -> tuple[int, ...]:
    return tuple(fold for fold in range(data.rows.shape[1]) if fold != TEST)


def _matrix(pool: Pool, data: TrainingSet, fit: OneFit, folds: tuple[int, ...], ref: Any = None) -> Any:
    from xgboost import dask as xgb_dask

    from engine.ml.matrix import types_of

    matrix, label, weight = _arrays(pool, data, folds)
    return xgb_dask.DaskQuantileDMatrix(
        pool.client,
        matrix,
        label,
        weight=weight,
        max_bin=int(fit.params.get("max_bin", DEFAULT_MAX_BIN)),
        feature_types=types_of(data.blocks),
        enable_categorical=True,
        ref=ref,
    )


def _arrays(
    pool: Pool, data: TrainingSet, folds: tuple[int, ...]
) -> tuple[da.Array, da.Array, da.Array | None]:
    """Dask arrays over the rows of some folds.

    XGBoost trains only where rows lie. Where there are fewer partitions than workers each is cut.
    """
    import dask
    import dask.array as da

    addresses = sorted(_members(pool))
    counts = data.rows[:, list(folds)].sum(axis=1)
    filled = [(index, int(rows)) for index, rows in enumerate(counts) if rows]
    cuts = -(-len(addresses) // max(1, len(filled)))
    shapes: list[tuple[int, ...]] = [(data.blocks.width,), (), ()]
    columns: list[list[da.Array]] = [[], [], []]
    turn, blocks = 0, pool.client.submit(_itself, data.blocks, pure=False)
    for index, rows in filled:
        for cut in range(cuts):
            size = len(range(cut, rows, cuts))
            if size:
                place = {"workers": [addresses[turn % len(addresses)]], "allow_other_workers": True}
                made = pool.client.submit(_rows_of, blocks, index, folds, cut, cuts, pure=False, **place)
                part, turn = dask.delayed(made), turn + 1
                for number, column in enumerate(columns):
                    column.append(da.from_delayed(part[number], (size, *shapes[number]), np.float32))
    matrix, label, weight = (da.concatenate(column) for column in columns)
    return matrix, label, weight if data.blocks.recipe.weight else None


def _itself(value: _T) -> _T:
    return value


def _rows_of(blocks: Blocks, index: int, folds: tuple[int, ...], cut: int, cuts: int) -> tuple[Any, Any, Any]:
    rows = blocks.block(index).of(*folds)
    weight = np.ones(len(rows.label), np.float32) if rows.weight is None else rows.weight
    return rows.matrix[cut::cuts], rows.label[cut::cuts], weight[cut::cuts]


def _members(pool: Pool) -> frozenset[str]:
    return frozenset(pool.client.nthreads())


def _all_there(pool: Pool) -> frozenset[str]:
    """The workers, once all are there; those that are, where some have not come in time.

    Raises:
        TaskLostError: None has.
    """
    deadline = time.monotonic() + _RETURN_SECONDS
    wait = threading.Event()
    wanted = pool.width if pool.spec.address is None else 1
    # A serverless pool has workers only while there is something to do.
    calls = pool.client.map(_itself, range(wanted * pool.spec.threads), pure=False)
    while len(members := _members(pool)) < wanted and time.monotonic() < deadline:
        wait.wait(0.1)
    pool.client.cancel(calls)
    if not members:
        raise TaskLostError(
            f"Pool '{pool.spec.name}' has had no worker for {_RETURN_SECONDS:.0f} s.",
            "Look at the pool's log for why none comes up.",
            label="train",
        )
    return members


def _lost_each_other(failure: Exception) -> bool:
    """Whether a collective broke off, which says nothing of the parameters."""
    return isinstance(failure, xgb.core.XGBoostError) and "src/collective" in str(failure)


def _changed(pool: Pool, members: frozenset[str]) -> bool:
    """Whether a worker has gone since, given the scheduler a moment to notice it."""
    deadline = time.monotonic() + _NOTICE_SECONDS
    wait = threading.Event()
    while _members(pool) >= members:
        if time.monotonic() > deadline:
            return False
        wait.wait(0.1)
    return True
