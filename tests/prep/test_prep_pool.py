"""The same fit on a real pool: workers of their own, files of a lake."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from prep_oracle import split
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from engine.errors import DataError
from engine.lake import InlineRunner, open_dataset, open_storage
from engine.prep import default_features, fit
from pools import Pool

FEATURES = make_pipeline(
    ColumnTransformer(
        [
            ("n", make_pipeline(SimpleImputer(), StandardScaler()), ["x", "z"]),
            ("w", OneHotEncoder(sparse_output=False), ["word"]),
        ]
    ),
    PCA(3),
)


def rows(count: int) -> pa.Table:
    random = np.random.default_rng(4)
    return pa.table(
        {
            "x": pa.array(random.normal(size=count), mask=random.random(count) < 0.2),
            "word": random.choice(["one", "two", "three"], count),
            "z": random.integers(0, 9, count),
            "y": random.integers(0, 2, count),
        }
    )


def test_a_pool_and_this_process_give_the_same_bytes(dedicated_pool: Pool, tmp_path: Path) -> None:
    table = rows(2000)
    (tmp_path / "raw").mkdir()
    for place in range(4):
        pq.write_table(
            table.slice(place * 500, 500), tmp_path / "raw" / f"part-{place}.parquet", row_group_size=200
        )
    source = open_dataset(open_storage(tmp_path), "raw").source()
    ours = fit(FEATURES, source, dedicated_pool, target="y")
    here = fit(FEATURES, source, InlineRunner(), target="y")
    assert ours.preparation == here.preparation
    memory = fit(FEATURES, split(table, [500, 1000, 1500]), InlineRunner(), target="y")
    np.testing.assert_allclose(ours.preparation.matrix(table), memory.preparation.matrix(table), atol=1e-6)
    remote = dedicated_pool.map(
        ours.preparation.matrix, [table.slice(0, 700), table.slice(700)], label="prepare"
    )
    np.testing.assert_array_equal(np.concatenate(remote), ours.preparation.matrix(table))
    chosen = default_features(source, dedicated_pool, target="y")
    assert [columns for _, _, columns in chosen.transformer.transformers] == [["x", "z"], ["word"]]


def test_an_error_in_a_worker_arrives_as_it_was_raised(dedicated_pool: Pool) -> None:
    table = rows(50).append_column("endless", pa.array([*[1.0] * 49, np.inf]))
    with pytest.raises(DataError, match="'endless'"):
        fit(ColumnTransformer([("s", StandardScaler(), ["endless"])]), split(table, [25]), dedicated_pool)
    with pytest.raises(DataError, match="'x'"):
        fit(ColumnTransformer([("s", PCA(), ["x"])]), split(table, [25]), dedicated_pool)
