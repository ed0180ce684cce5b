"""Fits that stop and go on: the bits of one that never stopped, and of XGBoost itself where it can tell."""

from __future__ import annotations

import json
import math
import threading
import uuid
from typing import Any

import numpy as np
import pytest
import xgboost as xgb
from rows import blocks_of_arrays, draw
from sklearn.metrics import roc_auc_score

from engine.errors import OptionError
from engine.ml.block import Blocks
from engine.ml.matrix import forget_matrices, matrices_for
from engine.ml.metric import CustomMetric
from engine.ml.split import FIRST_PART, Split
from engine.ml.tuning.fit import Fitted, FitTrial, Job, close_boosters, packed, unpacked

SAMPLED = {"subsample": 0.7, "colsample_bytree": 0.8, "colsample_bylevel": 0.8, "colsample_bynode": 0.8}
OBJECTIVES: dict[str, dict[str, Any]] = {
    "binary:logistic": {"eval_metric": "auc"},
    "multi:softprob": {"eval_metric": "mlogloss", "num_class": 3},
    "reg:squarederror": {"eval_metric": "rmse"},
    "reg:absoluteerror": {"eval_metric": "mae"},
    "reg:quantileerror": {"eval_metric": "quantile", "quantile_alpha": 0.8},
    "reg:gamma": {"eval_metric": "gamma-nloglik"},
    "reg:tweedie": {"eval_metric": "rmse", "tweedie_variance_power": 1.4},
    "count:poisson": {"eval_metric": "poisson-nloglik"},
    "rank:ndcg": {"eval_metric": "ndcg"},
}


def trees(model: bytes) -> Any:
    booster = xgb.Booster()
    booster.load_model(bytearray(model))
    told = json.loads(booster.save_raw("json"))["learner"]
    return told["gradient_booster"]["model"], told["learner_model_param"]


def rows_for(objective: str, **more: Any) -> Blocks:
    matrix, label = draw(objective)
    if objective.startswith("rank"):
        more["group"] = np.random.default_rng(1).integers(0, 60, len(label)).astype(np.uint64)
        more["folds"] = (more["group"] % 4 == 0).astype(np.uint8)
    return blocks_of_arrays(matrix, label, key=f"{objective}-{uuid.uuid4().hex}", **more)


def fit(blocks: Blocks, params: dict[str, Any], stops: list[int], *, warm: bool = False, **more: Any) -> Any:
    """Boosters and curve after stopping at each of these rounds; `warm` keeps boosters open between them."""
    work = FitTrial(blocks, params.get("eval_metric") == "auc", more.pop("patience", None), **more)
    study, models, curve = uuid.uuid4().hex, b"", ()
    for stop in stops:
        best = (max if work.maximise else min)(curve, default=math.nan)
        job = Job(study, 0, params, len(curve), stop, best, 0)
        done: Fitted = work(job, [models] if models else [])
        models, curve = done.models, (*curve, *done.curve)
        if not warm:
            close_boosters()
    return unpacked(models), curve


@pytest.mark.parametrize("objective", list(OBJECTIVES))
def test_a_fit_that_goes_on_is_one_that_never_stopped(objective: str) -> None:
    blocks = rows_for(objective)
    params = {"objective": objective, **OBJECTIVES[objective], **SAMPLED, "max_depth": 4, "seed": 7}
    [whole], curve = fit(blocks, params, [12])
    for stops, warm in (([5, 12], False), ([1, 2, 7, 12], False), ([5, 12], True)):
        [cut], again = fit(blocks, params, stops, warm=warm)
        assert trees(cut) == trees(whole)
        assert again == curve


def test_without_sampling_it_is_what_xgboost_trains() -> None:
    blocks = rows_for("binary:logistic")
    params = {"objective": "binary:logistic", "eval_metric": "auc", "max_depth": 4, "seed": 7}
    [model], curve = fit(blocks, params, [4, 10])
    whole = [blocks.block(index) for index in range(3)]
    matrix, label = (np.concatenate([getattr(b, name) for b in whole]) for name in ("matrix", "label"))
    held = np.concatenate([b.folds for b in whole]) == 1
    train = xgb.QuantileDMatrix(matrix[~held], label[~held], nthread=1)
    expected = xgb.train({**params, "nthread": 1}, train, 10)
    assert trees(model)[0]["trees"] == trees(bytes(expected.save_raw("ubj")))[0]["trees"]
    area = roc_auc_score(label[held], expected.inplace_predict(matrix[held]))
    assert curve[-1] == pytest.approx(area, abs=1e-6)


def test_side_by_side_in_one_process_is_one_after_the_other() -> None:
    blocks = rows_for("binary:logistic")
    base = {"objective": "binary:logistic", "eval_metric": "auc", **SAMPLED}
    alone = [fit(blocks, {**base, "seed": seed}, [20]) for seed in range(4)]
    found: dict[int, Any] = {}

    def work(seed: int) -> None:
        found[seed] = fit(blocks, {**base, "seed": seed}, [8, 20])

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for seed, (models, curve) in enumerate(alone):
        assert found[seed][1] == curve
        assert [trees(m) for m in found[seed][0]] == [trees(m) for m in models]


def test_the_matrix_is_built_once_per_process_and_max_bin() -> None:
    blocks = rows_for("binary:logistic")
    first, spent = matrices_for(blocks, 64, 0)
    again, nothing = matrices_for(blocks, 64, 0)
    assert first is again
    assert spent > 0
    assert nothing == 0
    other, _ = matrices_for(blocks, 32, 0)
    assert other is not first
    forget_matrices()


