"""Ray Tune with ASHA over XGBoost, one core per trial, in an environment of its own."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import ray
import xgboost as xgb
from ray import tune
from ray.tune.schedulers import ASHAScheduler

from benchmarks.suites.tune.rows import PATIENCE, SPACE, draw, halves

if TYPE_CHECKING:
    from benchmarks.case import Answer, Once, Parameters


@contextmanager
def search(parameters: Parameters) -> Iterator[Once]:
    ray.init(num_cpus=parameters["nodes"], include_dashboard=False, log_to_driver=False)
    rows = ray.put(halves(*draw(parameters["kind"], parameters["rows"], parameters["features"])))
    seeds = itertools.count()

    def fit(config: dict[str, Any]) -> None:
        began = time.process_time()
        train_x, train_y, valid_x, valid_y = ray.get(rows)
        train = xgb.QuantileDMatrix(train_x, train_y, nthread=1)
        valid = xgb.QuantileDMatrix(valid_x, valid_y, ref=train, nthread=1)
        xgb.train(
            {**config, "objective": "binary:logistic", "eval_metric": "auc", "nthread": 1},
            train,
            parameters["rounds"],
            evals=[(valid, "valid")],
            early_stopping_rounds=PATIENCE,
            callbacks=[_Report(began)],
            verbose_eval=False,
        )

    @contextmanager
    def once() -> Iterator[Answer]:
        seed = next(seeds)
        scheduler = ASHAScheduler(
            time_attr="round", max_t=parameters["rounds"], grace_period=max(1, parameters["rounds"] // 27),
            reduction_factor=3,
        )  # fmt: skip
        tuner = tune.Tuner(
            tune.with_resources(fit, {"cpu": 1}),
            param_space={**_space(), "seed": seed},
            tune_config=tune.TuneConfig(
                metric="auc", mode="max", num_samples=parameters["trials"], scheduler=scheduler
            ),
            run_config=tune.RunConfig(verbose=0),
        )
        results = tuner.fit()
        tables = [result.metrics_dataframe for result in results]
        yield {
            "auc": max(float(table["auc"].max()) for table in tables),
            "trials": len(tables),
            # Ray's processes are no children of ours: each trial tells what it has used itself.
            "core_seconds": sum(float(table["core_seconds"].max()) for table in tables),
            "seed": seed,
        }

    yield once
    ray.shutdown()


class _Report(xgb.callback.TrainingCallback):  # type: ignore[misc]
    """Tells the scheduler of each round, with the CPU seconds of the trial so far."""

    def __init__(self, began: float) -> None:
        super().__init__()
        self._began = began

    def after_iteration(self, _: Any, epoch: int, evals_log: dict[str, Any]) -> bool:
        spent = time.process_time() - self._began
        tune.report({"auc": evals_log["valid"]["auc"][-1], "round": epoch + 1, "core_seconds": spent})
        return False


def _space() -> dict[str, Any]:
    made: dict[str, Any] = {}
    for name, (low, high, scale) in SPACE.items():
        if scale == "whole":
            made[name] = tune.randint(int(low), int(high) + 1)
        else:
            made[name] = tune.loguniform(low, high) if scale == "log" else tune.uniform(low, high)
    return made
