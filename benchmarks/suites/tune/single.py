"""One process, as many threads as the pool has workers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import xgboost as xgb
from sklearn.metrics import roc_auc_score

from benchmarks.suites.tune.rows import draw, halves

if TYPE_CHECKING:
    from benchmarks.case import Answer, Once, Parameters


@contextmanager
def one_fit(parameters: Parameters) -> Iterator[Once]:
    matrix, label = draw(parameters["kind"], parameters["rows"], parameters["features"])

    @contextmanager
    def once() -> Iterator[Answer]:
        params = {"objective": "binary:logistic", "max_depth": 6, "eta": 0.1, "nthread": parameters["nodes"]}
        train = xgb.QuantileDMatrix(matrix, label, nthread=parameters["nodes"])
        booster = xgb.train(params, train, parameters["rounds"])
        _, _, valid_x, valid_y = halves(matrix, label)
        yield {"auc": float(roc_auc_score(valid_y, booster.inplace_predict(valid_x)))}

    yield once
