"""Reading XGBoost's JSON: against its predictions, its own table of trees and its binary format."""

from __future__ import annotations

import pickle
from collections.abc import Callable

import numpy as np
import pytest
import xgboost as xgb
from export_cases import OBJECTIVES, make_label, make_matrix, saved, train, walk, walk_margins

from engine.errors import ModelError, UnsupportedError
from engine.ml.export import parse_booster
from engine.ml.export.objectives import find_objective
from engine.ml.export.trees import LEAF


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_walking_the_arrays_gives_xgboosts_margins(objective: str) -> None:
    matrix = make_matrix(missing=0.1)
    booster = train(objective, matrix, rounds=4, categorical=True, max_cat_to_onehot=1)
    margins = walk_margins(parse_booster(booster), matrix[:60])
    wanted = booster.inplace_predict(matrix[:60], predict_type="margin").reshape(60, -1)
    assert np.allclose(margins, wanted, rtol=0, atol=1e-6)


def test_thresholds_and_leaves_keep_every_bit() -> None:
    # 1 + k * 2^-23 are neighbouring floats: a threshold that lost a bit would send a row the other way.
    matrix = (1 + np.arange(512)[:, None] * 2.0**-23).astype(np.float32)
    label = np.random.default_rng(0).normal(size=512)
    booster = xgb.train(
        {"max_bin": 1024, "max_depth": 10, "min_child_weight": 0, "lambda": 0}, xgb.DMatrix(matrix, label), 3
    )
    ensemble = parse_booster(booster)
    splits = ensemble.left != LEAF
    assert splits.sum() > 400
    table = booster.trees_to_dataframe()
    told = table.loc[table["Feature"] != "Leaf", "Split"].to_numpy(np.float32)
    assert np.array_equal(np.sort(ensemble.threshold[splits]), np.sort(told))
    assert np.array_equal(walk_margins(ensemble, matrix)[:, 0], booster.inplace_predict(matrix))


def test_pruned_nodes_are_left_out() -> None:
    matrix = make_matrix()
    booster = train("reg:squarederror", matrix, tree_method="exact", gamma=20, max_depth=8)
    deleted = [
        int(t["tree_param"]["num_deleted"]) for t in saved(booster)["gradient_booster"]["model"]["trees"]
    ]
    nodes = [int(t["tree_param"]["num_nodes"]) for t in saved(booster)["gradient_booster"]["model"]["trees"]]
    assert sum(deleted) > 0
    ensemble = parse_booster(booster)
    assert len(ensemble.left) == sum(nodes) - sum(deleted)
    assert np.array_equal(walk_margins(ensemble, matrix[:50])[:, 0], booster.inplace_predict(matrix[:50]))


def test_the_leaves_reached_are_those_that_xgboost_reports() -> None:
    matrix = make_matrix(missing=0.2)
    booster = train(
        "reg:squarederror", matrix, rounds=3
    )  # nothing pruned: the numbers of nodes are XGBoost's
    ensemble = parse_booster(booster)
    wanted = booster.predict(xgb.DMatrix(matrix), pred_leaf=True)
    for row, leaves in zip(matrix[:200], wanted[:200], strict=True):
        got = [walk(ensemble, tree, row)[-1] - ensemble.tree_start[tree] for tree in range(ensemble.trees)]
        assert got == leaves.tolist()


def test_a_stale_best_iteration_cuts_a_continued_booster_as_the_scikit_learn_class_would() -> None:
    matrix = make_matrix()
    first = train("reg:squarederror", matrix, rounds=6)
    first.set_attr(best_iteration=2)
    booster = train("reg:squarederror", matrix, rounds=4, xgb_model=first)
    assert booster.num_boosted_rounds() == 10
    assert parse_booster(booster).rounds == 3
    booster.set_attr(best_iteration=None)
    assert parse_booster(booster).rounds == 10


def test_best_iteration_beyond_the_rounds_of_a_slice_takes_them_all() -> None:
    booster = train("reg:squarederror", make_matrix(), rounds=5)[:3]
    booster.set_attr(best_iteration=40)
    assert parse_booster(booster).rounds == 3


def test_dart_weights_and_forests_and_targets_are_read() -> None:
    matrix = make_matrix()
    booster = train("multi:softprob", matrix, booster="dart", rate_drop=0.5, num_parallel_tree=2, rounds=5)
    ensemble = parse_booster(booster)
    assert ensemble.booster == "dart"
    assert ensemble.parallel_trees == 2
    assert ensemble.targets == ensemble.classes == 4
    assert ensemble.trees == 5 * 4 * 2
    assert ensemble.tree_target.tolist() == [0, 0, 1, 1, 2, 2, 3, 3] * 5
    weights = saved(booster)["gradient_booster"]["weight_drop"]
    assert len(set(weights)) > 1
    assert np.array_equal(ensemble.tree_weight, np.array(weights, np.float32))


def test_arrays_are_read_only_and_bytes_give_the_same() -> None:
    booster = train("reg:squarederror", make_matrix())
    ensemble = parse_booster(booster)
    with pytest.raises(ValueError, match="read-only"):
        ensemble.threshold[0] = 1
    again = parse_booster(bytes(booster.save_raw("ubj")))
    assert np.array_equal(ensemble.threshold, again.threshold)
    assert np.array_equal(ensemble.leaf, pickle.loads(pickle.dumps(ensemble)).leaf)


MATRIX = make_matrix(200)
LABEL = make_label("reg:squarederror", MATRIX)
TWO = np.stack([LABEL, -LABEL], axis=1)
REFUSED: dict[str, tuple[Callable[[], object], type[Exception], str]] = {
    "linear": (
        lambda: train("reg:squarederror", MATRIX, booster="gblinear", verbosity=0),
        UnsupportedError,
        "gblinear",
    ),
    "vector leaves": (
        lambda: train("reg:squarederror", MATRIX, label=TWO, multi_strategy="multi_output_tree"),
        UnsupportedError,
        "one_output_per_tree",
    ),
    "many labels": (
        lambda: train("binary:logistic", MATRIX, label=(TWO > 0).astype(int)),
        UnsupportedError,
        "2 labels per row",
    ),
    "missing": (
        lambda: xgb.XGBRegressor(n_estimators=2, missing=-999.0).fit(MATRIX, LABEL),
        UnsupportedError,
        "missing=-999.0",
    ),
    "not fitted": (xgb.XGBRegressor, ModelError, "not fitted"),
    "no trees": (lambda: train("reg:squarederror", MATRIX, rounds=0), ModelError, "no trees"),
    "no booster": (lambda: b"not a booster", ModelError, "not a booster"),
    "no model": (lambda: "booster", UnsupportedError, "str"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_exported_is_refused_by_name(name: str) -> None:
    make, error, words = REFUSED[name]
    model = make()
    with pytest.raises(error) as refused:
        parse_booster(model)
    assert words in str(refused.value)
    assert refused.value.hint
    assert str(pickle.loads(pickle.dumps(refused.value))) == str(refused.value)


def test_an_unknown_objective_is_refused_with_those_that_are_known() -> None:
    with pytest.raises(UnsupportedError, match=r"reg:else.*count:poisson"):
        find_objective("reg:else")
