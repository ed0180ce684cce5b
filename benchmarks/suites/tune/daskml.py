"""dask-ml's RandomizedSearchCV over XGBClassifier, on a LocalCluster of one-thread workers."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
from dask_ml.model_selection import RandomizedSearchCV
from distributed import Client, LocalCluster
from scipy.stats import loguniform, randint, uniform
from sklearn.model_selection import PredefinedSplit
from xgboost import XGBClassifier

from benchmarks.suites.tune.rows import SPACE, draw, folds

if TYPE_CHECKING:
    from benchmarks.case import Answer, Once, Parameters


@contextmanager
def search(parameters: Parameters) -> Iterator[Once]:
    matrix, label = draw(parameters["kind"], parameters["rows"], parameters["features"])
    held_out = np.array([0 if word == "valid" else -1 for word in folds(len(label))])
    seeds = itertools.count()
    cluster = LocalCluster(n_workers=parameters["nodes"], threads_per_worker=1, dashboard_address=None)
    with cluster, Client(cluster):

        @contextmanager
        def once() -> Iterator[Answer]:
            seed = next(seeds)
            model = XGBClassifier(
                n_estimators=parameters["rounds"], n_jobs=1, tree_method="hist", random_state=seed
            )
            found = RandomizedSearchCV(
                model,
                _space(),
                n_iter=parameters["trials"],
                random_state=seed,
                scoring="roc_auc",
                cv=PredefinedSplit(held_out),
                refit=False,
            ).fit(matrix, label)
            scores = found.cv_results_["mean_test_score"]
            yield {"auc": float(scores.max()), "trials": len(scores), "seed": seed}

        yield once


def _space() -> dict[str, Any]:
    names = {"eta": "learning_rate", "lambda": "reg_lambda"}
    made: dict[str, Any] = {}
    for name, (low, high, scale) in SPACE.items():
        law = {
            "whole": lambda a=low, b=high: randint(int(a), int(b) + 1),
            "log": lambda a=low, b=high: loguniform(a, b),
            "even": lambda a=low, b=high: uniform(a, b - a),
        }[scale]
        made[names.get(name, name)] = law()
    return made
