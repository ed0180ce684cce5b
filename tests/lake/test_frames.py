"""Frames: one dtype rule for every partition, Dask partitions that stay, and frames written back."""

from __future__ import annotations

import datetime as dt
import pickle
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import dask
import dask.dataframe as dd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from engine.errors import DataError, NotFoundError, WriteError
from engine.lake import Storage, open_dataset, open_table, write_frame, write_table
from engine.lake.frames import from_frame, schema_of_frame, to_frame
from engine.lake.source import Reader
from pools import Pool


@pytest.fixture(autouse=True)
def synchronous(request: pytest.FixtureRequest) -> Iterator[None]:
    """Dask's own threads are none of the lake's; tests that want workers take a pool."""
    if "dedicated_pool" in request.fixturenames:
        yield
        return
    with dask.config.set(scheduler="synchronous"):
        yield


NULLS = pa.table(
    {
        "i": [1, None],
        "full": [1, 2],
        "i8": pa.array([1, None], pa.int8()),
        "b": [True, None],
        "bfull": [True, False],
        "f": [0.5, None],
        "s": ["a", None],
        "ls": pa.array(["a", None], pa.large_string()),
        "d": [dt.date(2019, 1, 1), None],
        "ts": pa.array([1, None], pa.timestamp("us")),
        "ns": pa.array([1, None], pa.timestamp("ns")),
        "tz": pa.array([1, None], pa.timestamp("us", "UTC")),
        "dec": [Decimal("1.25"), None],
        "bin": [b"x", None],
        "list": [[1], None],
        "t": pa.array([1, None], pa.time64("us")),
        "dur": pa.array([1, None], pa.duration("us")),
        "null": pa.nulls(2),
    }
)
DTYPES = {
    "i": "float64", "full": "int64", "i8": "float64", "b": "boolean", "bfull": "bool", "f": "float64",
    "s": "str", "ls": "str", "d": "datetime64[us]", "ts": "datetime64[us]", "ns": "datetime64[ns]",
    "tz": "datetime64[us, UTC]", "dec": "float64", "bin": "object", "list": "object", "t": "object",
    "dur": "timedelta64[us]", "null": "object",
}  # fmt: skip


def put(storage: Storage, path: str, table: pa.Table, **options: Any) -> None:
    target = Path(storage.home.location) / path
    target.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, target, **options)


def dtypes(frame: Any) -> dict[str, str]:
    return {name: str(dtype) for name, dtype in frame.dtypes.items()}


def test_dtypes_are_the_rule_whatever_a_partition_holds(storage: Storage) -> None:
    put(storage, "d/1.parquet", NULLS.slice(0, 1))
    put(storage, "d/2.parquet", NULLS.slice(1, 1))
    put(storage, "d/3.parquet", NULLS.slice(0, 0))
    data = open_dataset(storage, "d")
    frame = data.to_dask()
    assert dtypes(frame) == DTYPES
    for number in range(frame.npartitions):
        assert dtypes(frame.partitions[number].compute()) == DTYPES
    whole = data.to_pandas()
    assert dtypes(whole) == dtypes(data.head(0)) == dtypes(data.to_pandas(limit=1)) == DTYPES
    pd.testing.assert_frame_equal(frame.compute().reset_index(drop=True), whole)
    assert whole["i"].tolist()[0] == 1
    assert np.isnan(whole["i"][1])
    assert whole["b"][1] is pd.NA
    assert whole["s"].isna().tolist() == [False, True]
    assert whole["d"][0] == pd.Timestamp("2019-01-01")


@pytest.mark.parametrize("name", ["taxis", "diamonds", "pollution", "nyc_weather_2013"])
def test_frames_of_real_data_are_what_pandas_reads(storage: Storage, shared_data: Path, name: str) -> None:
    put(
        storage,
        f"{name}.parquet",
        pa.Table.from_pandas(pd.read_csv(shared_data / f"{name}.csv")),
        row_group_size=5000,
    )
    data = open_dataset(storage, f"{name}.parquet", partition_bytes=1)
    expected = pd.read_parquet(Path(storage.home.location) / f"{name}.parquet")
    pd.testing.assert_frame_equal(data.to_pandas(), expected)
    pd.testing.assert_frame_equal(data.to_dask().compute().reset_index(drop=True), expected)
    pd.testing.assert_frame_equal(data.head(7), expected.head(7))
    pd.testing.assert_frame_equal(data.to_pandas(limit=6000), expected.head(6000))


