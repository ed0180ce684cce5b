"""Scoring as a user has it, held against numpy: sources, second runs, bad rows, shadows, stops."""

from __future__ import annotations

from pathlib import Path

import dask.dataframe as dd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from scoring_models import rows, scores_of, small_model, write

from engine import Shadow, Workspace
from engine.errors import JobCancelledError, JobStoppedError, OptionError, SignatureError, WriteError
from engine.events import PartitionScored, RunFinished, ScoringFinished, ScoringStarted, ScoringStopped
from engine.lake import Table, open_table
from engine.ml.model import Model
from engine.pool import WorkspacePool


def expect(table: Table, frame: pd.DataFrame, *, slope: float = 0.5) -> pd.DataFrame:
    """The table has each row of the frame once, with its score."""
    found = table.to_pandas().sort_values("id", ignore_index=True)
    wanted = frame.sort_values("id", ignore_index=True)
    assert found["id"].tolist() == wanted["id"].tolist()
    np.testing.assert_allclose(found["score"], scores_of(wanted, slope=slope), atol=1e-6)
    return found


def path_of(workspace: Workspace, folder: Path) -> str:
    return str(folder.relative_to(workspace.home))


def test_a_second_run_scores_what_is_new_or_stale(
    pool: WorkspacePool, scoring_home: Workspace, folder: Path, model: Model
) -> None:
    one, two, three = rows(1500, 1), rows(700, 2), rows(300, 3)
    write(one, folder / "one.parquet")
    write(two, folder / "two.parquet")
    source = path_of(scoring_home, folder)

    def score(**settings: object) -> tuple[int, int]:
        found = pool.score(
            model, scoring_home.dataset(source), into="dbo.second", keep=["id"], **settings
        ).result()
        return found.rows, found.report.skipped_rows

    assert score() == (2200, 0)
    first = expect(scoring_home.table("dbo.second"), pd.concat([one, two]))
    assert first["source_file"].value_counts().to_dict() == {
        f"{source}/one.parquet": 1500,
        f"{source}/two.parquet": 700,
    }
    assert set(first["model_version"]) == {1}
    assert score() == (0, 2200)
    assert scoring_home.table("dbo.second").version == 0
    write(three, folder / "three.parquet")
    changed = rows(600, 4)
    write(changed, folder / "two.parquet")
    assert score() == (900, 1500)
    expect(scoring_home.table("dbo.second"), pd.concat([one, changed, three]))
    (folder / "three.parquet").unlink()
    assert score() == (0, 2100)
    expect(scoring_home.table("dbo.second"), pd.concat([one, changed]))
    assert score(force=True) == (2100, 0)
    expect(scoring_home.table("dbo.second"), pd.concat([one, changed]))
    newer = small_model("small", 2, slope=0.25)
    pool.score(newer, scoring_home.dataset(source), into="dbo.second", keep=["id"])
    found = expect(scoring_home.table("dbo.second"), pd.concat([one, changed]), slope=0.25)
    assert set(found["model_version"]) == {2}
    expect(scoring_home.table("dbo.second", version=0), pd.concat([one, two]))


def test_rows_that_sql_changed_are_scored_again(
    pool: WorkspacePool, scoring_home: Workspace, folder: Path, model: Model
) -> None:
    frame = rows(400, 1)
    write(frame, folder / "one.parquet")
    source = path_of(scoring_home, folder)
    pool.score(model, scoring_home.dataset(source), into="dbo.touched", keep=["id"])
    pool.sql("DELETE FROM dbo.touched WHERE score > 0.5")
    assert (
        pool.score(model, scoring_home.dataset(source), into="dbo.touched", keep=["id"]).result().rows == 400
    )
    expect(scoring_home.table("dbo.touched"), frame)


def test_append_keeps_what_other_sources_gave(
    pool: WorkspacePool, scoring_home: Workspace, folder: Path, model: Model
) -> None:
    one, two = rows(400, 1), rows(300, 2)
    (folder / "a").mkdir()
    (folder / "b").mkdir()
    write(one, folder / "a" / "one.parquet")
    write(two, folder / "b" / "two.parquet")
    source = path_of(scoring_home, folder)
    for name in ("a", "b", "a"):
        pool.score(
            model,
            scoring_home.dataset(f"{source}/{name}"),
            into="dbo.added",
            keep=["id"],
            mode="append" if scoring_home.tables().count("dbo.added") else "create",
        )
    expect(scoring_home.table("dbo.added"), pd.concat([one, two]))
    newer = small_model("small", 2, slope=0.25)
    pool.score(newer, scoring_home.dataset(f"{source}/b"), into="dbo.added", keep=["id"], mode="append")
    found = scoring_home.table("dbo.added").to_pandas()
    assert found.groupby("model_version")["id"].count().to_dict() == {1: 400, 2: 300}
    with pytest.raises(WriteError, match="other columns"):
        pool.score(model, scoring_home.dataset(f"{source}/b"), into="dbo.added", mode="append")
    with pytest.raises(WriteError, match="there already"):
        pool.score(model, scoring_home.dataset(f"{source}/b"), into="dbo.added", mode="create")


