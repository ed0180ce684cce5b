"""The main job end to end, on generated trips and on data with other names, against plain libraries."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xgboost as xgb
from clusters import cluster
from sklearn.metrics import roc_auc_score

from engine import Workspace
from engine.cli import main
from engine.demo import taxi
from engine.demo.loop import SCORES, TABLE
from engine.lake import Table

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
SUMMARY = {
    "rows",
    "auc",
    "onnx_max_abs_diff",
    "scored_rows",
    "scored_rows_per_s",
    "bytes_read",
    "seconds",
    "stages",
    "table",
    "model",
    "dashboard",
}


def demo(capsys: pytest.CaptureFixture[str], home: Path, *arguments: str) -> dict[str, object]:
    assert main(["demo", "--home", str(home), "--trials", "2", "--rounds", "20", "--json", *arguments]) == 0
    return dict(json.loads(capsys.readouterr().out.splitlines()[-1]))


def plain_auc(raw: pd.DataFrame, seed: int = 7) -> float:
    """What one process makes of the same rows with pandas, XGBoost and scikit-learn alone."""
    columns = taxi.recognise(raw.columns)
    assert columns is not None
    rows = taxi.derive(taxi.clean(raw, columns), columns)
    matrix = pd.get_dummies(rows[[*columns.numeric, *columns.categorical]], dtype="float32")
    test = np.random.default_rng(seed).random(len(rows)) < 0.2
    train = xgb.DMatrix(matrix[~test], label=rows.tipped[~test])
    params = {"objective": "binary:logistic", "max_depth": 6, "eta": 0.2, "seed": seed}
    predicted = xgb.train(params, train, 20).predict(xgb.DMatrix(matrix[test]))
    return float(roc_auc_score(rows.tipped[test], predicted))


def test_generated_trips(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    summary = demo(capsys, tmp_path / "home", "--rows", "40000")
    ws = Workspace(tmp_path / "home")
    raw = ws.dataset("raw/trips").to_pandas()
    assert set(summary) >= SUMMARY
    assert summary["rows"] == summary["scored_rows"] == len(raw) == 40_000
    # The folds differ, and 8,000 test rows put one standard error at 0.003.
    assert summary["auc"] == pytest.approx(plain_auc(raw), abs=0.01)
    assert isinstance(summary["onnx_max_abs_diff"], float)
    assert summary["onnx_max_abs_diff"] < 1e-5
    assert ws.table(SCORES).count() == 40_000
    assert ws.table(SCORES).columns == ["trip_id", "score", "label", "model_version", "source_file"]
    assert "payment_card" in (tmp_path / "home" / "report.html").read_text()
    stages = summary["stages"]
    assert isinstance(stages, dict)
    assert list(stages) == ["ingest", "explore", "prepare", "tune", "export", "score"]


def test_on_a_scheduler_that_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with cluster(tmp_path) as there:
        summary = demo(capsys, tmp_path / "home", "--rows", "3000", "--address", there.address)
    assert summary["rows"] == summary["scored_rows"] == 3000
    assert summary["onnx_labels_flipped"] == 0


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared data sets are not beside the project")
@pytest.mark.parametrize(
    ("file", "label", "rows"),
    [
        ("taxis.csv", None, 6433),
        pytest.param("diamonds.csv", "cut", 53940, marks=pytest.mark.slow),
        pytest.param("pollution.csv", "pm2.5", 43824, marks=pytest.mark.slow),
        pytest.param("nyc_weather_2013.csv", "origin", 26115, marks=pytest.mark.slow),
    ],
)
def test_a_file_of_the_users_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], file: str, label: str | None, rows: int
) -> None:
    wanted = ["--label", label] if label else []
    summary = demo(capsys, tmp_path / "home", "--data", str(SHARED / file), *wanted)
    assert summary["rows"] == summary["scored_rows"] == rows
    assert summary["onnx_labels_flipped"] == 0
    assert Workspace(tmp_path / "home").tables() == [TABLE, SCORES]


def test_names_and_types_that_nobody_foresaw(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rng = np.random.default_rng(0)
    count = 3000
    frame = pd.DataFrame(
        {
            "Größe (cm)": rng.normal(170, 10, count).round(1),
            "select": rng.choice(["a b", "c,d", 'e"f', ""], count),
            "score": rng.integers(0, 5, count),
            "wann": pd.to_datetime("2020-02-29") + pd.to_timedelta(rng.integers(0, 10**7, count), "s"),
            "leer": np.nan,
        }
    )
    frame.loc[::7, "Größe (cm)"] = np.nan
    frame["ja?"] = np.where(rng.random(count) < 0.2 + 0.5 * (frame["select"] == "c,d"), "yes", "no")
    frame.loc[::11, "ja?"] = None
    frame.to_csv(tmp_path / "a file.csv", index=False)
    summary = demo(capsys, tmp_path / "home", "--data", str(tmp_path / "a file.csv"), "--label", "ja?")
    assert summary["scored_rows"] == count
    assert summary["prepared_rows"] == int(frame["ja?"].notna().sum())
    assert isinstance(summary["auc"], float)
    assert summary["auc"] > 0.6
    labels = Workspace(tmp_path / "home").table(SCORES).to_pandas()["label"]
    assert set(labels) <= {"yes", "no"}


READER = """
import json, sys
import mlflow, pandas as pd
from mlflow import MlflowClient

