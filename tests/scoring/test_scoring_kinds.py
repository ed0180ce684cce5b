"""Models of every kind that others publish: the job, PREDICT and onnxruntime on the rows say the same."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from onnx import TensorProto, helper, numpy_helper
from skl2onnx import to_onnx
from skl2onnx.common.data_types import (
    DoubleTensorType,
    FloatTensorType,
    Int64TensorType,
    StringTensorType,
)
from sklearn import cluster, ensemble, linear_model, naive_bayes, neighbors, neural_network, svm
from sklearn.compose import make_column_transformer
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

from engine import Workspace
from engine.pool import WorkspacePool

ROWS = 400
NUMBERS = ["n0", "n1", "n2", "n3"]
SQL = {"float": "REAL", "double": "FLOAT", "int64": "BIGINT", "string": "NVARCHAR(100)", "bool": "BIT"}


def make_rows() -> pd.DataFrame:
    chance = np.random.default_rng(5)
    frame = pd.DataFrame({name: chance.normal(size=ROWS).astype("float32") for name in NUMBERS})
    frame["zone"] = chance.choice(["soho", "queens", "bronx", "harlem"], ROWS)
    frame["pay"] = chance.choice(["cash", "card"], ROWS)
    frame["note"] = [" ".join(chance.choice(["Good", "bad", "slow", "ride"], 3)) for _ in range(ROWS)]
    frame["whole"] = chance.integers(0, 50, ROWS)
    return frame


FRAME = make_rows()
TWO = ((FRAME["n0"] + (FRAME["zone"] == "soho")) > 0.3).astype("int64").to_numpy()
THREE = np.array(["low", "mid", "high"])[np.digitize(FRAME["n1"], [-0.5, 0.5])]
AMOUNT = (FRAME["n0"] * 3 + FRAME["n1"] ** 2).to_numpy()
MATRIX = FRAME[NUMBERS].to_numpy()


def by_matrix(model: Any, label: Any, kind: Any = FloatTensorType, **options: Any) -> bytes:
    """One tensor for all numbers."""
    values = MATRIX.astype("float64") if kind is DoubleTensorType else MATRIX
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fitted = model.fit(values) if label is None else model.fit(values, label)
        made = to_onnx(fitted, initial_types=[("x", kind([None, len(NUMBERS)]))], **options)
    return bytes(made.SerializeToString())


def by_column(model: Any, columns: list[str], label: Any, **options: Any) -> bytes:
    """One input per column."""
    kinds = {"float32": FloatTensorType, "int64": Int64TensorType}
    types = [(name, kinds.get(str(FRAME[name].dtype), StringTensorType)([None, 1])) for name in columns]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = to_onnx(model.fit(FRAME[columns], label), initial_types=types, **options)
    return bytes(made.SerializeToString())


def prepared(model: Any, encoder: Any) -> Any:
    numbers = make_pipeline(SimpleImputer(), StandardScaler())
    return make_pipeline(make_column_transformer((numbers, NUMBERS), (encoder, ["zone", "pay"])), model)


def of_texts(vectorizer: Any) -> Any:
    both = make_column_transformer((vectorizer, "note"), (OneHotEncoder(), ["zone"]), ("passthrough", ["n0"]))
    return make_pipeline(both, linear_model.LogisticRegression())


def network() -> bytes:
    """Two layers by hand, of float64, with a softmax and the class beside it."""
    chance = np.random.default_rng(1)
    shapes = {"w1": (4, 8), "b1": (8,), "w2": (8, 3), "b2": (3,)}
    constants = [numpy_helper.from_array(chance.normal(size=size), name) for name, size in shapes.items()]
    nodes = [
        helper.make_node("Gemm", ["x", "w1", "b1"], ["hidden"]),
        helper.make_node("Relu", ["hidden"], ["active"]),
        helper.make_node("Gemm", ["active", "w2", "b2"], ["raw"]),
        helper.make_node("Softmax", ["raw"], ["chances"], axis=1),
        helper.make_node("ArgMax", ["chances"], ["place"], axis=1, keepdims=0),
    ]
    graph = helper.make_graph(
        nodes,
        "network",
        [helper.make_tensor_value_info("x", TensorProto.DOUBLE, [None, 4])],
        [
            helper.make_tensor_value_info("chances", TensorProto.DOUBLE, [None, 3]),
            helper.make_tensor_value_info("place", TensorProto.INT64, [None]),
        ],
        constants,
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return bytes(made.SerializeToString())


def lightgbm_of(label: Any, kind: str) -> bytes:
    import lightgbm
    from onnxmltools import convert_lightgbm
    from onnxmltools.convert.common.data_types import FloatTensorType as ToolsFloat

    model = getattr(lightgbm, kind)(n_estimators=12, verbose=-1).fit(MATRIX, label)
    made = convert_lightgbm(model, initial_types=[("x", ToolsFloat([None, 4]))], target_opset=15)
    return bytes(made.SerializeToString())


def catboost_of(label: Any, kind: str) -> bytes:
    import tempfile

    import catboost

    with tempfile.TemporaryDirectory() as folder:
        model = getattr(catboost, kind)(
            iterations=12, depth=4, verbose=False, train_dir=folder, allow_writing_files=False
        ).fit(MATRIX, label)
        model.save_model(f"{folder}/model.onnx", format="onnx")
        return Path(folder, "model.onnx").read_bytes()


def combined_trees() -> bytes:
    """The operator of version 5: a stump for either of two targets."""
    number = {
        name: numpy_helper.from_array(np.array(own, dtype=np.float32), name)
        for name, own in {"nodes_splits": [0.1, -0.4], "leaf_weights": [1.0, -2.0, 0.5, 4.0]}.items()
    }
    node = helper.make_node(
        "TreeEnsemble",
        ["x"],
        ["scores"],
        domain="ai.onnx.ml",
        tree_roots=[0, 1],
        n_targets=2,
        nodes_modes=numpy_helper.from_array(np.array([0, 3], dtype=np.uint8), "modes"),
        nodes_featureids=[1, 3],
        nodes_truenodeids=[0, 2],
        nodes_falsenodeids=[1, 3],
        nodes_trueleafs=[1, 1],
        nodes_falseleafs=[1, 1],
        leaf_targetids=[0, 0, 1, 1],
        **number,
    )
    graph = helper.make_graph(
        [node],
        "combined",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [None, 4])],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, [None, 2])],
    )
    domains = [helper.make_opsetid("", 18), helper.make_opsetid("ai.onnx.ml", 5)]
    return bytes(helper.make_model(graph, opset_imports=domains, ir_version=10).SerializeToString())


KINDS: dict[str, Callable[[], bytes]] = {
    "forest": lambda: by_matrix(ensemble.RandomForestClassifier(10, random_state=0), THREE),
    "boosting": lambda: by_matrix(ensemble.GradientBoostingClassifier(n_estimators=10), TWO),
    "isolation": lambda: by_matrix(
        ensemble.IsolationForest(n_estimators=10, random_state=0),
        None,
        target_opset={"": 17, "ai.onnx.ml": 3},
    ),
    "support_vectors": lambda: by_matrix(svm.SVC(random_state=0), TWO),
    "support_amounts": lambda: by_matrix(svm.SVR(), AMOUNT),
    "clusters": lambda: by_matrix(cluster.KMeans(4, n_init=1, random_state=0), None),
    "perceptron": lambda: by_matrix(neural_network.MLPClassifier((8,), max_iter=20, random_state=0), THREE),
    "bayes": lambda: by_matrix(naive_bayes.GaussianNB(), TWO),
    "neighbours": lambda: by_matrix(neighbors.KNeighborsRegressor(3), AMOUNT),
    "several_amounts": lambda: by_matrix(
        linear_model.LinearRegression(), np.stack([AMOUNT, -AMOUNT], axis=1)
    ),
    "forest_of_several": lambda: by_matrix(
        ensemble.RandomForestRegressor(5, random_state=0), np.stack([AMOUNT, -AMOUNT], axis=1)
    ),
    "plain_classes": lambda: by_matrix(
        linear_model.LogisticRegression(), THREE, options={linear_model.LogisticRegression: {"zipmap": False}}
    ),
    "float64": lambda: by_matrix(linear_model.Ridge(), AMOUNT, DoubleTensorType),
    "one_hot": lambda: by_column(
        prepared(ensemble.RandomForestClassifier(8, random_state=0), OneHotEncoder(handle_unknown="ignore")),
        [*NUMBERS, "zone", "pay"],
        TWO,
    ),
    "ordinal": lambda: by_column(
        prepared(ensemble.GradientBoostingRegressor(n_estimators=8), OrdinalEncoder()),
        [*NUMBERS, "zone", "pay"],
        AMOUNT,
    ),
    "tfidf": lambda: by_column(of_texts(TfidfVectorizer()), ["note", "zone", "n0"], TWO),
    "counted_words": lambda: by_column(
        of_texts(CountVectorizer(ngram_range=(1, 2))), ["note", "zone", "n0"], TWO
    ),
    "whole_numbers": lambda: by_column(linear_model.LinearRegression(), ["whole"], AMOUNT),
    "network": network,
    "lightgbm": lambda: lightgbm_of(THREE, "LGBMClassifier"),
    "lightgbm_amounts": lambda: lightgbm_of(AMOUNT, "LGBMRegressor"),
    "catboost": lambda: catboost_of(TWO, "CatBoostClassifier"),
    "catboost_amounts": lambda: catboost_of(AMOUNT, "CatBoostRegressor"),
    "combined_trees": combined_trees,
}


@pytest.fixture(scope="module")
def source(scoring_home: Workspace, pool: WorkspacePool) -> str:
    folder = Path(scoring_home.home) / "raw" / "kinds"
    folder.mkdir(parents=True)
    pq.write_table(
        pa.Table.from_pandas(FRAME, preserve_index=False), folder / "rows.parquet", row_group_size=150
    )
    numbers = ", ".join(NUMBERS)
    pool.sql(
        f"CREATE TABLE dbo.kinds AS SELECT ROW_NUMBER() OVER (ORDER BY n0) AS id, {numbers}, zone, pay, "
        "note, whole FROM OPENROWSET(BULK 'raw/kinds/*.parquet', FORMAT = 'PARQUET') AS r"
    )
    return "dbo.kinds"


def wanted(graph: bytes, frame: pd.DataFrame) -> dict[str, np.ndarray]:
    """What onnxruntime says of the rows, a column for each number of an answer."""
    session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
    kinds = {"tensor(float)": "float32", "tensor(double)": "float64", "tensor(int64)": "int64"}
    feeds = {}
    for one in session.get_inputs():
        columns = NUMBERS if len(one.shape) == 2 and one.shape[1] != 1 else [one.name]
        values = frame[columns].to_numpy().astype(kinds.get(one.type, object))
        feeds[one.name] = values if len(one.shape) == 2 else values.ravel()
    found: dict[str, np.ndarray] = {}
    for one, values in zip(session.get_outputs(), session.run(None, feeds), strict=True):
        if isinstance(values, list):
            found |= {f"{one.name}_{key}": np.array([row[key] for row in values]) for key in values[0]}
        elif values.ndim == 2 and values.shape[1] > 1:
            found |= {f"{one.name}_{at}": values[:, at] for at in range(values.shape[1])}
        else:
            found[one.name] = values.reshape(len(frame))
    return found


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_scores_alike_everywhere(
    pool: WorkspacePool, scoring_home: Workspace, source: str, kind: str, tmp_path: Path
) -> None:
    alike(pool, scoring_home, source, kind, tmp_path)


@pytest.mark.parametrize("kind", ["one_hot", "tfidf", "lightgbm"])
def test_some_kinds_score_alike_everywhere(
    pool: WorkspacePool, scoring_home: Workspace, source: str, kind: str, tmp_path: Path
) -> None:
    alike(pool, scoring_home, source, kind, tmp_path)


def alike(pool: WorkspacePool, home: Workspace, source: str, kind: str, folder: Path) -> None:
    graph = KINDS[kind]()
    path = folder / f"{kind}.onnx"
    path.write_bytes(graph)
    session_inputs = onnxruntime.InferenceSession(_plainly(graph)).get_inputs()
    wide = [one for one in session_inputs if len(one.shape) == 2 and one.shape[1] != 1]
    model = home.models.register(kind, path, columns=NUMBERS if wide else None)
    scored = pool.score(model, source, into=f"dbo.kind_{kind}", keep=["id"], force=True).result()
    assert (scored.rows, scored.bad_rows) == (ROWS, 0)
    frame = pool.sql(f"SELECT * FROM {source} ORDER BY id").to_pandas()
    found = scored.table.to_pandas().sort_values("id", ignore_index=True)
    names = [name for name in found.columns if name not in ("id", "model_version", "source_file")]
    kinds = {"float32": "REAL", "float64": "FLOAT", "int64": "BIGINT", "bool": "BIT"}
    columns = ", ".join(f"[{name}] {kinds.get(str(found[name].dtype), 'NVARCHAR(60)')}" for name in names)
    asked = pool.sql(
        f"SELECT d.id, p.* FROM PREDICT(MODEL = '{kind}', DATA = {source} AS d, RUNTIME = ONNX) "
        f"WITH ({columns}) AS p ORDER BY d.id"
    ).to_pandas()
    expected = wanted(_plainly(graph), frame)
    assert len(expected) == len(names)
    for name, theirs in zip(names, expected.values(), strict=True):
        for ours in (found[name], asked[name]):
            if theirs.dtype.kind == "f":
                np.testing.assert_allclose(ours.to_numpy("float64"), theirs, rtol=1e-5, atol=1e-5)
            else:
                assert (ours.to_numpy() == theirs).all()


def _plainly(graph: bytes) -> bytes:
    """The graph as this machine's onnxruntime loads it, whatever locales it has."""
    from engine.inference.graphs import parse

    model = parse(graph)
    for node in model.graph.node:
        if node.op_type == "StringNormalizer":
            node.attribute.append(helper.make_attribute("locale", "C.UTF-8"))
    return bytes(model.SerializeToString())