def test_a_declaration_proves_that_there_are_no_nulls(storage: Storage) -> None:
    put(storage, "a.parquet", pa.table({"i": [2**53 + 1], "j": [1]}), write_statistics=False)
    assert dtypes(open_dataset(storage, "a.parquet").to_pandas(["j"])) == {"j": "float64"}
    with pytest.raises(DataError, match=r"'i' may hold nulls and has integers beyond 2\*\*53"):
        open_dataset(storage, "a.parquet").to_pandas()
    declared = pa.schema([pa.field("i", pa.int64(), nullable=False)])
    data = open_dataset(storage, "a.parquet", schema=declared)
    assert data.to_pandas()["i"].tolist() == [2**53 + 1]
    assert dtypes(data.to_dask()) == {"i": "int64", "j": "float64"}


def test_columns_named_like_an_index_are_columns(storage: Storage) -> None:
    table = pa.table({"__index_level_0__": [1], "index": [2], "0": [3], "": [4]})
    assert to_frame(table, frozenset(table.schema.names)).to_dict("list") == table.to_pydict()
    assert to_frame(table.select([]), frozenset()).shape == (1, 0)


@pytest.fixture
def wide(storage: Storage) -> Storage:
    generator = np.random.default_rng(0)
    table = pa.table(
        {f"c{at}": generator.random(600) for at in range(40)} | {"s": [f"k{n % 3}" for n in range(600)]}
    )
    for number in range(6):
        put(storage, f"w/{number}.parquet", table.slice(100 * number, 100), row_group_size=50)
    return storage