uri, name, rows = sys.argv[1:]
mlflow.set_tracking_uri(uri)
client = MlflowClient()
version = client.get_model_version_by_alias(name, "champion")
export = client.get_run(version.run_id)
runs = mlflow.search_runs(experiment_names=["tarn"])
model = mlflow.pyfunc.load_model(f"models:/{name}@champion")
inputs = [column.name for column in model.metadata.signature.inputs]
frame = pd.read_parquet(rows)[inputs]
texts = [column.name for column in model.metadata.signature.inputs if column.type.name == "string"]
answer = model.predict(frame.astype({text: object for text in texts}))
trained = client.get_run(export.data.tags["tarn.trained_by"])
print(json.dumps({
    "kinds": sorted(set(runs["tags.tarn.kind"])),
    "unfinished": int((runs["status"] != "FINISHED").sum()),
    "children": int(runs["tags.mlflow.parentRunId"].notna().sum()),
    "diff": export.data.metrics["onnx_max_abs_diff"],
    "source": [trained.data.tags["tarn.source"], trained.data.tags["tarn.source_version"]],
    "inputs": inputs,
    "scores": [float(score) for score in answer["score"].ravel()],
}))
"""


def test_an_unmodified_mlflow_client_reads_it_all(workspace: Workspace, tmp_path: Path) -> None:
    table, name = _train_one(workspace)
    rows = tmp_path / "rows.parquet"
    table.to_pandas().head(50).to_parquet(rows)
    read = subprocess.run(
        [sys.executable, "-c", READER, workspace.models.tracking.uri, name, str(rows)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert read.returncode == 0, read.stderr[-2000:]
    seen = json.loads(read.stdout.splitlines()[-1])
    assert set(seen["kinds"]) >= {"study", "trial", "train", "export"}
    assert seen["children"] >= 2
    assert seen["diff"] < 1e-5
    assert seen["source"] == [table.name, str(table.version)]
    assert "tipped" not in seen["inputs"]
    scored = workspace.table("dbo.read_by_mlflow").to_pandas()
    np.testing.assert_allclose(seen["scores"], scored["score"].head(50), atol=1e-6)


def _train_one(workspace: Workspace) -> tuple[Table, str]:
    from optuna.distributions import IntDistribution

    from engine.demo.job import job_for

    with workspace.dedicated("mlflow", nodes=1, progress=False) as pool:
        job = job_for(workspace.dataset("raw/trips"), None)
        table = pool.write(job.prepared(), into="dbo.for_mlflow")
        study = pool.tune(
            table,
            target="tipped",
            features=job.features,
            space={"max_depth": IntDistribution(2, 4)},
            trials=2,
            max_rounds=5,
        )
        workspace.models.register("tip", pool.train(study.data, rounds=5))
        pool.score("tip", table, into="dbo.read_by_mlflow")
    return table, "tip"


def test_rolling_back_works_as_the_first_thing_done(workspace: Workspace) -> None:
    table, name = _train_one(workspace)
    newest = workspace.models.versions(name)[-1].version
    again = Workspace(workspace.home)
    assert again.models.alias(name, "champion", newest).version == newest
    assert again.models.current(name).version == newest
    del table
