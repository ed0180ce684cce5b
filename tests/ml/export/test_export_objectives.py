"""Every objective times every way of boosting, against XGBoost's own predictions."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
import xgboost as xgb
from export_cases import (
    BINARY,
    MULTICLASS,
    OBJECTIVES,
    answer,
    as_columns,
    concat_preparation,
    make_label,
    make_matrix,
    train,
)
from numpy.typing import NDArray

from engine.errors import ParityError
from engine.ml.export import build_graph, export
from engine.ml.export.objectives import OBJECTIVES as KNOWN
from engine.ml.export.sessions import Session
from engine.ml.export.trees import parse_booster

VARIANTS = ["plain", "missing", "early stop", "forest", "continued", "dart", "one-hot", "partition", "base"]


def boost(objective: str, variant: str, matrix: NDArray[np.float32]) -> xgb.Booster:
    if variant == "early stop":
        booster = train(objective, matrix, rounds=12)
        booster.set_attr(best_iteration=4)
        return booster
    if variant == "continued":
        return train(objective, matrix, rounds=7, xgb_model=train(objective, matrix, rounds=5))
    params: dict[str, dict[str, Any]] = {
        "forest": {"num_parallel_tree": 3, "subsample": 0.6, "seed": 1},
        "dart": {"booster": "dart", "rate_drop": 0.4, "seed": 1},
        "one-hot": {"categorical": True, "max_cat_to_onehot": 20},
        "partition": {"categorical": True, "max_cat_to_onehot": 1},
        "base": {"base_score": 0.3},
    }
    return train(objective, matrix, **params.get(variant, {}))


def predict(booster: xgb.Booster, objective: str, matrix: NDArray[np.float32], rounds: int) -> NDArray[Any]:
    """XGBoost's prediction through a DMatrix, and for two objectives the probability behind it."""
    data = xgb.DMatrix(matrix, feature_types=booster.feature_types, enable_categorical=True)
    raw = objective in {"binary:logitraw", "multi:softmax"}
    found = booster.predict(data, iteration_range=(0, rounds), output_margin=raw).astype(np.float64)
    if objective == "binary:logitraw":
        return 1 / (1 + np.exp(-found))
    if objective == "multi:softmax":
        powers = np.exp(found - found.max(axis=1, keepdims=True))
        return powers / powers.sum(axis=1, keepdims=True)
    return found


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("objective", OBJECTIVES)
def test_an_export_answers_as_xgboost_does(objective: str, variant: str) -> None:
    matrix = make_matrix(missing=0.1 if variant == "missing" else 0.0)
    booster = boost(objective, variant, matrix)
    exported = export(
        booster, concat_preparation(), classes=None, sample_rows=as_columns(matrix[:300]), metadata={}
    )
    assert exported.report.passed
    rounds = 5 if variant == "early stop" else 12
    assert exported.rounds == rounds

    fresh = make_matrix(4000, missing=0.2, seed=9)
    check(answer(exported.onnx, as_columns(fresh)), objective, predict(booster, objective, fresh, rounds))
    if exported.converter == "onnxmltools":  # our writer has to know these as well
        ours = build_graph(booster, concat_preparation(), classes=None, metadata={}, converter="tarn")
        check(answer(ours, as_columns(fresh)), objective, predict(booster, objective, fresh, rounds))


def check(got: dict[str, NDArray[Any]], objective: str, wanted: NDArray[Any]) -> None:
    values = got["probabilities" if objective in MULTICLASS else "score"]
    wanted = wanted.reshape(len(values), -1)
    assert values.dtype == np.float32
    assert values.shape == wanted.shape
    scale = 1.0 if objective in BINARY | MULTICLASS else np.maximum(1, np.abs(wanted))
    assert (np.abs(values - wanted) / scale).max() <= 2e-6
    if objective in BINARY:
        assert np.array_equal(got["probabilities"][:, 1:], values)
        assert np.array_equal(got["label"], (values[:, 0] > 0.5).astype(np.int64))
    if objective in MULTICLASS:
        assert np.array_equal(got["label"], values.argmax(axis=1))
        sure = np.diff(np.sort(wanted, axis=1)[:, -2:])[:, 0] > 1e-5
        assert np.array_equal(got["label"][sure], wanted.argmax(axis=1)[sure])


def test_every_objective_that_we_know_is_in_the_matrix() -> None:
    assert sorted(OBJECTIVES) == sorted(KNOWN)


@pytest.mark.parametrize("objective", ["reg:squarederror", "reg:quantileerror", "rank:ndcg", "binary:hinge"])
@pytest.mark.parametrize("variant", VARIANTS)
def test_our_writer_gives_margins_bit_for_bit_on_one_thread(objective: str, variant: str) -> None:
    # These objectives' base_score is a margin, so that not even a logarithm is rounded on the way.
    matrix = make_matrix(missing=0.1)
    booster = boost(objective, variant, matrix)
    exported = export(
        booster,
        concat_preparation(),
        classes=None,
        sample_rows=as_columns(matrix[:100]),
        metadata={},
        converter="tarn",
    )
    data = xgb.DMatrix(matrix, feature_types=booster.feature_types, enable_categorical=True)
    wanted = booster.predict(data, iteration_range=(0, exported.rounds)).reshape(len(matrix), -1)
    session = Session(exported.onnx)
    for size in (1, 7, 51, len(matrix)):
        rows = min(len(matrix), size * 60)
        batches = [as_columns(matrix[at : min(at + size, rows)]) for at in range(0, rows, size)]
        got = np.concatenate([session.run(session.feeds(batch))["score"] for batch in batches])
        assert np.array_equal(got, wanted[:rows])


