"""PREDICT on real pools of one node and of several, over models that a table holds, against onnxruntime itself."""

# ruff: noqa: E501 - SQL reads better unbroken

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import onnxruntime as ort
import predict_models as models
import pytest

from engine import Workspace

if TYPE_CHECKING:
    from pathlib import Path

MODELS = "CREATE TABLE dbo.Models (Id INT IDENTITY(1, 1), Model VARBINARY(MAX), Description VARCHAR(200)) WITH (DISTRIBUTION = ROUND_ROBIN, HEAP)"
TRIPS = "CREATE TABLE dbo.nyc_taxi WITH (DISTRIBUTION = HASH(tripId)) AS SELECT * FROM OPENROWSET(BULK 'trips.parquet', FORMAT = 'PARQUET') AS r"
PREDICT = """SELECT d.tripId, d.paymentType, p.variable AS fare FROM PREDICT(
    MODEL = (SELECT Model FROM dbo.Models WHERE Description = '{}'),
    DATA = (SELECT tripId, paymentType, tripDistance, tripTimeSecs FROM dbo.nyc_taxi) AS d, RUNTIME = ONNX)
    WITH (variable REAL) AS p"""


def wide() -> bytes:
    """A regression over two of the data's columns, each an input of its own."""
    from skl2onnx import to_onnx
    from skl2onnx.common.data_types import FloatTensorType
    from sklearn.compose import make_column_transformer
    from sklearn.ensemble import RandomForestRegressor
    from sklearn.pipeline import make_pipeline

    frame, names = models.trips(), ["tripDistance", "tripTimeSecs"]
    made = make_pipeline(
        make_column_transformer(("passthrough", names)),
        RandomForestRegressor(n_estimators=10, max_depth=5, random_state=0),
    ).fit(frame[names], frame.fareAmount)
    kinds = [(name, FloatTensorType([None, 1])) for name in names]
    return bytes(
        to_onnx(made, initial_types=kinds, target_opset={"": 18, "ai.onnx.ml": 3}).SerializeToString()
    )


@pytest.mark.parametrize(
    "nodes", [2, pytest.param(1, marks=pytest.mark.slow), pytest.param(3, marks=pytest.mark.slow)]
)
def test_models_of_a_table_score_on_every_node(tmp_path: Path, nodes: int) -> None:
    graph = wide()
    (tmp_path / "models.csv").write_text(f"{graph.hex()},copied\n")
    models.trips().to_parquet(tmp_path / "trips.parquet", index=False)
    frame = models.trips().set_index("tripId")
    feeds = {
        name: frame[name].to_numpy(np.float32).reshape(-1, 1) for name in ("tripDistance", "tripTimeSecs")
    }
    fares = ort.InferenceSession(graph).run(None, feeds)[0][:, 0]
    with Workspace(tmp_path).dedicated("predicts", nodes=nodes, progress=False) as pool:
        pool.sql(f"{MODELS}; {TRIPS}")
        pool.sql("COPY INTO dbo.Models (Model, Description) FROM 'models.csv' WITH (ROWTERMINATOR = '0x0A')")
        pool.sql(f"INSERT INTO dbo.Models (Model, Description) VALUES (0x{graph.hex()}, 'inserted')")
        for filled in ("copied", "inserted"):
            rows: dict[str, list[Any]] = pool.sql(PREDICT.format(filled)).to_arrow().to_pydict()
            order = np.argsort(rows["tripId"])
            assert np.asarray(rows["tripId"])[order].tolist() == frame.index.tolist()
            assert np.allclose(np.asarray(rows["fare"])[order], fares, atol=1e-4)
        text = PREDICT.format("inserted")
        pool.sql(f"CREATE VIEW dbo.fares AS {text}")
        pool.sql(
            "CREATE TABLE dbo.scored WITH (DISTRIBUTION = HASH(tripId)) AS SELECT tripId, fare FROM dbo.fares"
        )
        joined = "SELECT COUNT(*) AS n, AVG(CAST(s.fare AS FLOAT)) AS fare FROM dbo.scored AS s JOIN dbo.nyc_taxi AS t ON t.tripId = s.tripId WHERE t.paymentType = 1"
        [row] = pool.sql(joined).to_arrow().to_pylist()
        chosen = fares[(frame.paymentType == 1).to_numpy()]
        assert row["n"] == len(chosen)
        assert row["fare"] == pytest.approx(chosen.astype(float).mean(), rel=1e-6)