def test_every_kind_of_source_gives_the_same(
    pool: WorkspacePool, scoring_home: Workspace, folder: Path, model: Model
) -> None:
    frame = rows(900, 1)
    write(frame, folder / "one.parquet", group=250)
    empty = frame.iloc[:0]
    write(empty, folder / "empty.parquet")
    source = path_of(scoring_home, folder)
    dataset = scoring_home.dataset(source)
    table = pool.write(dd.from_pandas(frame, npartitions=3), into="dbo.sources")
    pool.write(dd.from_pandas(frame.iloc[:10], npartitions=1), into="dbo.sources")
    sources = {
        "dataset": dataset,
        "table": table,
        "name": "dbo.sources@0",
        "path": source,
        "frame": dd.from_pandas(frame, npartitions=4).query("id >= 0"),
        "query": f"SELECT * FROM OPENROWSET(BULK '{source}/*.parquet', FORMAT = 'PARQUET') AS r",
    }
    for name, given in sources.items():
        found = pool.score(model, given, into=f"dbo.of_{name}", keep=["id"]).result()
        assert (found.rows, found.bad_rows, found.bad_table) == (900, 0, None), name
        expect(found.table, frame)
    assert pool.score(model, sources["frame"], into="dbo.of_frame", keep=["id"]).result().rows == 0
    assert not list(Path(scoring_home.home, "jobs", "scoring").glob("rows-*")), "a query's rows are gone"
    nothing = pool.score(
        model, scoring_home.dataset(f"{source}/empty.parquet"), into="dbo.of_nothing"
    ).result()
    assert (nothing.rows, nothing.table.count()) == (0, 0)


def test_only_what_is_used_is_read(
    pool: WorkspacePool, scoring_home: Workspace, folder: Path, model: Model
) -> None:
    write(rows(1000, 1), folder / "one.parquet")
    found = pool.score(model, scoring_home.dataset(path_of(scoring_home, folder)), into="dbo.used").result()
    assert (set(found.report.columns), set(found.report.left_out)) == ({"x", "y", "word"}, {"id", "unused"})
    footer = pq.read_metadata(folder / "one.parquet")
    sizes = {
        footer.row_group(group).column(at).path_in_schema: 0
        for group in range(footer.num_row_groups)
        for at in range(footer.num_columns)
    }
    for group in range(footer.num_row_groups):
        for at in range(footer.num_columns):
            chunk = footer.row_group(group).column(at)
            sizes[chunk.path_in_schema] += chunk.total_compressed_size
    assert found.report.bytes_read == sizes["x"] + sizes["y"] + sizes["word"]
    assert found.report.bytes_stored == sum(sizes.values())


def test_columns_are_renamed_and_refused_by_name(
    pool: WorkspacePool, scoring_home: Workspace, folder: Path, model: Model
) -> None:
    write(rows(100, 1), folder / "one.parquet")
    source = scoring_home.dataset(path_of(scoring_home, folder))
    rename = {"score": "risk", "source_file": "file"}
    found = pool.score(model, source, into="dbo.renamed", keep=["id", "word"], rename=rename)
    assert found.table.columns == ["id", "word", "risk", "label", "model_version", "file"]
    for settings, words in (
        ({"keep": ["id", "id"]}, "twice"),
        ({"rename": {"score": "label"}}, "label"),
        ({"rename": {"no": "label"}}, "'no'"),
        ({"keep": ["no"]}, "'no'"),
        ({"max_bad_fraction": 2.0}, "max_bad_fraction"),
        ({"runtime": "abacus"}, "abacus"),
        ({"mode": "merge"}, "merge"),
    ):
        with pytest.raises(OptionError, match=words):
            pool.score(model, source, into="dbo.refused", **settings)
    write(rows(100, 1).drop(columns=["y", "word"]), folder / "one.parquet")
    with pytest.raises(SignatureError, match="'word', 'y'"):
        pool.score(model, scoring_home.dataset(path_of(scoring_home, folder)), into="dbo.refused")
    assert "dbo.refused" not in scoring_home.tables()


