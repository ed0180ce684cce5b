"""What stands with a registered version, what a failed one may not do, and models made again bit for bit."""

from __future__ import annotations

import functools
import pickle
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from optuna.distributions import IntDistribution
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler, TargetEncoder

from engine import Split, Workspace
from engine.errors import NotFoundError, OptionError, ParityError, UnsupportedError
from engine.lake import Table, write_table
from engine.ml import registry
from engine.ml.metric import CustomMetric
from engine.ml.study import Trial
from engine.ml.trained import TrainedModel
from engine.pool import WorkspacePool
from engine.prep import Signature, frame

ROWS = 2_000
FEATURES = ColumnTransformer(
    [
        ("n", make_pipeline(SimpleImputer(), StandardScaler()), ["Größe in m", "n"]),
        ("w", OneHotEncoder(handle_unknown="infrequent_if_exist", max_categories=3), ["Straße"]),
    ]
)


def rows(seed: int = 0) -> pa.Table:
    random = np.random.default_rng(seed)
    size = random.normal(size=ROWS)
    return pa.table(
        {
            "Größe in m": pa.array(size, mask=random.random(ROWS) < 0.1),
            "n": pa.array(random.integers(0, 9, ROWS), mask=random.random(ROWS) < 0.2),
            "Straße": pa.array(random.choice(["Öl-Gasse", " a b ", "", "ß", "x"], ROWS)),
            "id": pa.array([f"nr {place}" for place in random.integers(0, 600, ROWS)]),
            "y": pa.array((size + random.normal(size=ROWS) > 0).astype(np.int64)),
        }
    )


def table(workspace: Workspace, name: str, seed: int = 0) -> Table:
    data = rows(seed)
    return write_table(workspace.storage, name, [data.slice(0, 900), data.slice(900)], make=lambda part: part)


@pytest.fixture(scope="module")
def trained(pool: WorkspacePool, workspace: Workspace) -> TrainedModel:
    source = table(workspace, "lineage_rows")
    return pool.train(
        source,
        target="y",
        features=FEATURES,
        split=Split(test=0.3, stratify=True, seed=4),
        params={"max_depth": 3, "subsample": 0.8},
        rounds=15,
        seed=3,
    )


def test_a_version_tells_what_decided_it(
    trained: TrainedModel, pool: WorkspacePool, workspace: Workspace
) -> None:
    model = workspace.models.register("told", trained, alias=["champion", "first"])
    assert set(model.aliases) == {"champion", "first"}
    lineage = workspace.models.lineage(model)
    assert lineage["source"]["name"] == "dbo.lineage_rows"
    assert lineage["source"]["version"] == workspace.table("lineage_rows").version
    assert len(lineage["source"]["files"]) == 2
    assert Split(**lineage["split"]) == Split(test=0.3, stratify=True, seed=4)
    assert lineage["columns"]["target"] == "y"
    assert lineage["training"]["params"]["max_depth"] == 3
    assert lineage["metrics"] == dict(trained.evaluation.metrics)
    assert {"xgboost", "scikit-learn", "python"} <= lineage["libraries"].keys()
    assert "tarn" in lineage["code"]
    report = workspace.models.parity(model)
    assert report["passed"]
    told = workspace.events.to_pandas("model_registered").iloc[-1]
    assert (told["model"], told["model_version"]) == ("told", 1)
    assert told["parity"]["rows"] > 0
    assert told["tracking"].endswith(f"mlflow.db#/experiments/1/runs/{model.run_id}")
    assert model.spread is not None
    assert sum(model.spread.training) == len(trained.sample)
    names = {probe["name"] for probe in report["probes"]}
    assert {"sample", "thresholds", "missing", "extremes", "raw unseen", "2 threads"} <= names
    assert {"batches of 1", "batches of 7", "batches of 4096"} <= names


def test_scores_are_counted_beside_those_of_training(
    trained: TrainedModel, pool: WorkspacePool, workspace: Workspace
) -> None:
    model = workspace.models.register("counted", trained)
    before = pool.usage()
    scored = pool.score(model, workspace.table("lineage_rows"), into="dbo.counted").result()
    assert (pool.usage() - before).counts["bytes_read"] == scored.report.bytes_read > 0
    begun = workspace.events.to_pandas("scoring_started").iloc[-1]
    parts = workspace.events.to_pandas("partition_scored")
    counts = np.sum([list(one) for one in parts[parts["job"] == begun["job"]]["histogram"]], axis=0)
    wanted, _ = np.histogram(scored.table.to_pandas()["score"].to_numpy(np.float64), bins=begun["edges"])
    assert counts.sum() == scored.rows
    assert np.abs(counts - wanted).sum() <= 4  # float32 lies on the other side of an edge
    run = workspace.events.to_pandas("run_started").iloc[-1]
    stages = workspace.events.to_pandas("stage_finished").iloc[-1]
    assert (stages["run"], stages["stage"]) == (run["run"], "score into dbo.counted")


