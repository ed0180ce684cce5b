from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import FormatError, NotFoundError
from engine.lake import Storage, open_dataset
from engine.lake.hive import NULL, folder_name, path_values, typed_values, value_types

KEYS = st.text(min_size=1, max_size=8).filter(lambda text: text.strip())


def values_of_one_type() -> st.SearchStrategy[list[Any]]:
    def some(values: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
        return st.lists(st.none() | values, min_size=1, max_size=5)

    texts = st.text(min_size=1).filter(
        lambda text: text != NULL and not text.strip("-0123456789").strip() == ""
    )
    return some(st.integers(-(10**17), 10**17)) | some(st.dates()) | some(texts)


@given(KEYS, values_of_one_type())
def test_what_is_written_into_a_path_is_read_from_it(key: str, values: list[Any]) -> None:
    paths = [f"{folder_name(key, value)}/x.parquet" for value in values]
    assert all(path.count("/") == 1 for path in paths)
    texts = [(path, path_values(path)) for path in paths]
    types = value_types(texts)
    assert [dict(typed_values(text, types)) for _, text in texts] == [{key: value} for value in values]


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (["1", "2"], pa.int64()),
        (["01", "12"], pa.int64()),
        (["1", NULL], pa.int64()),
        (["2019-01-01", "2020-02-29"], pa.date32()),
        (["2019-01-01", "2019-02-30"], pa.string()),
        (["2019-01"], pa.string()),
        (["1", "a"], pa.string()),
        (["1.5"], pa.string()),
        (["99999999999999999999"], pa.string()),
        ([NULL], pa.string()),
    ],
)
def test_the_type_of_a_key_is_one_over_all_files(values: list[str], kind: pa.DataType) -> None:
    files = [(value, path_values(f"k={value}/x")) for value in values]
    assert value_types(files).field("k").type == kind


def test_only_folders_count() -> None:
    assert path_values("a=1/b/c=x%20y/d=4.csv") == (("a", "1"), ("c", "x y"))
    assert path_values("=1/a=/x.csv") == (("a", ""),)


def write(path: Path, table: pa.Table) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path)


@pytest.fixture
def months(storage: Storage) -> Storage:
    home = Path(storage.home.location)
    for month, rows in (("2019-01", 3), ("2019-02", 2), (NULL, 1)):
        for zone in (1, 2):
            table = pa.table({"x": list(range(rows)), "y": ["a"] * rows})
            write(home / f"trips/month={month}/zone={zone}/part.parquet", table)
    return storage


def test_hive_columns_are_columns(months: Storage) -> None:
    trips = open_dataset(months, "trips")
    assert trips.schema == pa.schema(
        [("x", pa.int64()), ("y", pa.string()), ("month", pa.string()), ("zone", pa.int64())]
    )
    rows = trips.to_arrow(["zone", "x", "month"])
    assert rows.schema.names == ["zone", "x", "month"]
    expected = [
        {"zone": zone, "x": x, "month": month}
        for month, count in (("2019-01", 3), ("2019-02", 2), (None, 1))
        for zone in (1, 2)
        for x in range(count)
    ]
    by = lambda row: (row["month"] or "", row["zone"], row["x"])  # noqa: E731
    assert sorted(rows.to_pylist(), key=by) == sorted(expected, key=by)
    assert trips.to_arrow(["month"]).num_rows == trips.count() == 12
    assert trips.to_pandas()["zone"].dtype == "int64"


def test_a_pattern_may_stand_before_hive_folders(months: Storage) -> None:
    some = open_dataset(months, "trips/month=2019-*/zone=2/*.parquet")
    assert {partition.wildcards for partition in some.source().partitions} == {("01", "part"), ("02", "part")}
    assert set(some.to_arrow().column("month").to_pylist()) == {"2019-01", "2019-02"}
    assert set(some.to_arrow().column("zone").to_pylist()) == {2}


def test_a_declared_type_wins(months: Storage) -> None:
    trips = open_dataset(months, "trips", schema=pa.schema([("zone", pa.string())]))
    assert set(trips.to_arrow().column("zone").to_pylist()) == {"1", "2"}
    with pytest.raises(FormatError, match="month=2019-01 is not of type date32"):
        open_dataset(months, "trips", schema=pa.schema([("month", pa.date32())]))
    with pytest.raises(NotFoundError, match="'zon', which no file has"):
        open_dataset(months, "trips", schema=pa.schema([("zon", pa.string())]))


def test_dates_are_dates(storage: Storage, put: Callable[..., Path]) -> None:
    put("d/day=2019-01-31/a.csv", "x\n1\n")
    put("d/day=2019-02-01/a.csv", "x\n2\n")
    days = open_dataset(storage, "d").to_arrow().column("day")
    assert days.to_pylist() == [dt.date(2019, 1, 31), dt.date(2019, 2, 1)]


def test_the_path_wins_over_the_file(storage: Storage, put: Callable[..., Path]) -> None:
    put("d/k=1/a.csv", "k,x\n9,1\n")
    assert open_dataset(storage, "d").to_arrow().to_pylist() == [{"x": 1, "k": 1}]


def test_files_of_different_depth_are_refused(months: Storage, put: Callable[..., Path]) -> None:
    write(Path(months.home.location) / "trips/month=2019-03/part.parquet", pa.table({"x": [1]}))
    with pytest.raises(FormatError, match=r"part\.parquet lies under month=/zone= but .* under month="):
        open_dataset(months, "trips")
