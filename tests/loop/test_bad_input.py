"""Bad input ends in one clear line that names the thing, with nothing half-written."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from optuna.distributions import IntDistribution

from engine import Workspace
from engine.cli import main
from engine.errors import (
    DataError,
    LakeError,
    NotFoundError,
    OptionError,
    PoolStateError,
    SignatureError,
    TarnError,
    UnsupportedError,
)
from engine.events import MemoryLog, TrialFailed
from engine.ml.split import Split
from engine.ml.tuning.fit import Job
from engine.ml.tuning.fits import PoolFits
from engine.ml.tuning.watch import Recorder
from engine.pool import WorkspacePool

SPACE = {"max_depth": IntDistribution(2, 3)}


def rows(ws: Workspace, **columns: list[object]) -> object:
    folder = Path(ws.home) / "raw"
    folder.mkdir(parents=True)
    pq.write_table(pa.table(columns), folder / "rows.parquet")
    return ws.dataset("raw")


def one_line(error: TarnError, *words: str) -> None:
    text = str(error)
    assert "\n" not in text
    for word in words:
        assert word in text, text


def test_a_file_that_is_not_there(lake: Workspace) -> None:
    with pytest.raises(NotFoundError) as caught:
        lake.dataset("raw/nothing-*.csv")
    one_line(caught.value, "nothing-*.csv")
    assert lake.datasets() == []


def test_a_table_that_is_not_there(lake: Workspace) -> None:
    with pytest.raises(NotFoundError) as caught:
        lake.table("dbo.absent")
    one_line(caught.value, "dbo.absent")


def test_a_label_that_is_not_there(lake: Workspace, pool: WorkspacePool) -> None:
    source = rows(lake, a=[1.0, 2.0], b=[0, 1])
    with pytest.raises(NotFoundError) as caught:
        pool.tune(source, target="c", space=SPACE)
    one_line(caught.value, "'c'", "a, b")


def test_a_label_with_one_class(lake: Workspace, pool: WorkspacePool) -> None:
    source = rows(lake, a=[1.0, 2.0], b=["x", "x"])
    with pytest.raises(DataError) as caught:
        pool.train(source, target="b")
    one_line(caught.value, "'b'", "one class only: 'x'")


def test_a_label_that_is_all_null(lake: Workspace, pool: WorkspacePool) -> None:
    source = rows(lake, a=[1.0, 2.0], b=pa.array([None, None], pa.int64()))
    with pytest.raises(DataError) as caught:
        pool.train(source, target="b")
    one_line(caught.value, "'b'", "no value")


def test_no_rows_at_all(lake: Workspace, pool: WorkspacePool) -> None:
    source = rows(lake, a=pa.array([], pa.float64()), b=pa.array([], pa.int64()))
    with pytest.raises(DataError) as caught:
        pool.train(source, target="b")
    one_line(caught.value, "'b'")


def test_no_feature_left(lake: Workspace, pool: WorkspacePool) -> None:
    source = rows(lake, a=pa.array([None] * 4, pa.float64()), b=[0, 1, 0, 1])
    with pytest.raises(DataError) as caught:
        pool.train(source, target="b")
    one_line(caught.value, "'a'")


@pytest.mark.parametrize("column", ["a", "b"])
def test_infinite_values(lake: Workspace, pool: WorkspacePool, column: str) -> None:
    good = {"a": [float(i) for i in range(100)], "b": [i / 7 for i in range(100)]}
    source = rows(lake, **{**good, column: [*good[column][:-1], float("inf")]})
    with pytest.raises(DataError) as caught:
        pool.train(source, target="b", features=_passthrough())
    one_line(caught.value, f"{column}'", "infinite")


def test_weights_that_are_all_zero(lake: Workspace, pool: WorkspacePool) -> None:
    source = rows(lake, a=list(range(100)), b=[0, 1] * 50, w=[0.0] * 100)
    with pytest.raises(DataError) as caught:
        pool.train(source, target="b", weight="w")
    one_line(caught.value, "'w'", "0 in every row of the train fold")


def test_a_weight_is_asked_of_labelled_rows_alone(lake: Workspace, pool: WorkspacePool) -> None:
    source = rows(lake, a=list(range(100)), b=[None, *[0, 1] * 49, 1], w=[None, *[1.0] * 99])
    assert pool.training_set(source, target="b", weight="w").rows.sum() == 99


def test_what_is_named_or_given_by_mistake(lake: Workspace, pool: WorkspacePool) -> None:
    source = rows(lake, a=list(range(100)), b=[0, 1] * 50)
    with pytest.raises(NotFoundError) as absent:
        pool.train(source, target=None)
    one_line(absent.value, "None", "a, b")
    for verb in (pool.train, partial(pool.tune, space=SPACE)):
        with pytest.raises(OptionError) as nan:
            verb(source, target="b", params={"eta": float("nan")})
        one_line(nan.value, "'eta' is NaN")
    with pytest.raises(OptionError) as nothing:
        lake.models.register("m", None)
    one_line(nothing.value, "NoneType", "pool.train")
    assert lake.models.names() == []


def test_a_fit_that_diverges(lake: Workspace, pool: WorkspacePool) -> None:
    source = rows(lake, a=list(range(100)), b=[float(i) * 1e33 for i in range(100)])
    with pytest.raises(DataError) as caught:
        pool.train(source, target="b", params={"eta": 1000.0}, rounds=20)
    one_line(caught.value, "'b' has diverged", "eta")


def test_a_search_whose_validation_rows_have_one_class_ends_with_its_first_trial(
    lake: Workspace, pool: WorkspacePool
) -> None:
    split = ["train"] * 80 + ["valid"] * 20
    source = rows(lake, a=list(range(100)), b=[0, 1] * 40 + [0] * 20, s=split)
    with pytest.raises(DataError) as caught:
        pool.tune(source, target="b", space=SPACE, split=Split(column="s"))
    one_line(caught.value, "'auc'", "'b' has one class only there", "stratify")


def _passthrough() -> object:
    from sklearn.compose import make_column_transformer

    return make_column_transformer(("passthrough", ["a"]))


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"space": {"max_dept": IntDistribution(2, 3)}}, "max_depth"),
        ({"space": SPACE, "params": {"max_depth": 3}}, "max_depth"),
        ({"space": {"max_depth": (2, 3)}}, "Optuna distribution"),
        ({"space": SPACE, "trials": 0}, "trials"),
        ({"space": SPACE, "params": {"objective": "binary:logistic"}}, "objective="),
        ({"space": SPACE, "valid": 0.9, "test": 0.2}, "split"),
        ({"space": SPACE, "params": {"booster": "gblinear"}}, "gblinear"),
        ({"space": {"max_depth": IntDistribution(-5, -4)}}, "max_depth"),
        ({"space": SPACE, "objective": "survival:cox"}, "survival:cox"),
    ],
)
def test_settings_that_make_no_sense(pool: WorkspacePool, settings: dict[str, object], words: str) -> None:
    with pytest.raises((OptionError, UnsupportedError)) as caught:
        pool.tune(pool.workspace.dataset("raw/trips"), target="payment_type", **settings)
    one_line(caught.value, words)


def test_a_model_wants_columns_that_the_source_lacks(lake: Workspace, pool: WorkspacePool) -> None:
    source = rows(lake, a=[float(i) for i in range(200)], b=[i % 2 for i in range(200)])
    model = pool.workspace.models.register("narrow", pool.train(source, target="b", rounds=2))
    other = pd.DataFrame({"z": [1.0]})
    pq.write_table(pa.Table.from_pandas(other), Path(lake.home) / "other.parquet")
    with pytest.raises(SignatureError) as caught:
        pool.score(model, lake.dataset("other.parquet"), into="dbo.none")
    one_line(caught.value, "'a'", "'z'")
    assert "dbo.none" not in pool.workspace.tables()


def test_a_kept_column_that_is_a_score(lake: Workspace, pool: WorkspacePool) -> None:
    source = rows(lake, a=[float(i) for i in range(200)], label=[i % 2 for i in range(200)])
    model = pool.workspace.models.register("kept", pool.train(source, target="label", rounds=2))
    with pytest.raises(OptionError) as caught:
        pool.score(model, source, into="dbo.none", keep=["label"])
    one_line(caught.value, "'label'")


def test_a_worker_that_fails_leaves_the_table_as_it_was(lake: Workspace, pool: WorkspacePool) -> None:
    import dask.dataframe as dd

    good = dd.from_pandas(pd.DataFrame({"x": range(10)}), npartitions=3)
    table = pool.write(good, into="dbo.kept")
    bad = good.map_partitions(_break_third, meta={"x": "int64"})
    with pytest.raises(ValueError, match="third"):
        pool.write(bad, into="dbo.kept")
    again = pool.workspace.table("dbo.kept")
    assert again.version == table.version
    assert sorted(again.to_pandas()["x"]) == list(range(10))
    files = {p.name for p in (Path(pool.workspace.home) / "tables").rglob("*.parquet") if "kept" in str(p)}
    assert len(files) == 3


def _break_third(frame: pd.DataFrame) -> pd.DataFrame:
    if (frame["x"] > 7).any():
        raise ValueError("the third partition is bad")
    return frame


def test_a_pool_that_is_paused_or_new(workspace: Workspace) -> None:
    sleeping = workspace.dedicated("sleeping", nodes=1, progress=False)
    with pytest.raises(PoolStateError) as caught:
        sleeping.train(workspace.dataset("raw/trips"), target="payment_type")
    one_line(caught.value, "'sleeping'", "start()")


@pytest.mark.parametrize(
    "arguments",
    [
        ["demo", "--rows", "3"],
        ["demo", "--data", "absent.csv"],
        ["demo", "--label", "x"],
    ],
)
def test_the_command_says_it_in_one_line(
    arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = tmp_path / "home"
    assert main([*arguments, "--home", str(home)]) == 1
    said = capsys.readouterr().err.strip()
    assert said.startswith("tarn: ")
    assert "\n" not in said
    assert not home.exists()


def test_a_pandas_frame_is_written_and_learned_from_by_name(pool: WorkspacePool) -> None:
    frame = pd.DataFrame({"x": range(400), "y": [float(row % 7) for row in range(400)]})
    table = pool.write(frame, into="dbo.from_pandas")
    pd.testing.assert_frame_equal(table.to_pandas().sort_values("x", ignore_index=True), frame)
    assert pool.train("dbo.from_pandas", target="y", rounds=2).lineage.source == "dbo.from_pandas"
    with pytest.raises(OptionError) as caught:
        pool.train(frame, target="y", rounds=2)  # type: ignore[arg-type]
    one_line(caught.value, "DataFrame", "pool.write")
    with pytest.raises(OptionError) as caught:
        pool.write([1, 2], into="dbo.none")  # type: ignore[arg-type]
    one_line(caught.value, "list", "pandas")


def test_a_broken_file_is_named(lake: Workspace) -> None:
    folder = Path(lake.home) / "raw"
    folder.mkdir(parents=True)
    (folder / "torn.parquet").write_bytes(b"PAR1 torn")
    with pytest.raises(LakeError) as caught:
        lake.dataset("raw")
    one_line(caught.value, "torn.parquet")


def test_a_trial_that_fails_stands_in_the_log_with_its_error(pool: WorkspacePool) -> None:
    def refuses(job: Job, models: list[bytes]) -> None:
        raise OptionError(f"trial {job.number} cannot be fitted", "Try another.")

    log = MemoryLog()
    record = Recorder("tips", log.bind(), maximise=True)
    job = Job("tips", 4, {}, 0, 10, best=0.0, since=0, seconds=None, core_seconds=None)
    with PoolFits(pool, refuses, record.failed) as fits:  # type: ignore[arg-type]
        fits.start(job, b"")
        with pytest.raises(OptionError, match="trial 4"):
            fits.next()
    assert log.events == [TrialFailed("tips", 4, "OptionError", "trial 4 cannot be fitted")]
