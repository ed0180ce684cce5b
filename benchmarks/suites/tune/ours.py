"""Our side: a pool's `tune` and `train` over a dataset of the lake."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import psutil
import pyarrow as pa
import pyarrow.parquet as pq
from optuna.distributions import BaseDistribution, FloatDistribution, IntDistribution

from benchmarks.suites.tune.rows import SPACE, draw, folds
from engine import Workspace
from engine.ml.split import Split
from engine.ml.tuning.archive import Archive

if TYPE_CHECKING:
    from benchmarks.case import Answer, Once, Parameters
    from engine.ml.block import Blocks
    from engine.ml.study import Study
    from engine.ml.training_set import TrainingSet
    from engine.pool import WorkspacePool

_PARTS = 8
_DEEPEST = int(SPACE["max_depth"][1])


@contextmanager
def search(parameters: Parameters) -> Iterator[Once]:
    seeds = itertools.count()
    with _rows(parameters) as (pool, data):

        @contextmanager
        def once() -> Iterator[Answer]:
            seed = next(seeds)
            # what another repetition has built must be paid for again
            pool.client.run(_forget)
            study = pool.tune(
                data,
                space=_space(),
                trials=parameters["trials"],
                max_rounds=parameters["rounds"],
                seed=seed,
            )
            yield {
                "auc": study.best_trial.score,
                "trials": len(study.trials),
                "core_seconds": study.core_seconds,
                "steps": _steps(pool, study.name),
                "seed": seed,
            }

        yield once


@contextmanager
def one_fit(parameters: Parameters) -> Iterator[Once]:
    with _rows(parameters) as (pool, data):

        @contextmanager
        def once() -> Iterator[Answer]:
            model = pool.train(
                data, params={"max_depth": 6, "eta": 0.1}, rounds=parameters["rounds"], workers="all"
            )
            yield {"auc": model.evaluation.metrics["auc"]}

        yield once


@contextmanager
def memory(parameters: Parameters) -> Iterator[Once]:
    """One worker, measured from within: while it builds the matrix, over its trials, and after them."""
    with _rows(parameters) as (pool, data):

        @contextmanager
        def once() -> Iterator[Answer]:
            asked: dict[str, Any] = {
                "space": _space(), "max_rounds": parameters["rounds"], "sampler": "random",
                "schedule": "full",
            }  # fmt: skip
            # what libraries take when they are first used is not the matrix's
            pool.tune(_few(pool, data), trials=2, **asked)
            pool.client.run(_forget)
            before = _resident(pool)
            built = _peak_of(pool, lambda: pool.client.run(_build, data.blocks)) - before
            _peak_of(pool, lambda: pool.tune(data, trials=10, **asked))
            warm = _resident(pool)
            studies: list[Study] = []
            most = _peak_of(
                pool, lambda: studies.append(pool.tune(data, trials=parameters["trials"], **asked))
            )
            values = parameters["rows"] * parameters["features"]
            yield {
                "trials": len(studies[0].trials),
                "grown": _resident(pool) - warm,
                "built": built,
                "most": most - before,
                # what XGBoost itself holds: bins by rows and by columns, one byte each, and the margins
                "quantised": 2 * values + 16 * parameters["rows"],
                "partition": 4 * values // _PARTS,
                # and while it grows a tree: 64 bytes a row, and a histogram of 16 bytes a bin for each node
                "growing": 64 * parameters["rows"] + 16 * 256 * parameters["features"] * 2**_DEEPEST,
            }

        yield once


@contextmanager
def _rows(parameters: Parameters) -> Iterator[tuple[WorkspacePool, TrainingSet]]:
    with tempfile.TemporaryDirectory() as home:
        _write(Path(home), parameters)
        ws = Workspace(home)
        with ws.dedicated("tune", nodes=parameters["nodes"], progress=False) as pool:
            split = Split(column="fold")
            features = [f"x{index}" for index in range(parameters["features"])]
            yield (
                pool,
                pool.training_set(
                    ws.dataset("raw/rows"), target="y", split=split, features=_as_they_are(features)
                ),
            )


def _few(pool: WorkspacePool, data: TrainingSet) -> TrainingSet:
    """A training set of the same columns and a few rows."""
    rows = pool.workspace.dataset("raw/few")
    return pool.training_set(rows, target="y", split=data.split, features=data.features)


def _as_they_are(names: list[str]) -> Any:
    from sklearn.compose import make_column_transformer

    return make_column_transformer(("passthrough", names), verbose_feature_names_out=False)


def _write(home: Path, parameters: Parameters) -> None:
    matrix, label = draw(parameters["kind"], parameters["rows"], parameters["features"])
    table = pa.table(
        {**{f"x{i}": column for i, column in enumerate(matrix.T)}, "y": label.astype(np.int8)}
    ).append_column("fold", pa.array(folds(len(label))))
    folder = home / "raw" / "rows"
    folder.mkdir(parents=True)
    few = home / "raw" / "few"
    few.mkdir()
    pq.write_table(table.take(np.arange(0, len(label), max(1, len(label) // 1000))), few / "0.parquet")
    size = -(-len(label) // _PARTS)
    for part in range(_PARTS):
        pq.write_table(table.slice(part * size, size), folder / f"{part}.parquet")


def _space() -> dict[str, BaseDistribution]:
    return {
        name: IntDistribution(int(low), int(high))
        if scale == "whole"
        else FloatDistribution(low, high, log=scale == "log")
        for name, (low, high, scale) in SPACE.items()
    }


def _steps(pool: WorkspacePool, study: str) -> list[tuple[float, float]]:
    """Core-seconds of all workers so far, and the best AUC, at every round that was better than all before.

    Fits of other trials that ran at the time count as far as they had come.
    """
    _, entries = Archive(Path(pool.workspace.home) / "studies").read(study)
    fits = [_Fit.read(entry) for entry in entries if entry["kind"] == "reported"]
    rounds = sorted(moment for fit in fits for moment in fit.rounds())
    steps: list[tuple[float, float]] = []
    for moment, auc in rounds:
        if not steps or auc > steps[-1][1]:
            steps.append((sum(min(max(moment - fit.start, 0.0), fit.spent) for fit in fits), auc))
    return steps


@dataclass(frozen=True, slots=True)
class _Fit:
    """One fit of a study: when it began, the core-seconds before its first round and in all, its curve."""

    start: float
    setup: float
    spent: float
    curve: tuple[float, ...]

    @classmethod
    def read(cls, entry: Mapping[str, Any]) -> _Fit:
        spent = entry["core_seconds"] + entry["setup"]
        return cls(entry["elapsed"] - spent, entry["setup"], spent, tuple(entry["curve"]))

    def rounds(self) -> Iterator[tuple[float, float]]:
        """Moment and AUC of each round, as if all took the same time."""
        each = (self.spent - self.setup) / max(1, len(self.curve))
        for index, auc in enumerate(self.curve, 1):
            yield self.start + self.setup + each * index, auc


def _forget() -> None:
    from engine.ml.matrix import forget_matrices
    from engine.ml.tuning.fit import close_boosters

    close_boosters()
    forget_matrices()


def _resident(pool: WorkspacePool) -> int:
    [size] = pool.client.run(lambda: psutil.Process().memory_info().rss).values()
    return int(size)


def _build(blocks: Blocks) -> None:
    from engine.ml.matrix import DEFAULT_MAX_BIN, matrices_for

    matrices_for(blocks, DEFAULT_MAX_BIN, 0)


def _peak_of(pool: WorkspacePool, work: Callable[[], Any]) -> int:
    """The most that the worker held while something was done."""
    pool.client.run(_forget_peak)
    work()
    [peak] = pool.client.run(_peak).values()
    return int(peak)


def _forget_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5")


def _peak() -> int:
    from pathlib import Path

    line = next(
        line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")
    )
    return int(line.split()[1]) * 1024