@pytest.mark.parametrize("converter", [None, "tarn"])
@pytest.mark.parametrize("base", [1e-9, 1e-3, 0.5, 0.999, 1 - 1e-7, None])
@pytest.mark.parametrize("objective", ["binary:logistic", "reg:logistic", "count:poisson"])
def test_extreme_base_scores_start_where_xgboost_starts(
    objective: str, base: float | None, converter: str | None
) -> None:
    """With None, XGBoost takes the mean of labels that are all the same: a base score of exactly 0 or 1."""
    matrix = make_matrix(400)
    for value in (0.0, 1.0):
        label = np.full(400, value) if base is None else make_label(objective, matrix)
        params = {} if base is None else {"base_score": base}
        booster = train(objective, matrix, label=label, **params)
        exported = export(
            booster,
            concat_preparation(),
            classes=None,
            sample_rows=as_columns(matrix[:50]),
            metadata={},
            converter=converter,
        )
        got = answer(exported.onnx, as_columns(matrix))["score"][:, 0]
        wanted = booster.inplace_predict(matrix)
        assert np.allclose(got, wanted, rtol=2e-6, atol=2e-7)


def test_a_graph_of_onnxmltools_that_does_not_pass_gives_way_to_ours() -> None:
    """It does not know that XGBoost takes a base score of 1e-9 for 1e-6."""
    matrix = make_matrix()
    booster = train("binary:logistic", matrix, base_score=1e-9, min_child_weight=0, eta=0.02, rounds=1)
    settings: dict[str, Any] = {"classes": None, "sample_rows": as_columns(matrix[:50]), "metadata": {}}
    with pytest.raises(ParityError):
        export(booster, concat_preparation(), converter="onnxmltools", **settings)
    assert export(booster, concat_preparation(), **settings).converter == "tarn"


@pytest.mark.parametrize("objective", ["reg:squarederror", "reg:logistic", "reg:absoluteerror"])
def test_several_targets_have_a_score_each(objective: str) -> None:
    matrix = make_matrix()
    label = make_label(objective, matrix)
    label = np.stack([label, 1 - label, label / 2], axis=1)
    booster = train(objective, matrix, label=label)
    starts = json.loads(booster.save_config())["learner"]["learner_model_param"]["base_score"]
    assert starts.count(",") == 2, "a base score for each target"
    exported = export(
        booster, concat_preparation(), classes=None, sample_rows=as_columns(matrix[:300]), metadata={}
    )
    wanted = booster.predict(xgb.DMatrix(matrix))
    assert exported.outputs[0].width == 3
    assert exported.converter == "tarn"
    assert np.allclose(answer(exported.onnx, as_columns(matrix))["score"], wanted, rtol=0, atol=3e-6)


def test_an_early_stopped_booster_answers_with_its_best_round_as_the_scikit_learn_class_does() -> None:
    matrix, held_out = make_matrix(), make_matrix(seed=5)
    label = make_label("binary:logistic", matrix)
    rng = np.random.default_rng(0)
    model = xgb.XGBClassifier(n_estimators=60, max_depth=6, early_stopping_rounds=3, n_jobs=1)
    noisy = rng.permutation(make_label("binary:logistic", held_out))
    model.fit(matrix, label, eval_set=[(held_out, noisy)], verbose=False)
    assert model.best_iteration + 1 < model.get_booster().num_boosted_rounds()
    exported = export(
        model, concat_preparation(), classes=[False, True], sample_rows=as_columns(matrix[:300]), metadata={}
    )
    got = answer(exported.onnx, as_columns(held_out))
    assert exported.rounds == model.best_iteration + 1
    assert np.abs(got["probabilities"] - model.predict_proba(held_out)).max() <= 1e-6
    assert np.array_equal(got["label"], model.predict(held_out))


def test_deep_trees_grown_by_loss_are_exported() -> None:
    matrix = np.arange(3000, dtype=np.float32)[:, None]
    growth = np.exp(np.arange(3000) * 0.004)
    label = np.where(np.arange(3000) % 2, -growth, growth)  # every split peels one row off the top
    params = {"grow_policy": "lossguide", "max_depth": 0, "max_leaves": 300, "lambda": 0, "max_bin": 4000}
    booster = xgb.train({**params, "min_child_weight": 0, "nthread": 1}, xgb.DMatrix(matrix, label), 2)
    ensemble = parse_booster(booster)
    assert ensemble.depth > 200
    exported = export(
        booster, concat_preparation(1), classes=None, sample_rows={"c0": matrix[::10]}, metadata={}
    )
    assert exported.converter == "tarn"
    wanted = booster.inplace_predict(matrix)
    assert np.array_equal(answer(exported.onnx, {"c0": matrix})["score"][:, 0], wanted)
