"""Single fits on a pool: every objective, and everything that a user may ask of one, beside XGBoost alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xgboost as xgb
from optuna.distributions import CategoricalDistribution, IntDistribution

from engine.errors import DataError, NotFoundError, OptionError, UnsupportedError
from engine.lake import Dataset
from engine.ml.boost import load_booster
from engine.ml.metric import CustomMetric
from engine.ml.split import Split
from engine.pool import WorkspacePool

NUMBERS = ["a", "b", "c"]


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    made = pd.DataFrame({name: rng.normal(size=900).astype(np.float32) for name in NUMBERS})
    signal = made.a + made.b * made.c + rng.normal(size=900) / 2
    made["kind"] = pd.Series(rng.choice(["x", "y", "z", None], size=900), dtype="object")
    signal += made.kind.map({"x": 1.0, "z": -1.0}).fillna(0.0)
    made["binary"] = (signal > 0).astype(np.int8)
    made["three"] = np.digitize(signal, [-0.5, 0.5]).astype(np.int8)
    made["amount"] = np.exp(signal / 2)
    made["count"] = rng.poisson(made.amount).astype(np.int32)
    made["weight"] = rng.random(900) + 0.1
    made["query"] = rng.integers(0, 40, 900)
    made["fold"] = np.where(
        np.arange(900) % 5 == 0, "valid", np.where(np.arange(900) % 5 == 1, "test", "train")
    )
    return made


@pytest.fixture(scope="module")
def rows(pool: WorkspacePool, frame: pd.DataFrame, tmp_path_factory: Any) -> Dataset:
    from pathlib import Path

    folder = Path(pool.workspace.home) / "raw" / "training"
    folder.mkdir(parents=True)
    for part in range(2):
        table = pa.Table.from_pandas(frame.iloc[part * 450 : (part + 1) * 450], preserve_index=False)
        pq.write_table(table, folder / f"{part}.parquet")
    return pool.workspace.dataset("raw/training")


def numbers() -> Any:
    from sklearn.compose import make_column_transformer

    return make_column_transformer(("passthrough", NUMBERS), verbose_feature_names_out=False)


def asked(target: str, **more: Any) -> dict[str, Any]:
    return {"target": target, "features": numbers(), "split": Split(column="fold"), **more}


@pytest.mark.parametrize(
    ("objective", "target", "params"),
    [
        ("binary:logistic", "binary", {}),
        ("multi:softprob", "three", {}),
        ("reg:squarederror", "amount", {}),
        ("reg:absoluteerror", "amount", {}),
        ("reg:quantileerror", "amount", {"quantile_alpha": 0.9}),
        ("reg:gamma", "amount", {}),
        ("reg:tweedie", "count", {"tweedie_variance_power": 1.3}),
        ("count:poisson", "count", {}),
    ],
)
def test_every_objective_is_xgboosts(
    pool: WorkspacePool, rows: Dataset, frame: pd.DataFrame, objective: str, target: str, params: Any
) -> None:
    data = pool.training_set(rows, **asked(target, objective=objective))
    model = pool.train(data, params={**params, "max_depth": 3}, rounds=4)
    assert "on one worker" in model.where
    train = frame[frame.fold != "test"]
    matrix = xgb.QuantileDMatrix(train[NUMBERS], train[target], nthread=1)
    settings = {**data.label.params, **params, "max_depth": 3, "nthread": 1}
    expected = xgb.train(settings, matrix, 4).inplace_predict(frame[NUMBERS].to_numpy())
    found = load_booster(model.booster).inplace_predict(frame[NUMBERS].to_numpy())
    np.testing.assert_allclose(found, expected, rtol=2e-4, atol=2e-5)


def test_weights_and_early_stopping(pool: WorkspacePool, rows: Dataset, frame: pd.DataFrame) -> None:
    data = pool.training_set(rows, **asked("binary", weight="weight"))
    model = pool.train(data, params={"eta": 1.0, "max_depth": 5}, rounds=80, patience=3)
    told: dict[str, Any] = {}
    parts = {fold: frame[frame.fold == fold] for fold in ("train", "valid")}
    train, valid = (
        xgb.DMatrix(part[NUMBERS].to_numpy(), part["binary"], weight=part["weight"], nthread=1)
        for part in parts.values()
    )
    expected = xgb.train(
        {"objective": "binary:logistic", "eval_metric": "auc", "eta": 1.0, "max_depth": 5, "nthread": 1},
        train, 80, evals=[(valid, "v")], evals_result=told, early_stopping_rounds=3, verbose_eval=False,
    )  # fmt: skip
    assert model.rounds == expected.best_iteration + 1


def test_monotone_constraints_by_name(pool: WorkspacePool, rows: Dataset) -> None:
    data = pool.training_set(rows, **asked("amount"))
    model = pool.train(data, params={"monotone_constraints": {"a": -1}}, rounds=10)
    line = np.zeros((50, 3), np.float32)
    line[:, 0] = np.linspace(-3, 3, 50)
    assert (np.diff(load_booster(model.booster).inplace_predict(line)) <= 0).all()
    with pytest.raises(NotFoundError, match="no feature 'q'"):
        pool.train(data, params={"monotone_constraints": {"q": 1}}, rounds=1)
    with pytest.raises(OptionError, match="does not fit"):
        pool.train(data, params={"monotone_constraints": {"a": 2}}, rounds=1)


def test_a_fit_goes_on_from_a_model_to_the_same_trees(pool: WorkspacePool, rows: Dataset) -> None:
    data = pool.training_set(rows, **asked("binary"))
    params = {"subsample": 0.7, "colsample_bytree": 0.7}
    whole = pool.train(data, params=params, rounds=12, seed=5)
    part = pool.train(data, params=params, rounds=5, seed=5)
    more = pool.train(data, model=part, rounds=12, seed=5)
    points = np.random.default_rng(1).normal(size=(500, 3)).astype(np.float32)
    predicted = [load_booster(m.booster).inplace_predict(points) for m in (whole, more)]
    np.testing.assert_array_equal(*predicted)
    with pytest.raises(OptionError, match="nothing to do"):
        pool.train(data, model=whole, rounds=12)
    with pytest.raises(OptionError, match="same label"):
        pool.train(pool.training_set(rows, **asked("amount")), model=whole, rounds=20)


def test_native_categories_with_missing_values_register(pool: WorkspacePool, rows: Dataset) -> None:
    data = pool.training_set(
        rows, target="binary", categorical=["kind"], split=Split(column="fold"), weight="weight", group=None
    )
    assert "kind" in data.names
    assert "weight" not in data.names
    study = pool.tune(data, space={"max_depth": IntDistribution(2, 4)}, trials=2, max_rounds=6)
    model = pool.workspace.models.register("categories", study.best)
    assert model.version == 1


def test_all_workers_train_together_when_asked(pool: WorkspacePool, rows: Dataset) -> None:
    data = pool.training_set(rows, **asked("binary", weight="weight"))
    model = pool.train(data, rounds=10, workers="all")
    assert "on all workers" in model.where
    assert model.evaluation.metrics["auc"] > 0.75
    stopped = pool.train(data, params={"eta": 1.0}, rounds=60, patience=3, workers="all")
    assert stopped.rounds < 60


def test_what_cannot_be_honoured_is_refused(pool: WorkspacePool, rows: Dataset) -> None:
    space = {"max_depth": IntDistribution(2, 4)}
    ranked = pool.training_set(rows, **asked("three", objective="rank:ndcg", group="query"))
    with pytest.raises(UnsupportedError, match="tear groups"):
        pool.train(ranked, rounds=1, workers="all")
    with pytest.raises(OptionError, match="group="):
        pool.training_set(rows, **asked("three", objective="rank:ndcg"))
    with pytest.raises(OptionError, match="no use"):
        pool.training_set(rows, **asked("binary", group="query"))
    with pytest.raises(DataError, match="Weights"):
        pool.training_set(rows, **asked("binary", weight="kind"))
    with pytest.raises(OptionError, match="needs a quantile"):
        pool.train(pool.training_set(rows, **asked("amount", objective="reg:quantileerror")), rounds=1)
    data = pool.training_set(rows, **asked("binary", metric="no-such-metric"))
    with pytest.raises(OptionError, match="no-such-metric"):
        pool.tune(data, space=space)
    broken = CustomMetric("broken", lambda p, y: "much", maximise=True)
    with pytest.raises(OptionError, match="no number"):
        pool.tune(pool.training_set(rows, **asked("binary", metric=broken)), space=space)
    for wrong in (
        {"schedule": "fast"},
        {"sampler": "magic"},
        {"trials": None},
        {"seconds": -1},
        {"patience": 0},
    ):
        with pytest.raises(OptionError):
            pool.tune(rows, space=space, **asked("binary"), **wrong)  # type: ignore[arg-type]


def test_max_bin_is_an_outer_loop(pool: WorkspacePool, rows: Dataset) -> None:
    space: Any = {"max_depth": IntDistribution(2, 4), "max_bin": CategoricalDistribution([16, 64])}
    study = pool.tune(rows, space=space, trials=4, max_rounds=6, **asked("binary"))
    assert [trial.params["max_bin"] for trial in study.trials] == [16, 16, 64, 64]
    assert study.best.params["max_bin"] == study.best_trial.params["max_bin"]


def test_ranking_is_tuned_and_judged_by_whole_groups(pool: WorkspacePool, rows: Dataset) -> None:
    data = pool.training_set(rows, target="three", features=numbers(), objective="rank:ndcg", group="query")
    study = pool.tune(data, space={"max_depth": IntDistribution(2, 4)}, trials=2, max_rounds=6)
    assert study.metric == "ndcg"
    assert 0.5 < study.best.evaluation.metrics["ndcg@10"] <= 1


def test_a_k_fold_study_trains_its_best_on_every_part(pool: WorkspacePool, rows: Dataset) -> None:
    study = pool.tune(
        rows, target="binary", features=numbers(), split=Split(folds=3, test=0.2),
        space={"max_depth": IntDistribution(2, 4)}, trials=2, max_rounds=6,
    )  # fmt: skip
    assert study.best.rounds == study.best_trial.rounds
    assert load_booster(study.best.booster).num_boosted_rounds() == study.best.rounds
    assert study.best.evaluation.rows == study.data.count(2)
