"""Models of other libraries: their trees are run by the kernel, and say what the libraries themselves say."""

from __future__ import annotations

from typing import Any

import catboost
import lightgbm
import numpy as np
import pytest
import xgboost as xgb
from onnxmltools import convert_lightgbm, convert_xgboost
from onnxmltools.convert.common.data_types import FloatTensorType as ToolsFloat
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType
from sklearn.datasets import make_classification
from sklearn.ensemble import (
    AdaBoostClassifier,
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    RandomForestClassifier,
    VotingRegressor,
)
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeRegressor

from engine.inference import Runner, load_runner
from engine.inference.graphs import parse, plain
from engine.inference.proof import agree
from engine.inference.reference import ReferenceRunner

FEATURES = 7
TARGETS = {"": 17, "ai.onnx.ml": 3}


def data(classes: int, rows: int = 400) -> tuple[Any, Any]:
    made, labels = make_classification(
        rows, FEATURES, n_informative=5, n_redundant=0, n_classes=classes, random_state=0
    )
    return made.astype(np.float32), labels


def checked(model: Any, matrix: Any, runtime: str = "trees") -> tuple[Runner, dict[str, Any]]:
    """Our answers by output, after they have been held against onnxruntime's."""
    graph = model if isinstance(model, bytes) else model.SerializeToString()
    given = plain(graph)
    opened = parse(given.onnx)
    outputs = [one.name for one in opened.graph.output]
    runner = load_runner(graph, outputs)
    assert runner.runtime == runtime
    feeds = {opened.graph.input[0].name: matrix}
    answers = runner.run(feeds)
    assert agree(answers, ReferenceRunner(given.onnx, outputs).run(feeds))
    return runner, dict(zip(outputs, answers, strict=True))


@pytest.mark.parametrize("classes", [2, 3])
def test_xgboost(classes: int) -> None:
    matrix, labels = data(classes)
    matrix[::7, 2] = np.nan
    native = xgb.XGBClassifier(n_estimators=15, max_depth=4).fit(matrix, labels)
    made = convert_xgboost(native, initial_types=[("x", ToolsFloat([None, FEATURES]))])
    _, answers = checked(made, matrix)
    assert np.abs(answers["probabilities"] - native.predict_proba(matrix)).max() < 2e-6


@pytest.mark.parametrize("classes", [2, 3])
def test_lightgbm_with_missing_values_and_a_category(classes: int) -> None:
    matrix, labels = data(classes, 1200)
    matrix[:, 6] = np.random.default_rng(0).integers(0, 12, len(matrix))
    matrix[::5, 1] = np.nan
    labels = (labels + (matrix[:, 6] % 3 == 0)) % classes
    native = lightgbm.LGBMClassifier(n_estimators=15, verbose=-1, n_jobs=1).fit(
        matrix, labels, categorical_feature=[6]
    )
    made = convert_lightgbm(native, initial_types=[("x", ToolsFloat([None, FEATURES]))], zipmap=False)
    _, answers = checked(made, matrix)
    assert np.abs(answers["probabilities"] - native.predict_proba(matrix)).max() < 2e-5


@pytest.mark.parametrize("classes", [2, 3])
def test_catboost(classes: int, tmp_path: Any) -> None:
    matrix, labels = data(classes)
    native = catboost.CatBoostClassifier(
        iterations=15, depth=4, verbose=0, thread_count=1, train_dir=tmp_path
    )
    native.fit(matrix, labels)
    native.save_model(str(tmp_path / "model.onnx"), format="onnx")
    _, answers = checked((tmp_path / "model.onnx").read_bytes(), matrix)
    assert np.abs(answers["probabilities"] - native.predict_proba(matrix)).max() < 2e-6


@pytest.mark.parametrize(
    "native",
    [
        RandomForestClassifier(20, random_state=0),
        GradientBoostingClassifier(n_estimators=15),
        AdaBoostClassifier(n_estimators=5),
        make_pipeline(StandardScaler(), RandomForestClassifier(10, random_state=0)),
    ],
    ids=lambda one: type(one).__name__,
)
@pytest.mark.parametrize("classes", [2, 3])
def test_scikit_learn_classifiers(native: Any, classes: int) -> None:
    matrix, labels = data(classes)
    native.fit(matrix, labels)
    made = to_onnx(native, initial_types=[("x", FloatTensorType([None, FEATURES]))], target_opset=TARGETS)
    _, answers = checked(made, matrix)
    assert (answers["output_label"] == native.predict(matrix)).mean() > 0.99
    assert np.abs(answers["output_probability"] - native.predict_proba(matrix)).max() < 1e-5


@pytest.mark.parametrize(
    "native",
    [
        DecisionTreeRegressor(max_depth=12),
        ExtraTreesRegressor(10, random_state=0),
        VotingRegressor([("a", DecisionTreeRegressor(max_depth=4)), ("b", LinearRegression())]),
    ],
    ids=lambda one: type(one).__name__,
)
def test_scikit_learn_regressors(native: Any) -> None:
    matrix, labels = data(2)
    native.fit(matrix, labels + matrix[:, 0])
    made = to_onnx(native, initial_types=[("x", FloatTensorType([None, FEATURES]))], target_opset=TARGETS)
    _, answers = checked(made, matrix)
    assert np.abs(answers["variable"].reshape(-1) - native.predict(matrix)).max() < 1e-5


@pytest.mark.parametrize("size", [1, 32])
def test_a_fixed_batch_is_no_limit(size: int) -> None:
    matrix, labels = data(3)
    native = RandomForestClassifier(5, random_state=0).fit(matrix, labels)
    made = to_onnx(
        native,
        initial_types=[("x", FloatTensorType([size, FEATURES]))],
        target_opset=TARGETS,
        options={"zipmap": False},
    )
    runner = load_runner(made.SerializeToString(), ["label", "probabilities"])
    _, probabilities = runner.run({"x": matrix[:77]})
    assert np.abs(probabilities - native.predict_proba(matrix[:77])).max() < 1e-6
    assert runner.runtime == "trees"


def test_a_model_without_trees_is_onnxruntimes() -> None:
    matrix, labels = data(2)
    native = LinearRegression().fit(matrix, labels)
    made = to_onnx(native, initial_types=[("x", FloatTensorType([None, FEATURES]))], target_opset=TARGETS)
    checked(made, matrix, runtime="onnxruntime")
