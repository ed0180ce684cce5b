"""Trees that are cut down by statistics say what the whole trees say, of every row of the part."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scoring_models import onnxruntime_says, tree_model, tree_rows

from engine import Workspace
from engine.lake.bounds import known_of
from engine.ml.scoring import cutting
from engine.ml.scoring.cutting import cut_down
from engine.ml.scoring.scorer import scorer_for
from engine.ml.scoring.sources import origin_of
from engine.pool import WorkspacePool

MODELS = {True: tree_model(trees=20, own=True), False: tree_model(trees=20)}


def column(rows: pa.Table, name: str, values: pa.Array) -> pa.Table:
    return rows.set_column(rows.schema.get_field_index(name), name, values)


def bands(count: int, seed: int, *, floats: pa.DataType, nulls: float, width: float) -> pa.Table:
    """Rows of which some columns lie within narrow ranges; NaN and infinities among them."""
    chance = np.random.default_rng(seed)
    rows = tree_rows(count, seed)
    for name in ("f0", "f1", "f2", "f3"):
        values = chance.normal() + width * chance.random(count)
        special = chance.random(count)
        values = np.where(special < nulls, np.nan, values)
        values = np.where(special > 1 - nulls / 20, chance.choice([-np.inf, np.inf, 0.0, -0.0]), values)
        mask = chance.random(count) < nulls
        rows = column(rows, name, pa.array(values.astype(floats.to_pandas_dtype()), mask=mask))
    low = int(chance.integers(0, 20))
    return column(rows, "count", pa.array(chance.integers(low, low + 3, count)))


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    seed=st.integers(0, 10**6),
    own=st.booleans(),
    nulls=st.sampled_from([0.0, 0.05, 1.0]),
    width=st.sampled_from([0.0, 0.1, 1.0]),
    parts=st.integers(1, 3),
)
def test_a_part_says_the_same_cut_down(
    scoring_home: Workspace,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    seed: int,
    own: bool,
    nulls: float,
    width: float,
    parts: int,
) -> None:
    monkeypatch.setattr(cutting, "_WORTH", 0.0)
    floats = pa.float64() if own else pa.float32()
    groups = [bands(200, seed + at, floats=floats, nulls=nulls, width=width) for at in range(parts)]
    path = Path(scoring_home.home) / "raw" / "narrow.parquet"
    path.parent.mkdir(exist_ok=True)
    with pq.ParquetWriter(path, groups[0].schema) as writer:
        for group in groups:
            writer.write_table(group)
    origin = origin_of(scoring_home.dataset("raw/narrow.parquet"))
    assert origin.reader is not None
    storage = origin.reader.storage
    scorer = scorer_for(MODELS[own], ["id"], origin.schema)
    units = origin.units(storage, scorer.reads)
    assert len(units) == parts
    for unit, rows in zip(units, groups, strict=True):
        assert unit.partition is not None
        cut, steps = cut_down(scorer, storage, [unit.partition], origin.schema)
        if steps is not None:
            assert steps[0] < steps[1]
            assert cut.ranges
        assert cut(rows).equals(scorer(rows))
    every = [unit.partition for unit in units if unit.partition is not None]
    whole = pa.concat_tables(groups)
    assert cut_down(scorer, storage, every, origin.schema)[0](whole).equals(scorer(whole))


def test_a_report_says_what_was_cut_and_only_where_it_pays(
    pool: WorkspacePool, scoring_home: Workspace, folder: Path
) -> None:
    parts = [tree_rows(100_000, seed) for seed in range(3)]
    fixed = [pa.array(np.full(100_000, value, dtype="float32")) for value in (-9.0, 9.0)]
    for at, value in enumerate(fixed):  # two files of three hold one value of each of four features
        for name in ("f0", "f1", "f2", "f3"):
            parts[at] = column(parts[at], name, value)
    for at, part in enumerate(parts):
        pq.write_table(part, folder / f"{at}.parquet")
    dataset = scoring_home.dataset(str(folder.relative_to(scoring_home.home)))
    model = tree_model(trees=20, depth=3)
    found = pool.score(model, dataset, into="dbo.cut", keep=["id"]).result()
    assert found.report.cut == 2
    left, whole = found.report.steps
    assert 0 < left < whole == 20 * 3
    assert "trees cut down in 2 parts" in str(found.report)
    scores = found.table.to_arrow(["id", "score"]).sort_by("id").column("score").to_numpy()
    wanted = np.concatenate([onnxruntime_says(model, part) for part in parts])
    np.testing.assert_allclose(scores, wanted, rtol=1e-6, atol=1e-6)
    whole_trees = pool.score(model, dataset, into="dbo.whole", runtime="onnxruntime").result()
    assert (whole_trees.report.cut, whole_trees.report.steps) == (0, (0.0, 0))


def test_bounds_are_known_where_every_part_tells_them(scoring_home: Workspace, folder: Path) -> None:
    one, two = folder / "year=2020", folder / "year=2021"
    one.mkdir()
    two.mkdir()
    pq.write_table(pa.table({"x": [3, None, 5], "y": [1.0, 2.0, float("nan")]}), one / "a.parquet")
    other = pa.table({"x": [-1, 4], "y": pa.array([None, None], pa.float64())})
    pq.write_table(other, two / "b.parquet")
    origin = origin_of(scoring_home.dataset(str(folder.relative_to(scoring_home.home))))
    assert origin.reader is not None
    partitions = [unit.partition for unit in origin.units(origin.reader.storage, ["x"]) if unit.partition]
    known = known_of(origin.reader.storage, partitions)
    assert {name: (one.nulls, one.low, one.high) for name, one in known.items()} == {
        "x": (1, -1, 5),
        "year": (0, 2020, 2021),
    }