def test_a_version_that_fails_takes_no_alias(
    trained: TrainedModel, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    models = workspace.models
    good = models.register("judged", trained)
    monkeypatch.setattr(registry, "export", functools.partial(registry.export, tolerance=-1.0))
    with pytest.raises(
        ParityError, match=r"Version 2 of model 'judged'.*probe '.*off by .*allowed"
    ) as caught:
        models.register("judged", trained, alias="champion")
    assert caught.value.data["version"] == 2
    bad = models.get("judged", 2)
    assert bad.aliases == ()
    assert not models.parity(bad)["passed"]
    assert models.current("judged").version == good.version
    with pytest.raises(ParityError, match="failed the parity gate"):
        models.alias("judged", "challenger", 2)
    models.alias("judged", "challenger", 1)
    with pytest.raises(ParityError):
        models.register("only bad", trained, alias=None)
    assert models.get("only bad").version == 1


def test_one_fit_is_made_again_bit_for_bit(
    trained: TrainedModel, pool: WorkspacePool, workspace: Workspace
) -> None:
    model = workspace.models.register("again", trained)
    later = table(workspace, "lineage_rows", seed=9)  # another version: the pinned one is still there
    assert later.version is not None
    again = pool.retrain(model)
    assert again.identical
    assert again.changes == ()
    assert again.model.booster == trained.booster
    assert again.model.evaluation.metrics == trained.evaluation.metrics


def test_the_best_of_a_study_is_made_again_bit_for_bit(pool: WorkspacePool, workspace: Workspace) -> None:
    study = pool.tune(
        table(workspace, "study_rows"),
        target="y",
        features=FEATURES,
        space={"max_depth": IntDistribution(2, 4)},
        params={"subsample": 0.7},
        trials=3,
        max_rounds=12,
        seed=5,
    )
    workspace.models.register("best", study.best)
    again = pool.retrain("best")
    assert again.identical, again.changes
    assert again.model.booster == study.best.booster
    assert study.best_trial.model().booster == study.best.booster
    [other, *_] = [trial for trial in study.trials if trial != study.best_trial]
    check_trial(pool, workspace, other)
    done = pickle.loads(pickle.dumps(other))
    assert done == other
    with pytest.raises(OptionError, match="not of a study at hand"):
        workspace.models.register("other", done)


def check_trial(pool: WorkspacePool, workspace: Workspace, trial: Trial) -> None:
    """A trial that has not won is a version like any other, and it is made again bit for bit."""
    model = workspace.models.register("other", trial, alias="challenger")
    assert model.aliases == ("challenger",)
    lineage = workspace.models.lineage(model)
    assert lineage["training"]["params"].items() >= trial.params.items()
    assert lineage["training"]["rounds"] == trial.rounds
    again = pool.retrain(model)
    assert again.identical, again.changes
    assert again.model.booster == trial.model().booster


def test_files_that_changed_are_named(pool: WorkspacePool, workspace: Workspace) -> None:
    folder = Path(workspace.home) / "pinned"
    folder.mkdir()
    for place, name in enumerate(["a.parquet", "b.parquet", "c.parquet"]):
        pq.write_table(rows(place), folder / name)
    source = workspace.dataset("pinned")
    model = workspace.models.register(
        "files", pool.train(source, target="y", features=FEATURES, rounds=5, params={"max_depth": 2})
    )
    assert pool.retrain(model).identical
    pq.write_table(rows(7), folder / "b.parquet")
    (folder / "c.parquet").unlink()
    pq.write_table(rows(8), folder / "d.parquet")
    again = pool.retrain(model)
    assert not again.identical
    assert {"b.parquet has changed", "c.parquet is gone", "d.parquet is new"} <= {
        change.rsplit("/", 1)[-1] for change in again.changes
    }


def test_what_cannot_be_made_again_says_why(
    trained: TrainedModel, pool: WorkspacePool, workspace: Workspace
) -> None:
    more = pool.train(trained.data, model=trained, rounds=18, seed=3)
    workspace.models.register("more", more)
    with pytest.raises(UnsupportedError, match="went on from another model"):
        pool.retrain("more")
    metric = CustomMetric("hits", lambda p, y: float(((p > 0.5) == y).mean()), maximise=True)
    own = pool.train("dbo.lineage_rows", target="y", features=FEATURES, metric=metric, rounds=3)
    workspace.models.register("own", own)
    with pytest.raises(UnsupportedError, match="has a metric of its own"):
        pool.retrain("own")
    with pytest.raises(NotFoundError, match="no model 'never'"):
        pool.retrain("never")
    with pytest.raises(OptionError, match="taken for a version"):
        workspace.models.register("x", trained, alias="latest")
    assert "x" not in workspace.models.names()


def test_encodings_by_the_label_neither_leak_nor_differ_from_scikit_learn(
    pool: WorkspacePool, workspace: Workspace
) -> None:
    """With 600 categories and a label of noise, encodings that knew their own row would be a signal."""
    data = rows(21)
    noise = pa.array(np.random.default_rng(2).integers(0, 2, ROWS))
    data = data.set_column(data.column_names.index("y"), "y", noise)
    source = write_table(workspace.storage, "noise", [data.slice(0, 700), data.slice(700)], make=lambda t: t)
    encoder = ColumnTransformer([("t", TargetEncoder(), ["id"])])
    made = pool.training_set(source, target="y", features=encoder, split=Split(test=0.3, seed=1))
    model = pool.train(made, rounds=20, params={"max_depth": 3})
    assert abs(model.evaluation.metrics["auc"] - 0.5) < 0.06
    recipe = made.blocks.recipe
    folds = recipe.assignment.folds(data)
    seen = frame(data, Signature.of(data.schema, ["id"]))
    learning, truth = folds != 2, noise.to_numpy()
    theirs = TargetEncoder().fit(seen[learning], truth[learning])
    np.testing.assert_allclose(
        made.features.transformer.named_transformers_["t"].encodings_[0], theirs.encodings_[0], rtol=1e-9
    )
    matrix = np.concatenate([block.matrix for block in map(made.blocks.block, range(2))])
    plain = theirs.transform(seen)
    stored = np.concatenate([block.folds for block in map(made.blocks.block, range(2))])
    np.testing.assert_allclose(np.sort(matrix[stored == 2, 0]), np.sort(plain[~learning, 0]), rtol=1e-6)
    assert np.abs(np.sort(matrix[stored != 2, 0]) - np.sort(plain[learning, 0])).max() > 0.05