def test_bad_rows_of_parquet_have_their_address(
    pool: WorkspacePool, scoring_home: Workspace, folder: Path, model: Model
) -> None:
    frame = rows(1200, 1)
    frame.loc[700, "y"] = 5000.0  # no place of the model's table
    frame.loc[[3, 1100], "x"] = np.nan  # missing is the model's own business
    frame["x"] = frame["x"].astype("float64")
    frame.loc[250, "x"] = 1e300
    write(frame, folder / "one.parquet")
    found = pool.score(
        model, scoring_home.dataset(path_of(scoring_home, folder)), into="dbo.bad", keep=["id"]
    ).result()
    assert (found.rows, found.bad_rows) == (1198, 2)
    assert found.bad_table is not None
    bad = found.bad_table.to_pandas().sort_values("source_row", ignore_index=True)
    assert bad["source_row"].tolist() == [251, 701]
    assert bad["column"].tolist()[0] == "x"
    assert float(bad["value"][0]) == 1e300
    assert "range" in bad["reason"][0]
    assert "refuses" in bad["reason"][1]
    assert bad["source_file"].str.endswith("one.parquet").all()
    kept = found.table.to_pandas()
    assert sorted(kept["id"]) == sorted(frame["id"].drop([250, 700]))
    assert kept["score"].isna().sum() == 2


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "csv.gz"])
def test_bad_rows_of_text(
    pool: WorkspacePool, scoring_home: Workspace, folder: Path, model: Model, suffix: str
) -> None:
    import gzip

    frame = rows(300, 1)
    if suffix == "jsonl":
        lines = frame.to_json(orient="records", lines=True).splitlines()
        lines[40] = lines[40].replace('"x":', '"x":"much","was":')
        lines[200] = lines[200][:-9]
    else:
        header, *lines = frame.to_csv(index=False).splitlines()
        fields = lines[40].split(",")
        lines[40] = ",".join([fields[0], "much", *fields[2:]])
        lines[200] += ",more"
        lines = [header, *lines]
    text = ("\n".join(lines) + "\n").encode()
    (folder / f"one.{suffix}").write_bytes(gzip.compress(text) if suffix.endswith("gz") else text)
    kinds = {
        "id": pa.int64(),
        "x": pa.float32(),
        "unused": pa.float64(),
        "y": pa.float64(),
        "word": pa.string(),
    }
    source = scoring_home.dataset(
        path_of(scoring_home, folder), schema=pa.schema(list(kinds.items())), inspect_bytes=0
    )
    found = pool.score(model, source, into="dbo.bad_text", keep=["id"], force=True).result()
    assert (found.rows, found.bad_rows) == (298, 2)
    assert found.bad_table is not None
    bad = found.bad_table.to_pandas().sort_values("source_row", ignore_index=True)
    assert bad["source_row"].tolist() == [41, 201]
    assert (bad["column"][0], bad["value"][0]) == ("x", "much")
    expect(found.table, frame.drop([40, 200]))


def test_too_many_bad_rows_stop_a_job_that_goes_on_later(
    pool: WorkspacePool, scoring_home: Workspace, folder: Path, model: Model
) -> None:
    frame = rows(1000, 1)
    write(frame, folder / "one.parquet", group=100)
    source = path_of(scoring_home, folder)
    pool.score(model, scoring_home.dataset(source), into="dbo.limit", keep=["id"])
    worse = frame.copy()
    worse.loc[::50, "y"] = -5000.0
    write(worse, folder / "one.parquet", group=100)
    with pytest.raises(JobStoppedError, match="max_bad_fraction") as caught:
        pool.score(model, scoring_home.dataset(source), into="dbo.limit", keep=["id"], max_bad_fraction=0.01)
    expect(scoring_home.table("dbo.limit"), frame)
    stopped = scoring_home.jobs[0]
    assert (stopped.id, stopped.status().state) == (caught.value.data["job"], "stopped")
    with pytest.raises(JobStoppedError):
        pool.resume(stopped.id)
    found = pool.resume(stopped.id, max_bad_fraction=0.02).result()
    assert (found.rows, found.bad_rows) == (980, 20)
    expect(found.table, worse.drop(worse.index[::50]))
    write(worse.iloc[::50], folder / "one.parquet")
    with pytest.raises(JobStoppedError, match="all of its 20 rows"):
        pool.score(model, scoring_home.dataset(source), into="dbo.limit", keep=["id"])