def test_only_needed_columns_are_read_and_partitions_never_merge(
    wide: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = open_dataset(wide, "w", partition_bytes=1)
    frame = data.to_dask()
    assert frame.npartitions == len(data.source().partitions) == 12
    read: list[tuple[str, ...]] = []
    original = Reader.read

    def spy(self: Reader, partition: Any, columns: Any = None) -> pa.Table:
        read.append(tuple(columns))
        return original(self, partition, columns)

    monkeypatch.setattr(Reader, "read", spy)
    whole = pa.concat_tables([pq.read_table(wide.resolve(f"w/{n}.parquet")) for n in range(6)]).to_pandas()
    for act, columns in (
        (lambda frame: frame["c3"].sum(), {"c3"}),
        (lambda frame: frame.groupby("s")["c1"].mean(), {"s", "c1"}),
        (lambda frame: frame[frame["c2"] > 0.5][["c5", "s"]], {"c2", "c5", "s"}),
        (lambda frame: frame[["c7", "c0"]].describe(), {"c7", "c0"}),
    ):
        read.clear()
        result, expected = act(frame), act(whole)
        assert result.optimize().npartitions in (1, 12)
        computed = result.compute()
        if isinstance(expected, pd.DataFrame) and len(expected) > 8:
            pd.testing.assert_frame_equal(computed.reset_index(drop=True), expected.reset_index(drop=True))
        elif not isinstance(expected, pd.DataFrame):
            assert np.allclose(computed, expected)
        assert len(read) == 12
        assert {name for columns in read for name in columns} == columns
    read.clear()
    assert frame[[]].compute().shape == (600, 0)
    assert set(read) == {()}
    assert len(frame) == 600
    assert frame[["c1"]].optimize().npartitions == 12
    assert frame.partitions[3:5].compute().shape == (100, 41)


def test_a_subset_and_a_wrong_column(wide: Storage) -> None:
    data = open_dataset(wide, "w")
    assert list(data.to_dask(["s", "c1"]).columns) == ["s", "c1"]
    assert list(data.to_dask(["s", "c1"]).compute().columns) == ["s", "c1"]
    with pytest.raises(NotFoundError, match="no column 'c99'"):
        data.to_dask(["c99"])


def test_a_frame_travels_and_has_the_same_key_for_the_same_data(wide: Storage) -> None:
    frame = open_dataset(wide, "w").to_dask()
    assert open_dataset(wide, "w").to_dask()._name == frame._name
    again = pickle.loads(pickle.dumps(frame))
    assert again._name == frame._name
    assert len(again) == 600


def test_on_a_pool(wide: Storage, dedicated_pool: Pool) -> None:
    data = open_dataset(wide, "w", partition_bytes=1)
    whole = data.to_pandas()
    before = dedicated_pool.usage()
    with dedicated_pool.client.as_current():
        frame = data.to_dask()
        assert np.isclose(frame["c3"].sum().compute(), whole["c3"].sum())
        assert frame[["c1"]].optimize().npartitions == 12
        assert len(frame) == 600
        moved = frame.shuffle("s", npartitions=3).compute().sort_values("c0").reset_index(drop=True)
    pd.testing.assert_frame_equal(moved, whole.sort_values("c0").reset_index(drop=True))
    del before
    table = write_table(
        wide,
        "t",
        data.source().partitions,
        make=data.source().reader.read,
        runner=dedicated_pool,
        mode="create",
    )
    assert table.to_arrow().equals(data.to_arrow())
    assert data.count(dedicated_pool) == 600


def test_a_dask_frame_becomes_a_table(wide: Storage, dedicated_pool: Pool) -> None:
    data = open_dataset(wide, "w", partition_bytes=1)
    frame = data.to_dask(["s", "c1"])
    frame = frame[frame["c1"] > 0.2].assign(n=1, at=pd.Timestamp("2019-01-01"), flag=True)
    frame["kind"] = frame["s"].astype("category")
    expected = frame.compute(scheduler="synchronous").reset_index(drop=True)
    done: list[int] = []
    table = write_frame(wide, frame, into="out", runner=dedicated_pool, on_part=lambda: done.append(1))
    assert (len(done), table.version) == (12, 0)
    written = table.to_pandas()
    assert dtypes(written) == {
        "s": "str", "c1": "float64", "n": "int64", "at": "datetime64[us]", "flag": "bool", "kind": "str",
    }  # fmt: skip
    expected["kind"] = expected["kind"].astype("str")
    pd.testing.assert_frame_equal(written, expected, check_dtype=False)
    more = write_frame(wide, frame, into="out", runner=dedicated_pool, mode="append")
    assert more.count() == 2 * len(expected)


def fail_at_two(frame: pd.DataFrame) -> pd.DataFrame:
    if frame["x"].max() == 2:
        raise ZeroDivisionError("no luck")
    return frame


def objects(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(o=[b"x"] * len(frame))


def test_frames_that_fail_leave_nothing(storage: Storage, dedicated_pool: Pool) -> None:
    frame = dd.from_pandas(pd.DataFrame({"x": range(4)}), npartitions=4)
    with pytest.raises(ZeroDivisionError, match="no luck"):
        write_frame(
            storage, frame.map_partitions(fail_at_two, meta=frame._meta), into="t", runner=dedicated_pool
        )
    with pytest.raises(NotFoundError):
        open_table(storage, "t")
    assert not list(Path(storage.home.location).rglob("*.parquet"))
    made = frame.map_partitions(objects, meta={"x": "int64", "o": "object"})
    table = write_frame(storage, made, into="t", runner=dedicated_pool)
    assert table.to_arrow().to_pydict() == {"x": [0, 1, 2, 3], "o": [b"x"] * 4}
    with pytest.raises(WriteError, match=r"index 'x' would be lost"):
        write_frame(storage, frame.set_index("x"), into="t", runner=dedicated_pool)


def test_frames_become_tables() -> None:
    frame = pd.DataFrame(
        {"f": [1.0, np.nan], "s": ["a", None], "i": pd.array([1, None], "Int64")}, index=[5, 6]
    )
    table = from_frame(frame)
    assert table.to_pydict() == {"f": [1.0, None], "s": ["a", None], "i": [1, None]}
    assert table.schema.metadata is None
    with pytest.raises(WriteError, match="cannot become a table"):
        from_frame(pd.DataFrame({"x": [1, "a"]}))
    with pytest.raises(WriteError, match="have one name"):
        schema_of_frame(dd.from_pandas(pd.DataFrame([[1, 2]], columns=["a", "a"]), npartitions=1))


def test_counting_reads_no_column(storage: Storage) -> None:
    put(storage, "a.parquet", NULLS)
    Path(storage.home.location, "b.csv").write_text("a,b\n1,x\n2,y\n")
    assert open_dataset(storage, "a.parquet").count() == 2
    data = open_dataset(storage, "b.csv", inspect_bytes=0)
    assert data.count() == 2
    tables = list(data.partitions(["b"]))
    assert [table.to_pydict() for table in tables] == [{"b": ["x", "y"]}]
