"""Random data and random ways of boosting: what XGBoost trains, we export."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xgboost as xgb
from export_cases import OBJECTIVES, answer, as_columns, concat_preparation, make_label, make_matrix, train
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from onnx import ModelProto, TensorProto, helper

from engine.ml.export import export, parse_booster

DATA = Path(__file__).resolve().parents[3].parent / "shared" / "data"


@st.composite
def boosters(draw: st.DrawFn) -> tuple[xgb.Booster, NDArray[np.float32]]:
    objective = draw(st.sampled_from(OBJECTIVES))
    matrix = make_matrix(draw(st.sampled_from([60, 500])), seed=draw(st.integers(0, 99)))
    matrix *= np.float32(10.0 ** draw(st.integers(-6, 6)))  # thresholds far below and above 1
    if draw(st.booleans()):
        matrix = np.round(matrix)  # ties: many values lie on thresholds
    matrix[:, 4] = np.random.default_rng(0).integers(0, draw(st.sampled_from([2, 9, 60])), len(matrix))
    label = make_label(objective, make_matrix(len(matrix), seed=3))
    matrix[np.random.default_rng(1).random(matrix.shape) < draw(st.sampled_from([0, 0.2, 0.9]))] = np.nan
    params: dict[str, Any] = {
        "max_depth": draw(st.integers(1, 7)),
        "eta": draw(st.sampled_from([0.05, 0.3, 1.0])),
        "categorical": draw(st.booleans()),
        "max_cat_to_onehot": draw(st.sampled_from([1, 4, 100])),
        "num_parallel_tree": draw(st.sampled_from([1, 1, 3])),
        "booster": draw(st.sampled_from(["gbtree", "gbtree", "dart"])),
        "min_child_weight": draw(st.sampled_from([0, 1, 30])),
        "subsample": 0.8,
        "seed": 7,
    }
    booster = train(objective, matrix, rounds=draw(st.integers(1, 6)), label=label, **params)
    if draw(st.booleans()):
        booster.set_attr(best_iteration=draw(st.integers(0, 5)))
    return booster, matrix


@settings(max_examples=40, deadline=None)
@given(boosters())
def test_whatever_xgboost_trains_passes_the_gate(case: tuple[xgb.Booster, NDArray[np.float32]]) -> None:
    booster, matrix = case
    rows = as_columns(matrix[:40])
    exported = export(
        booster, concat_preparation(), classes=None, sample_rows=rows, metadata={}, converter="tarn"
    )
    assert exported.report.passed
    assert exported.report.max_abs_diff <= 5e-6
    assert exported.rounds == parse_booster(booster).rounds


def diamonds_preparation(texts: dict[str, list[str]], numbers: list[str]) -> ModelProto:
    """Texts become codes, an unknown one NaN; numbers pass."""
    names = [*texts, *numbers]
    encoders = [
        helper.make_node(
            "LabelEncoder", [name], [f"{name} code"], domain="ai.onnx.ml",
            keys_strings=known, values_floats=[float(code) for code in range(len(known))],
            default_float=float("nan"),
        )
        for name, known in texts.items()
    ]  # fmt: skip
    columns = [f"{name} code" for name in texts] + numbers
    kinds = {name: TensorProto.STRING if name in texts else TensorProto.FLOAT for name in names}
    graph = helper.make_graph(
        [*encoders, helper.make_node("Concat", columns, ["features"], axis=1)],
        "diamonds",
        [helper.make_tensor_value_info(name, kind, [None, 1]) for name, kind in kinds.items()],
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, [None, len(names)])],
    )
    opsets = [helper.make_opsetid("", 18), helper.make_opsetid("ai.onnx.ml", 3)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=10)


@pytest.mark.shared
@pytest.mark.skipif(not (DATA / "diamonds.csv").exists(), reason="needs ../shared/data/diamonds.csv")
@pytest.mark.parametrize("categorical", [False, True])
def test_diamonds_from_raw_texts_to_prices_and_cuts(categorical: bool) -> None:
    import pandas as pd

    frame = pd.read_csv(DATA / "diamonds.csv")[::3]
    numbers = ["carat", "depth", "table", "x", "y", "z"]
    texts = {name: sorted(frame[name].unique().tolist()) for name in ("color", "clarity")}
    prep = diamonds_preparation(texts, numbers)
    rows = {name: frame[name].to_numpy(object) for name in texts}
    rows |= {name: frame[name].to_numpy(np.float32) for name in numbers}
    codes = [frame[name].map(texts[name].index).to_numpy(np.float32) for name in texts]
    matrix = np.stack([*codes, *(rows[name] for name in numbers)], axis=1)
    kinds = ["c" if categorical else "q"] * 2 + ["q"] * 6

    def fit(label: NDArray[Any], **params: Any) -> xgb.Booster:
        data = xgb.DMatrix(matrix, label, feature_types=kinds, enable_categorical=categorical)
        return xgb.train({"nthread": 1, "max_depth": 6, **params}, data, 15)

    price = fit(frame["price"].to_numpy(), objective="reg:gamma")
    sample = {name: column[::20] for name, column in rows.items()}
    priced = export(price, prep, classes=None, sample_rows=sample, metadata={})
    assert priced.converter == ("tarn" if categorical else "onnxmltools")
    assert np.allclose(answer(priced.onnx, rows)["score"][:, 0], price.inplace_predict(matrix), rtol=1e-5)

    cuts = sorted(frame["cut"].unique().tolist())
    cut = fit(frame["cut"].map(cuts.index).to_numpy(), objective="multi:softprob", num_class=len(cuts))
    judged = export(cut, prep, classes=cuts, sample_rows=sample, metadata={})
    got, wanted = answer(judged.onnx, rows), cut.inplace_predict(matrix)
    assert np.abs(got["probabilities"] - wanted).max() <= 1e-5
    assert (got["label"] == np.array(cuts, object)[wanted.argmax(axis=1)]).mean() > 0.9999