def test_weights_are_xgboosts() -> None:
    matrix, label = draw("binary:logistic")
    weight = np.random.default_rng(3).random(len(label)).astype(np.float32)
    blocks = blocks_of_arrays(matrix, label, key=uuid.uuid4().hex, weight=weight)
    params = {"objective": "binary:logistic", "eval_metric": "logloss"}
    [model], _ = fit(blocks, params, [6])
    held = np.arange(len(label)) % 4 == 0
    train = xgb.QuantileDMatrix(matrix[~held], label[~held], weight=weight[~held], nthread=1)
    expected = bytes(xgb.train({**params, "nthread": 1}, train, 6).save_raw("ubj"))
    assert trees(model)[0]["trees"] == trees(expected)[0]["trees"]


def test_categories_split_by_sets_with_missing_ones() -> None:
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 6, 1500).astype(np.float32)
    label = np.isin(codes, [1, 4]).astype(np.float32)
    codes[rng.random(1500) < 0.1] = np.nan
    matrix = np.stack([codes, rng.normal(size=1500).astype(np.float32)], axis=1)
    blocks = blocks_of_arrays(matrix, label, key=uuid.uuid4().hex, categorical=(0,))
    params = {"objective": "binary:logistic", "eval_metric": "auc", "max_depth": 1, "max_cat_to_onehot": 1}
    [model], curve = fit(blocks, params, [1, 3])
    assert trees(model)[0]["trees"][0]["categories"]
    assert curve[0] > 0.9


def test_ranking_keeps_groups_together_whatever_the_partitions() -> None:
    matrix, label = draw("rank:ndcg")
    group = np.random.default_rng(1).integers(0, 60, len(label)).astype(np.uint64)
    folds = (group % 4 == 0).astype(np.uint8)
    params = {"objective": "rank:ndcg", "eval_metric": "ndcg", "seed": 1}
    found = []
    for parts in (1, 5):
        blocks = blocks_of_arrays(matrix, label, key=uuid.uuid4().hex, group=group, folds=folds, parts=parts)
        found.append(fit(blocks, params, [5])[1])
    assert found[0] == found[1]
    order = np.argsort(group[folds == 0], kind="stable")
    train = xgb.QuantileDMatrix(
        matrix[folds == 0][order], label[folds == 0][order], qid=group[folds == 0][order], nthread=1
    )
    order = np.argsort(group[folds == 1], kind="stable")
    valid = xgb.QuantileDMatrix(
        matrix[folds == 1][order],
        label[folds == 1][order],
        qid=group[folds == 1][order],
        ref=train,
        nthread=1,
    )
    told: dict[str, Any] = {}
    xgb.train({**params, "nthread": 1}, train, 5, evals=[(valid, "v")], evals_result=told, verbose_eval=False)
    assert found[0] == pytest.approx(tuple(told["v"]["ndcg"]), abs=1e-9)


def test_k_folds_are_means_over_the_parts() -> None:
    matrix, label = draw("binary:logistic")
    folds = (FIRST_PART + np.arange(len(label)) % 3).astype(np.uint8)
    split = Split(folds=3, test=0.0)
    blocks = blocks_of_arrays(matrix, label, key=uuid.uuid4().hex, folds=folds, split=split)
    params = {"objective": "binary:logistic", "eval_metric": "logloss", **SAMPLED, "seed": 2}
    models, curve = fit(blocks, params, [3, 8])
    whole, expected = fit(blocks, params, [8])
    assert len(models) == 3
    assert curve == expected
    assert [trees(m) for m in models] == [trees(m) for m in whole]


def test_a_metric_of_the_users_own_is_followed() -> None:
    blocks = rows_for("binary:logistic")
    metric = CustomMetric("hits", lambda p, y: float(((p > 0.5) == y).mean()), maximise=True)
    params = {"objective": "binary:logistic", "disable_default_eval_metric": True}
    [model], curve = fit(blocks, params, [6], metric=metric)
    booster = xgb.Booster()
    booster.load_model(bytearray(model))
    whole = [blocks.block(index) for index in range(3)]
    matrix, label, folds = (
        np.concatenate([getattr(b, name) for b in whole]) for name in ("matrix", "label", "folds")
    )
    predicted = booster.inplace_predict(matrix[folds == 1])
    assert curve[-1] == pytest.approx(((predicted > 0.5) == label[folds == 1]).mean())


def test_patience_ends_a_fit_and_counts_over_stops() -> None:
    blocks = rows_for("binary:logistic")
    params = {"objective": "binary:logistic", "eval_metric": "auc", "eta": 1.0, "max_depth": 6}
    _, whole = fit(blocks, params, [200], patience=5)
    assert len(whole) < 200
    assert len(whole) - 1 - int(np.argmax(whole)) == 5


def test_a_limit_cuts_between_rounds() -> None:
    blocks = rows_for("binary:logistic")
    matrices_for(blocks, 256, 0)
    params = {"objective": "binary:logistic", "eval_metric": "auc"}
    job = Job(uuid.uuid4().hex, 0, params, 0, 10_000, math.nan, 0, core_seconds=0.05)
    done = FitTrial(blocks, True, None)(job)
    assert done.cut
    assert 1 <= len(done.curve) < 10_000


def test_what_xgboost_refuses_is_one_clear_line() -> None:
    blocks = rows_for("binary:logistic")
    job = Job("s", 0, {"objective": "binary:logistic", "max_depth": -3}, 0, 3, math.nan, 0)
    with pytest.raises(OptionError, match="max_depth"):
        FitTrial(blocks, True, None)(job)


def test_packing_is_undone() -> None:
    for models in ([b""], [b"a", b"", b"ccc"], []):
        assert unpacked(packed(models)) == models
