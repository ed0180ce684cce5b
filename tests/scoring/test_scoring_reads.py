"""What a job reads of its source, and the rows that it refuses before the model sees them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from scoring_models import onnxruntime_says, tree_model, tree_rows

from engine import Workspace
from engine.ml.scoring import work
from engine.ml.scoring.plan import Request, Scorers
from engine.ml.scoring.sources import origin_of
from engine.pool import WorkspacePool


def stored_bytes(path: Path, columns: Sequence[str]) -> int:
    footer = pq.read_metadata(path)
    groups = [footer.row_group(at) for at in range(footer.num_row_groups)]
    chunks = [group.column(at) for group in groups for at in range(group.num_columns)]
    return sum(one.total_compressed_size for one in chunks if one.path_in_schema in columns)


def test_columns_that_no_tree_asks_are_not_read(
    pool: WorkspacePool, scoring_home: Workspace, folder: Path
) -> None:
    given = tree_rows(3000, 1)
    pq.write_table(given, folder / "one.parquet", row_group_size=1000)
    name = str(folder.relative_to(scoring_home.home))
    model = tree_model()
    found = pool.score(model, scoring_home.dataset(name), into="dbo.asked", keep=["id"]).result()
    wanted = {"id", "f0", "f1", "f2", "f3", "f4", "f5", "count"}
    assert set(found.report.columns) == wanted
    assert found.report.left_out == ("f6", "f7")
    assert "left out: f6, f7" in str(found.report)
    assert found.report.bytes_read == stored_bytes(folder / "one.parquet", sorted(wanted))
    scores = found.table.to_arrow(["id", "score"]).sort_by("id").column("score").to_numpy()
    np.testing.assert_allclose(scores, onnxruntime_says(model, given), atol=1e-6)


def test_a_task_is_handed_no_other_columns(scoring_home: Workspace, folder: Path) -> None:
    """What the reader hands to a task is what the report says: nothing else is decoded."""
    pq.write_table(tree_rows(500, 2), folder / "one.parquet")
    origin = origin_of(scoring_home.dataset(str(folder.relative_to(scoring_home.home))))
    scorers = Scorers.of(Request(tree_model(), "dbo.any", ("id",)), origin.schema)
    assert origin.reader is not None
    units = origin.units(origin.reader.storage, scorers.reads)
    job = work.Work(scorers.champion, scorers.columns, {}, scorers.reads, origin.schema, origin.reader)
    batches = [batch for _, batch, _ in work._read(work.Part(0, tuple(units)), job) if batch is not None]
    assert {name for batch in batches for name in batch.table.schema.names} == set(scorers.reads)
    assert {"f6", "f7"}.isdisjoint(scorers.reads)


def test_a_missing_whole_number_is_a_bad_row(
    pool: WorkspacePool, scoring_home: Workspace, folder: Path
) -> None:
    given = tree_rows(1000, 1)
    counts = given.column("count").to_pylist()
    counts[17] = counts[400] = None
    at = given.schema.get_field_index("count")
    pq.write_table(given.set_column(at, "count", pa.array(counts, pa.int64())), folder / "one.parquet")
    name, model = str(folder.relative_to(scoring_home.home)), tree_model()
    found = pool.score(model, scoring_home.dataset(name), into="dbo.lacking", keep=["id"]).result()
    assert (found.rows, found.bad_rows) == (998, 2)
    assert found.bad_table is not None
    bad = found.bad_table.to_pandas().sort_values("source_row")
    assert bad["source_row"].tolist() == [18, 401]
    assert set(bad["column"]) == {"count"}
    assert set(bad["reason"]) == {"is missing, and the model needs it"}
    assert bad["value"].isna().all()
    rest = np.delete(np.arange(1000), [17, 400])
    scores = found.table.to_arrow(["id", "score"]).sort_by("id").column("score").to_numpy()
    np.testing.assert_allclose(scores, onnxruntime_says(model, given.take(pa.array(rest))), atol=1e-6)
