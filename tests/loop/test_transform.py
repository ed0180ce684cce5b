"""Fits and tables of features through a workspace's pool, against scikit-learn on all rows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sklearn.base import clone
from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler, TargetEncoder

from engine import Workspace
from engine.errors import NotFoundError, OptionError, SignatureError
from engine.pool import WorkspacePool
from engine.prep import DatetimeParts, TextHasher, frame

ROWS = 3_000


@pytest.fixture(scope="module")
def rows(workspace: Workspace) -> pd.DataFrame:
    """Blanks and umlauts in names and values, gaps in everything, a column of nothing."""
    random = np.random.default_rng(12)

    def holes(share: float) -> np.ndarray:
        return random.random(ROWS) < share

    table = pa.table(
        {
            "Größe in m": pa.array(random.normal(size=ROWS) * 3, mask=holes(0.1)),
            "n": pa.array(random.integers(0, 9, ROWS), mask=holes(0.3)),
            "an/aus": pa.array(random.random(ROWS) < 0.4, mask=holes(0.1)),
            "leer": pa.nulls(ROWS, pa.float64()),
            "Straße": pa.array(random.choice(["Öl-Gasse", " a b ", "", "ß"], ROWS), mask=holes(0.1)),
            "kind": pa.array(random.choice(["x", "y"], ROWS), mask=holes(0.2)).dictionary_encode(),
            "id": pa.array([f"nr {i % 1700}" for i in range(ROWS)]),
            "day": pa.array(random.integers(0, 20_000, ROWS).astype(np.int32), mask=holes(0.1)).cast(
                pa.date32()
            ),
            "y": pa.array(random.normal(size=ROWS)),
        }
    )
    folder = Path(workspace.home) / "odd_rows"
    folder.mkdir()
    for place in range(3):
        pq.write_table(table.slice(place * 1000, 1000), folder / f"part-{place}.parquet")
    return table.to_pandas(date_as_object=False)


def features() -> ColumnTransformer:
    return ColumnTransformer(
        [
            (
                "numbers",
                make_pipeline(SimpleImputer(add_indicator=True), StandardScaler()),
                make_column_selector(dtype_include="number", pattern="Gr|^n$"),
            ),
            (
                "words",
                OneHotEncoder(handle_unknown="infrequent_if_exist", min_frequency=0.2),
                ["Straße", "kind"],
            ),
            ("hashed", TextHasher(5), ["id"]),
            (
                "when",
                DatetimeParts(("year", "weekday"), cyclic=True),
                make_column_selector(dtype_include="datetime"),
            ),
        ]
    )


def test_a_table_of_features_is_what_scikit_learn_makes_of_all_rows(
    pool: WorkspacePool, workspace: Workspace, rows: pd.DataFrame
) -> None:
    source = workspace.dataset("odd_rows")
    fitted = pool.fit(features(), source, target="y")
    table = pool.transform(fitted, source, into="features", keep=["id", "y"])
    seen = rows.drop(columns=["y"])
    texts = ["Straße", "kind", "id"]
    seen[texts] = seen[texts].astype(object).where(lambda f: f.notna() & (f != ""), np.nan)
    seen["an/aus"] = seen["an/aus"].astype(float)
    theirs = features().fit(seen)
    names = list(theirs.get_feature_names_out())
    assert list(table.columns) == ["id", "y", *names]
    found = table.to_pandas().sort_values(["y"], ignore_index=True)
    wanted = pd.DataFrame(np.asarray(theirs.transform(seen)), columns=names).assign(y=rows["y"])
    wanted = wanted.sort_values(["y"], ignore_index=True)
    np.testing.assert_allclose(found[names], wanted[names], rtol=1e-5, atol=1e-5)


def test_a_frame_is_transformed_too(pool: WorkspacePool, workspace: Workspace, rows: pd.DataFrame) -> None:
    source = workspace.dataset("odd_rows")
    fitted = pool.fit(ColumnTransformer([("s", StandardScaler(), ["n"])]), source)
    table = pool.transform(fitted, source.to_dask(), into="from_frame", keep=["y"])
    found = table.to_pandas().sort_values("y", ignore_index=True)
    wanted = fitted.transformer.transform(rows[["n"]].astype(float))[:, 0]
    np.testing.assert_allclose(found["s__n"], wanted[np.argsort(rows["y"].to_numpy())], rtol=1e-5, atol=1e-6)


@pytest.mark.usefixtures("rows")
def test_what_a_table_of_features_refuses(pool: WorkspacePool, workspace: Workspace) -> None:
    source = workspace.dataset("odd_rows")
    fitted = pool.fit(ColumnTransformer([("s", StandardScaler(), ["n"])]), source)
    with pytest.raises(OptionError, match="'nowhere'"):
        pool.transform(fitted, source, into="never", keep=["nowhere"])
    short = ColumnTransformer([("s", StandardScaler(), ["n"])], verbose_feature_names_out=False)
    with pytest.raises(OptionError, match="two columns 'n'"):
        pool.transform(pool.fit(short, source), source, into="never", keep=["n"])
    pool.transform(fitted, source, into="scaled")
    with pytest.raises(SignatureError, match="'n'"):
        pool.transform(fitted, workspace.table("scaled"), into="never")
    with pytest.raises(NotFoundError):
        workspace.table("never")


SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
COLUMNS = {
    "taxis.csv": ("fare", ["distance", "passengers"], ["pickup_zone", "payment"]),
    "diamonds.csv": ("price", ["carat", "x", "y"], ["cut", "color"]),
}


@pytest.mark.parametrize("name", list(COLUMNS))
def test_real_data(name: str, pool: WorkspacePool, workspace: Workspace) -> None:
    if not (SHARED / name).exists():
        pytest.skip(f"{name} lies in ../shared/data, which is not here")
    (Path(workspace.home) / name).write_bytes((SHARED / name).read_bytes())
    source = workspace.dataset(name)
    target, numbers, words = COLUMNS[name]
    transformer = ColumnTransformer(
        [
            ("n", make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), numbers),
            ("w", OneHotEncoder(handle_unknown="ignore", max_categories=6, sparse_output=False), words),
            ("t", TargetEncoder(target_type="continuous"), words),
        ]
    )
    fitted = pool.fit(transformer, source, target=target)
    rows = source.to_pandas()
    seen = frame(pa.Table.from_pandas(rows), fitted.preparation.signature)
    theirs = clone(transformer)
    theirs.fit(seen, rows[target].astype(float))
    np.testing.assert_allclose(
        fitted.preparation.matrix(pa.Table.from_pandas(rows)), theirs.transform(seen), rtol=1e-5, atol=1e-5
    )
