"""onnxmltools where it is right, and proof that the gate holds where it is wrong."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import xgboost as xgb
from export_cases import answer, as_columns, concat_preparation, make_label, make_matrix, train

from engine.errors import ParityError
from engine.ml.export import build_graph, converters, export, parse_booster
from engine.ml.export.objectives import Task

MATRIX = make_matrix(missing=0.1)
RIGHT = [
    "reg:squarederror", "reg:absoluteerror", "reg:pseudohubererror", "reg:gamma", "reg:tweedie",
    "count:poisson", "binary:logistic", "multi:softprob",
]  # fmt: skip


def converted_by(booster: xgb.Booster) -> str:
    return converters.convert_trees(booster, parse_booster(booster)).converter


@pytest.mark.parametrize("objective", RIGHT)
def test_onnxmltools_writes_what_it_converts_rightly(objective: str) -> None:
    plain = train(objective, MATRIX)
    assert converted_by(plain) == "onnxmltools"
    assert converted_by(train(objective, MATRIX, rounds=3, xgb_model=plain)) == "onnxmltools"


@pytest.mark.parametrize(
    ("objective", "params"),
    [
        ("reg:logistic", {}),
        ("binary:hinge", {}),
        ("rank:ndcg", {}),
        ("multi:softmax", {}),
        ("reg:quantileerror", {}),
        ("binary:logistic", {"num_parallel_tree": 2}),
        ("multi:softprob", {"num_parallel_tree": 2}),
        ("reg:squarederror", {"booster": "dart", "rate_drop": 0.5}),
        ("reg:squarederror", {"categorical": True}),
        ("multi:softprob", {"gamma": 1e9}),  # trees without a split
        ("binary:logistic", {"rounds": 1, "base_score": 0.5, "label": np.arange(1500) % 2}),
    ],
)
def test_our_writer_writes_the_rest(objective: str, params: dict[str, Any]) -> None:
    matrix = make_matrix()
    if "label" in params:  # 1,000 rows in each child: hessians of 250, whole numbers as of a regression
        matrix = np.repeat([0, 1, 1], 500)[:, None].astype(np.float32)
    booster = train(objective, matrix, **params)
    assert converted_by(booster) == "tarn"
    prep = concat_preparation(matrix.shape[1])
    exported = export(booster, prep, classes=None, sample_rows=as_columns(matrix[:200]), metadata={})
    assert exported.report.passed


def test_attributes_and_names_of_the_booster_do_not_mislead_onnxmltools() -> None:
    label = make_label("binary:logistic", MATRIX)
    names = ["f4", "f3", "f2", "f1", "f0"]
    data = xgb.DMatrix(MATRIX, label, feature_names=names)
    booster = xgb.train({"objective": "binary:logistic", "nthread": 1}, data, 8)
    booster.set_attr(objective="reg:squarederror", best_iteration="3", base_score="0.9", num_class="7")
    model = build_graph(booster, concat_preparation(), classes=None, metadata={}, converter="onnxmltools")
    got = answer(model, as_columns(MATRIX))["score"][:, 0]
    assert np.abs(got - booster.inplace_predict(MATRIX, iteration_range=(0, 4))).max() <= 1e-6
    assert booster.feature_names == names
    assert booster.attr("best_iteration") == "3"


@pytest.mark.parametrize(
    ("objective", "params"),
    [
        ("reg:logistic", {}),
        ("rank:pairwise", {}),
        ("multi:softmax", {}),
        ("multi:softprob", {"num_parallel_tree": 2}),
    ],
)
def test_the_gate_refuses_what_onnxmltools_gets_silently_wrong(
    objective: str, params: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Were the list of what it converts rightly too long, nothing wrong would leave: these graphs run."""
    matrix = make_matrix()
    booster = train(objective, matrix, **params)
    monkeypatch.setattr(converters, "_CONVERTED_RIGHTLY", (objective,))
    monkeypatch.setattr(converters, "_is_plain", lambda ensemble: True)
    if objective.startswith("rank:"):  # it makes a classifier of it
        as_part = converters._as_part
        monkeypatch.setattr(converters, "_as_part", lambda graph, task: as_part(graph, Task.BINARY))
    with pytest.raises(ParityError, match="does not agree"):
        export(
            booster,
            concat_preparation(),
            classes=None,
            sample_rows=as_columns(matrix[:200]),
            metadata={},
            converter="onnxmltools",
        )
    rescued = export(
        booster, concat_preparation(), classes=None, sample_rows=as_columns(matrix[:200]), metadata={}
    )
    assert rescued.converter == "tarn"