def test_a_challenger_scores_in_the_shadow(
    pool: WorkspacePool, scoring_home: Workspace, folder: Path, model: Model
) -> None:
    frame = rows(2000, 1)
    write(frame, folder / "one.parquet")
    source = scoring_home.dataset(path_of(scoring_home, folder))
    challenger = small_model("small", 2, slope=-0.5)
    found = pool.score(model, source, into="dbo.shadowed", keep=["id"], shadow=challenger).result()
    expect(found.table, frame)
    mine, theirs = scores_of(frame), scores_of(frame, slope=-0.5)
    flips = (mine > 0.5) != (theirs > 0.5)
    assert found.shadow is not None
    assert found.shadow.tally.flips == flips.sum()
    assert found.shadow.flip_rate == pytest.approx(flips.mean())
    assert found.shadow.tally.largest == pytest.approx(np.abs(mine - theirs).max(), abs=1e-6)
    median = found.shadow.quantiles["score"][0.5]
    assert median == pytest.approx((np.quantile(mine, 0.5), np.quantile(theirs, 0.5)), rel=0.02)
    assert found.disagreements is not None
    rows_apart = found.disagreements.to_pandas()
    assert sorted(rows_apart["id"]) == sorted(frame["id"][flips])
    told = frame.set_index("id").loc[rows_apart["id"]].reset_index()
    np.testing.assert_allclose(rows_apart["challenger_score"], scores_of(told, slope=-0.5), atol=1e-6)
    same = pool.score(model, source, into="dbo.same", keep=["id"], shadow=Shadow(model), force=True).result()
    assert same.shadow is not None
    assert (same.shadow.tally.differing, same.shadow.stability["score"]) == (0, pytest.approx(0, abs=1e-9))


def test_a_running_job_can_be_watched_cancelled_and_resumed(
    pool: WorkspacePool, scoring_home: Workspace, folder: Path, model: Model
) -> None:
    frames = [rows(200, seed) for seed in range(12)]
    for seed, frame in enumerate(frames):
        write(frame, folder / f"{seed:02d}.parquet")
    source = scoring_home.dataset(path_of(scoring_home, folder))
    job = pool.score(model, source, into="dbo.watched", keep=["id"], wait=False)
    job.cancel()
    assert job.status().state in ("cancelled", "finished")
    ended = [entry for entry in scoring_home.events.read() if isinstance(entry.event, RunFinished)][-1]
    assert ended.event.status == job.status().state
    scored_in = [entry for entry in scoring_home.events.read() if getattr(entry.event, "job", "") == job.id]
    # The run is over when its job is, not when the verb has given the job.
    assert max(entry.time for entry in scored_in if entry.run == ended.run) <= ended.time
    if job.status().state == "cancelled":
        with pytest.raises(JobCancelledError, match="cancelled"):
            job.result()
        assert "dbo.watched" not in scoring_home.tables()
    scored = job.status().done
    again = Workspace(scoring_home.home).jobs[0]
    assert (again.id, again.status().done) == (job.id, scored)
    shown = again._repr_html_()
    assert f"<td>{scored} of {job.status().parts}</td>" in shown
    assert "dbo.watched" in shown
    job.resume()
    expect(job.table, pd.concat(frames))
    assert job.status().state == "finished"
    assert job.status().done == job.status().parts
    assert job.resume().result().rows == 2400
    seen = [entry.event for entry in scoring_home.events.read() if getattr(entry.event, "job", "") == job.id]
    assert sum(event.rows for event in seen if isinstance(event, PartitionScored)) == 2400
    assert any(isinstance(event, ScoringStarted) for event in seen)
    assert any(isinstance(event, ScoringFinished) for event in seen)
    assert any(isinstance(event, ScoringStopped) for event in seen) == (scored < job.status().parts)


def test_a_stopped_job_can_be_forgotten(
    pool: WorkspacePool, scoring_home: Workspace, folder: Path, model: Model
) -> None:
    frame = rows(100, 1)
    frame["y"] = -5000.0
    write(frame, folder / "one.parquet")
    with pytest.raises(JobStoppedError) as caught:
        pool.score(model, scoring_home.dataset(path_of(scoring_home, folder)), into="dbo.forgotten")
    [job] = [job for job in scoring_home.jobs if job.id == caught.value.data["job"]]
    job.discard()
    assert job.id not in [one.id for one in scoring_home.jobs]
    assert not (Path(scoring_home.home) / "tables" / "dbo" / "forgotten").exists()


def test_the_table_version_is_the_one_that_was_committed(
    pool: WorkspacePool, scoring_home: Workspace, folder: Path, model: Model
) -> None:
    write(rows(100, 1), folder / "one.parquet")
    job = pool.score(model, scoring_home.dataset(path_of(scoring_home, folder)), into="dbo.versions")
    newest = open_table(scoring_home.storage, "dbo.versions")
    assert job.result().table.version == newest.version == 0
    assert newest.history[0].metadata["model"] == "small"
