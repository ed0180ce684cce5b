"""Boosting inside one worker process: the quantised matrix, built once, and the trials that share it."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from engine.errors import OptionError
from engine.ml.split import TRAIN, VALID
from pools.worker import native_threads

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa
    import xgboost as xgb

# Matrices of one worker process: (data key, max_bin) -> (train, valid). Two, so that a search over two
# values of max_bin does not build them in turn; each costs about N x d bytes at max_bin <= 256.
_KEPT = 2
_matrices: OrderedDict[tuple[str, int], tuple[Any, Any]] = OrderedDict()
_building = threading.Lock()

DEFAULT_MAX_BIN = 256


@dataclass(frozen=True, slots=True)
class Block:
    """One partition as training sees it.

    Attributes:
        matrix: float32 [N, d], the output of the exported preparation graph.
        label: float32 [N], class codes or amounts.
        folds: uint8 [N], see `engine.ml.split`.
        sample: A few raw rows of the partition, for the parity gate.
    """

    matrix: npt.NDArray[np.float32]
    label: npt.NDArray[np.float32]
    folds: npt.NDArray[np.uint8]
    sample: pa.Table

    def of(self, *folds: int) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """Features and labels of the rows in these folds."""
        import numpy as np

        chosen = np.isin(self.folds, folds)
        return self.matrix[chosen], self.label[chosen]


@dataclass(frozen=True, slots=True)
class Fit:
    """What one trial trains.

    Attributes:
        params: XGBoost parameters, complete but for threads.
        max_rounds: Boosting rounds at most.
        patience: Rounds without improvement on the validation rows before it stops.
        data_key: Names the data, so that one worker process quantises it once.
    """

    params: Mapping[str, Any]
    max_rounds: int
    patience: int
    data_key: str


@dataclass(frozen=True, slots=True)
class Fitted:
    """What one trial found.

    Attributes:
        booster: Trees up to the best round, XGBoost's UBJSON.
        rounds: Trees rounds kept.
        score: The metric on the validation rows at that round.
        curve: The metric on the validation rows, round by round, the rounds after the best included.
        seconds: Wall time, the quantising of a first trial included.
    """

    booster: bytes
    rounds: int
    score: float
    curve: tuple[float, ...]
    seconds: float


def fit_trial(blocks: Sequence[Block], fit: Fit) -> Fitted:
    """Train one trial on the training rows, watched on the validation rows (on a worker).

    Raises:
        OptionError: XGBoost refuses the parameters.
    """
    import xgboost as xgb

    started = time.perf_counter()
    train, valid = _matrices_for(blocks, fit)
    curves: dict[str, dict[str, list[float]]] = {}
    try:
        booster = xgb.train(
            {**fit.params, "nthread": native_threads(), "verbosity": 0},
            train,
            fit.max_rounds,
            evals=[(valid, "valid")],
            early_stopping_rounds=fit.patience,
            evals_result=curves,
            verbose_eval=False,
        )
    except xgb.core.XGBoostError as refused:
        raise refused_params(fit.params, refused) from None
    curve = next(iter(curves["valid"].values()))
    best = booster.best_iteration
    return Fitted(
        booster=bytes(booster[: best + 1].save_raw("ubj")),
        rounds=best + 1,
        score=float(booster.best_score),
        curve=tuple(float(value) for value in curve),
        seconds=time.perf_counter() - started,
    )


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


def _matrices_for(blocks: Sequence[Block], fit: Fit) -> tuple[xgb.QuantileDMatrix, xgb.QuantileDMatrix]:
    max_bin = int(fit.params.get("max_bin", DEFAULT_MAX_BIN))
    key = (fit.data_key, max_bin)
    with _building:
        for stale in [k for k in _matrices if k[0] != fit.data_key]:
            del _matrices[stale]
        if key not in _matrices:
            _matrices[key] = _quantise(blocks, max_bin)
        _matrices.move_to_end(key)
        while len(_matrices) > _KEPT:
            _matrices.popitem(last=False)
        return _matrices[key]


def _quantise(blocks: Sequence[Block], max_bin: int) -> tuple[xgb.QuantileDMatrix, xgb.QuantileDMatrix]:
    import xgboost as xgb

    def rows_of(fold: int) -> xgb.DataIter:
        return _block_iterator([block.of(fold) for block in blocks])

    threads = native_threads()
    train = xgb.QuantileDMatrix(rows_of(TRAIN), max_bin=max_bin, nthread=threads)
    valid = xgb.QuantileDMatrix(rows_of(VALID), max_bin=max_bin, nthread=threads, ref=train)
    return train, valid


def _block_iterator(
    parts: Sequence[tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]],
) -> xgb.DataIter:
    """Feed the parts one by one: no concatenated copy of the raw matrix is made."""
    import xgboost as xgb

    class Parts(xgb.DataIter):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self._left: Iterator[Any] = iter(())

        def next(self, input_data: Any) -> bool:
            for matrix, label in self._left:
                if len(label):
                    input_data(data=matrix, label=label)
                    return True
            return False

        def reset(self) -> None:
            self._left = iter(parts)

    iterator = Parts()
    iterator.reset()
    return iterator


@lru_cache(maxsize=4)
def load_booster(booster: bytes) -> xgb.Booster:
    """A booster from its bytes, once per process; read-only use."""
    import xgboost as xgb

    loaded = xgb.Booster()
    loaded.load_model(bytearray(booster))
    return loaded


def predict(booster: bytes, matrix: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Native predictions, float32 of [N], or [N, C] for C classes, on this worker's own threads."""
    import numpy as np

    loaded = load_booster(booster)
    loaded.set_param({"nthread": native_threads()})
    return np.asarray(loaded.inplace_predict(matrix), dtype=np.float32)
