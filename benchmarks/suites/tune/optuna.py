"""The loop that is written today: Optuna's TPE, its median pruner, early stopping, XGBoost on one thread."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import optuna
import xgboost as xgb

from benchmarks.suites.tune.rows import PATIENCE, SPACE, draw, halves

if TYPE_CHECKING:
    from benchmarks.case import Answer, Once, Parameters


@contextmanager
def search(parameters: Parameters) -> Iterator[Once]:
    train_x, train_y, valid_x, valid_y = halves(
        *draw(parameters["kind"], parameters["rows"], parameters["features"])
    )
    seeds = itertools.count()
    optuna.logging.set_verbosity(optuna.logging.WARNING)

    @contextmanager
    def once() -> Iterator[Answer]:
        seed, began = next(seeds), time.process_time()
        steps: list[tuple[float, float]] = []
        train = xgb.DMatrix(train_x, train_y, nthread=1)
        valid = xgb.DMatrix(valid_x, valid_y, nthread=1)

        def objective(trial: optuna.Trial) -> float:
            booster = xgb.train(
                {**_suggest(trial), **_FIXED, "seed": seed},
                train,
                parameters["rounds"],
                evals=[(valid, "valid")],
                early_stopping_rounds=PATIENCE,
                callbacks=[_Report(trial, steps, began)],
                verbose_eval=False,
            )
            return float(booster.best_score)

        study = optuna.create_study(
            direction="maximize",
            sampler=optuna.samplers.TPESampler(seed=seed),
            pruner=optuna.pruners.MedianPruner(n_warmup_steps=PATIENCE),
        )
        study.optimize(objective, n_trials=parameters["trials"])
        spent = time.process_time() - began
        yield {
            "auc": study.best_value,
            "trials": len(study.trials),
            "core_seconds": spent,
            "steps": steps,
            "seed": seed,
        }

    yield once


_FIXED = {"objective": "binary:logistic", "eval_metric": "auc", "nthread": 1, "tree_method": "hist"}


class _Report(xgb.callback.TrainingCallback):  # type: ignore[misc]
    """Tells the pruner, and notes every improvement of the search with the CPU seconds so far."""

    def __init__(self, trial: optuna.Trial, steps: list[tuple[float, float]], began: float) -> None:
        super().__init__()
        self._trial, self._steps, self._began = trial, steps, began

    def after_iteration(self, _: Any, epoch: int, evals_log: dict[str, Any]) -> bool:
        auc = evals_log["valid"]["auc"][-1]
        if not self._steps or auc > self._steps[-1][1]:
            self._steps.append((time.process_time() - self._began, auc))
        self._trial.report(auc, epoch)
        if self._trial.should_prune():
            raise optuna.TrialPruned
        return False


def _suggest(trial: optuna.Trial) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for name, (low, high, scale) in SPACE.items():
        if scale == "whole":
            made[name] = trial.suggest_int(name, int(low), int(high))
        else:
            made[name] = trial.suggest_float(name, low, high, log=scale == "log")
    return made
