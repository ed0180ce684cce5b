"""A large row group is shared out in stretches; the rows of a query are scored once, in whatever files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scoring_models import rows, scores_of, write

from engine import Workspace
from engine.ml.model import Model
from engine.ml.scoring import units as units_module
from engine.ml.scoring.packing import share_out
from engine.pool import WorkspacePool


def path_of(workspace: Workspace, folder: Path) -> str:
    return str(folder.relative_to(workspace.home))


def test_stretches_of_a_row_group_are_scored_side_by_side(
    pool: WorkspacePool,
    scoring_home: Workspace,
    folder: Path,
    model: Model,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(units_module, "SPAN", 700)
    frame = rows(5000, 1)
    frame.loc[[3, 699, 700, 4999], "y"] = 5000.0  # the model has no such entry
    write(frame, folder / "large.parquet", group=5000)
    small = rows(900, 2)
    write(small, folder / "small.parquet", group=900)
    source = scoring_home.dataset(path_of(scoring_home, folder))
    job = pool.score(model, source, into="dbo.stretches", keep=["id"])
    found = job.result()
    assert (found.report.units, found.rows, found.bad_rows) == (9, 5896, 4)
    assert job.status().parts == 3, "the large group is worth two parts on two cores"
    table = found.table.to_pandas().set_index("id").sort_index()
    good = frame[frame["y"] < 5000]
    np.testing.assert_allclose(table.loc[good["id"], "score"], scores_of(good), atol=1e-6)
    np.testing.assert_allclose(table.loc[small["id"], "score"], scores_of(small), atol=1e-6)
    assert len(table) == 5896
    assert found.bad_table is not None
    assert sorted(found.bad_table.to_pandas()["source_row"]) == [4, 700, 701, 5000]
    assert pool.score(model, source, into="dbo.stretches", keep=["id"]).result().report.skipped_rows == 5900


@given(st.lists(st.integers(0, 1 << 30), min_size=1, max_size=40), st.integers(1, 16))
def test_stretches_are_shared_out_once_and_evenly(weights: list[int], cores: int) -> None:
    parts = share_out(weights, cores)
    assert [at for part in parts for at in part] == list(range(len(weights)))
    sizes = [len(part) for part in parts]
    assert len(parts) == min(cores, len(weights))
    assert max(sizes) - min(sizes) <= 1


def test_rows_that_a_query_gives_again_are_not_scored_again(
    pool: WorkspacePool, scoring_home: Workspace, folder: Path, model: Model
) -> None:
    frame = rows(900, 1)
    write(frame, folder / "one.parquet")
    bulk = f"OPENROWSET(BULK '{path_of(scoring_home, folder)}/*.parquet', FORMAT = 'PARQUET') AS r"

    def scored(limit: int) -> tuple[int, int]:
        query = f"SELECT * FROM {bulk} WHERE id < {limit}"
        found = pool.score(model, query, into="dbo.of_query_twice", keep=["id"]).result()
        ids = found.table.to_pandas()["id"]
        assert sorted(ids) == sorted(frame["id"][frame["id"] < limit])
        return found.rows, found.report.skipped_rows

    assert scored(2_000_000) == (900, 0)
    assert scored(2_000_000) == (0, 900)
    again, kept = scored(1_000_500)
    assert again + kept == 500
    assert again > 0, "the last of the rows come in other files now"
    # Twice the same rows are two files of the same content, and both count.
    twice = f"SELECT * FROM {bulk} WHERE id < 1000100 UNION ALL SELECT * FROM {bulk} WHERE id < 1000100"
    found = pool.score(model, twice, into="dbo.of_query_twice", keep=["id"]).result()
    assert found.table.count() == 200


def test_a_job_that_is_read_back_tells_its_pace(
    pool: WorkspacePool, scoring_home: Workspace, folder: Path, model: Model
) -> None:
    write(rows(900, 1), folder / "one.parquet")
    source = scoring_home.dataset(path_of(scoring_home, folder))
    job = pool.score(model, source, into="dbo.pace", keep=["id"])
    [back] = [one for one in scoring_home.jobs if one.id == job.id]
    assert back.status().rows_per_second == pytest.approx(900 / back.status().seconds)
    assert " 0 rows/s" not in repr(back)


def test_a_frame_is_metered(pool: WorkspacePool, model: Model) -> None:
    import dask.dataframe as dd

    frame = rows(1000, 1)
    before = pool.usage().counts.get("bytes_read", 0)
    pool.score(model, dd.from_pandas(frame, npartitions=2), into="dbo.metered", keep=["id"], force=True)
    read = pool.usage().counts["bytes_read"] - before
    assert read >= 1000 * (8 + 4 + 8)  # id, x and y, beside the words


def test_a_text_that_is_kept_and_read_stands_beside_its_score(
    pool: WorkspacePool, scoring_home: Workspace, folder: Path, model: Model
) -> None:
    frame = rows(700, 1)
    frame.loc[[0, 350], "word"] = None
    for month, part in enumerate((frame[:400], frame[400:])):
        (folder / f"month={month}").mkdir()
        write(part.drop(columns="unused"), folder / f"month={month}" / "rows.parquet", group=150)
    source = scoring_home.dataset(path_of(scoring_home, folder))
    found = pool.score(model, source, into="dbo.kept_text", keep=["id", "word", "month"]).result()
    table = found.table.to_pandas().sort_values("id", ignore_index=True)
    np.testing.assert_allclose(table["score"], scores_of(frame), atol=1e-6)
    assert table["word"].fillna("").tolist() == frame["word"].fillna("").tolist()
    assert table["month"].tolist() == [0] * 400 + [1] * 300
