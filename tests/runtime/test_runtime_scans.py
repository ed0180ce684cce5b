"""Scans: every kind of file, columns that come and go, paths that tell values, files that are left out."""

from __future__ import annotations

import datetime as dt
import os
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from runtime_runs import answered, plain, rows, same, tuples
from sqlglot import parse_one

from engine.errors import BindError, FormatError, OptionError, SqlRuntimeError
from engine.lake import Storage, open_dataset, open_storage
from engine.runtime import BoundTable, Held, bind_held, bind_source
from engine.runtime.dealing import dealt
from engine.runtime.skipping import may_match
from engine.sql.plan import Hash

ROWS = 30_000
NODES = (1, 2, 5)


def bound(storage: Storage, path: str, **options: object) -> dict[str, BoundTable]:
    return {"t": bind_source("t", open_dataset(storage, path, **options).source())}


def trips(rows_: int = ROWS, start: int = 0) -> pa.Table:
    return pa.table(
        {
            "Id": pa.array(range(start, start + rows_), pa.int32()),
            "fare": [at / 4 for at in range(rows_)],
            "day": [dt.date(2020, 1, 1) + dt.timedelta(days=at // 1000) for at in range(rows_)],
            "pm2.5": [None if at % 3 else f"w {at}" for at in range(rows_)],
        }
    )


@pytest.fixture
def months(lake: Storage, tmp_path: Path) -> Storage:
    """Three months, each a file of row groups of 1000 rows."""
    for month in (1, 2, 3):
        folder = tmp_path / "trips" / f"month=2020-0{month}"
        folder.mkdir(parents=True)
        pq.write_table(trips(start=month * ROWS), folder / "a.parquet", row_group_size=1000)
    return lake


@pytest.mark.parametrize("nodes", NODES)
def test_nodes_share_files_by_row_groups(months: Storage, nodes: int) -> None:
    tables = bound(months, "trips", partition_bytes=20_000)
    query = 'SELECT COUNT(*) AS n, COUNT(DISTINCT id) AS d, SUM(id) AS s, COUNT("pm2.5") AS w FROM t'
    whole = range(ROWS, 4 * ROWS)
    assert rows(query, tables, nodes=nodes) == [(3 * ROWS, 3 * ROWS, sum(whole), ROWS)]
    answer = answered("SELECT id FROM t", tables, nodes=nodes)
    read = [task.rows for task in answer.steps[-1].tasks]
    assert len(read) == nodes
    assert max(read) - min(read) <= 3 * 2000


@pytest.mark.parametrize("sizes", [[1000] * 16, [3000, 1, 2, 5000, 999], [4000], [1, 1, 1]])
def test_nodes_share_one_partition_by_its_row_groups(lake: Storage, tmp_path: Path, sizes: list[int]) -> None:
    (tmp_path / "trips").mkdir()
    with pq.ParquetWriter(tmp_path / "trips" / "a.parquet", trips(1).schema) as file:
        for at, size in enumerate(sizes):
            file.write_table(trips(size, start=sum(sizes[:at])))
    tables = bound(lake, "trips")
    for nodes in NODES:
        answer = answered("SELECT id FROM t", tables, nodes=nodes)
        assert sorted(answer.to_arrow().column(0).to_pylist()) == list(range(sum(sizes)))
        read = [task.rows for task in answer.steps[-1].tasks]
        if len(sizes) >= nodes:
            assert max(read) - min(read) <= 2 * -(-sum(sizes) // len(sizes))


@pytest.mark.parametrize("nodes", NODES)
def test_values_of_paths_are_columns(months: Storage, nodes: int) -> None:
    tables = bound(months, "trips", partition_bytes=20_000)
    query = "SELECT month, MIN(id) AS low, COUNT(*) AS n FROM t GROUP BY month ORDER BY month"
    expected = [(f"2020-0{month}", month * ROWS, ROWS) for month in (1, 2, 3)]
    assert rows(query, tables, nodes=nodes) == expected


@pytest.mark.parametrize(
    ("condition", "read"),
    [
        ("month = '2020-02'", ROWS),
        ("month LIKE '%-03'", ROWS),
        ("RIGHT(month, 1)::INT * 2 = 4 AND fare >= 0", ROWS),
        ("month = '2021-01'", 0),
        ("id BETWEEN 31000 AND 31999", 1000),
        ("id IN (30000, 119999)", 2000),
        ("day = DATE '2020-01-03' AND month <> '2020-01'", 2000),
        ("id < 30000", 0),
        ("id >= 119000 OR id < 31000", 2000),
        ("day IS NULL", 0),
        ("fare * 2 < 0", 3 * ROWS),
    ],
)
def test_what_cannot_match_is_not_opened(months: Storage, condition: str, read: int) -> None:
    tables = bound(months, "trips", partition_bytes=1)
    query = f"SELECT COUNT(*) AS n FROM t WHERE {condition}"
    answer = answered(query, tables)
    assert answer.steps[0].tasks[0].rows_read == read
    data = pa.concat_tables(
        trips(start=month * ROWS).append_column("month", pa.array([f"2020-0{month}"] * ROWS))
        for month in (1, 2, 3)
    )
    assert tuples(answer.to_arrow()) == plain(query, {"t": data})


def test_a_file_that_changed_is_refused(months: Storage, tmp_path: Path) -> None:
    tables = bound(months, "trips")
    pq.write_table(trips(10), tmp_path / "trips" / "month=2020-01" / "a.parquet")
    with pytest.raises(FormatError, match="has changed"):
        rows("SELECT COUNT(*) AS n FROM t", tables)


def test_a_broken_file_is_told_by_its_name(lake: Storage, tmp_path: Path) -> None:
    pq.write_table(trips(1000), tmp_path / "a.parquet", compression="snappy")
    tables = bound(lake, "a.parquet")
    data = bytearray((tmp_path / "a.parquet").read_bytes())
    mark = (tmp_path / "a.parquet").stat()
    data[10:400] = b"\0" * 390
    (tmp_path / "a.parquet").write_bytes(data)
    os.utime(tmp_path / "a.parquet", ns=(mark.st_atime_ns, mark.st_mtime_ns))
    with pytest.raises((SqlRuntimeError, FormatError), match=r"a\.parquet"):
        rows("SELECT SUM(id) AS s, MAX(fare) AS f FROM t", tables)


@pytest.mark.parametrize("nodes", NODES)
def test_columns_come_and_grow(lake: Storage, tmp_path: Path, nodes: int) -> None:
    (tmp_path / "t").mkdir()
    pq.write_table(pa.table({"a": pa.array([1, 2], pa.int32())}), tmp_path / "t" / "1.parquet")
    pq.write_table(pa.table({"b": ["x"], "a": pa.array([2**40], pa.int64())}), tmp_path / "t" / "2.parquet")
    tables = bound(lake, "t")
    found = rows("SELECT a, b FROM t", tables, nodes=nodes)
    assert sorted(found, key=str) == [(1, None), (1099511627776, "x"), (2, None)]


@pytest.mark.parametrize("nodes", NODES)
def test_text_files_are_read_by_the_lake(lake: Storage, tmp_path: Path, nodes: int) -> None:
    lines = [f"{at},{at % 7},n {at}" for at in range(5000)]
    (tmp_path / "a.csv").write_text("\n".join(["k,g,name", *lines]))
    (tmp_path / "b.jsonl").write_text("\n".join(f'{{"k": {at}, "v": {at / 2}}}' for at in range(100)))
    tables = {
        "a": bind_source("a", open_dataset(lake, "a.csv", partition_bytes=9000).source()),
        "b": bind_source("b", open_dataset(lake, "b.jsonl").source()),
    }
    query = "SELECT g, COUNT(*) AS n, SUM(v) AS v FROM a JOIN b ON a.k = b.k WHERE a.k < 50 GROUP BY g"
    data = {
        "a": pa.table({"k": range(5000), "g": [at % 7 for at in range(5000)]}),
        "b": pa.table({"k": range(100), "v": [at / 2 for at in range(100)]}),
    }
    assert same(rows(query, tables, nodes=nodes), plain(query, data))


@pytest.mark.parametrize("nodes", NODES)
def test_files_of_other_stores_are_read_by_the_lake(nodes: int) -> None:
    storage = open_storage("memory://scans")
    for number in (1, 2):
        with storage.home.filesystem.open(f"/scans/t/{number}.parquet", "wb") as file:
            pq.write_table(trips(1000, start=number * 1000), file)
    try:
        tables = bound(storage, "t")
        assert rows("SELECT COUNT(*) AS n, SUM(id) AS s FROM t", tables, nodes=nodes) == [
            (2000, sum(range(1000, 3000)))
        ]
    finally:
        storage.home.filesystem.rm("/scans", recursive=True)


def test_columns_are_of_the_types_that_were_promised(lake: Storage, tmp_path: Path) -> None:
    pq.write_table(
        pa.table({"n": pa.array([1], pa.int64()), "s": ["2020-01-02"], "l": [[1, 2]]}), tmp_path / "a.parquet"
    )
    source = open_dataset(lake, "a.parquet").source()
    wanted = {"N": "DECIMAL(9, 2)", "s": "DATE", "l": "VARCHAR"}
    tables = {"t": bind_source("t", source, types=wanted)}
    assert rows("SELECT n, s, l FROM t", tables) == [(Decimal("1.00"), dt.date(2020, 1, 2), "[1,2]")]


def test_every_type_comes_through_whole(lake: Storage) -> None:
    moment = dt.datetime(2020, 2, 29, 12, 34, 56, 123456)
    table = pa.table(
        {
            "b": pa.array([True, None, False]),
            "i8": pa.array([-128, None, 127], pa.int8()),
            "u64": pa.array([0, None, 2**64 - 1], pa.uint64()),
            "i64": pa.array([-(2**63), None, 2**63 - 1], pa.int64()),
            "f": pa.array([float("inf"), None, -0.0]),
            "d": pa.array(
                [Decimal("-9" * 1 + "9" * 35 + ".99"), None, Decimal("0.01")], pa.decimal128(38, 2)
            ),
            "s": pa.array(["", None, "na\u00efve \U0001f600"]),
            "x": pa.array([b"", None, b"\x00\xff"]),
            "day": pa.array([dt.date(1, 1, 1), None, dt.date(9999, 12, 31)]),
            "at": pa.array([moment, None, dt.datetime(1, 1, 1)], pa.timestamp("us")),
            "zoned": pa.array([moment, None, moment], pa.timestamp("us", "UTC")),
            "time": pa.array([dt.time(0), None, dt.time(23, 59, 59, 999999)], pa.time64("us")),
            "list": pa.array([[1, None], None, []], pa.list_(pa.int32())),
        }
    )
    tables = {"t": bind_held("t", Held((table,), table.schema))}
    columns = ", ".join(table.schema.names)
    found = answered(f"SELECT {columns} FROM t", tables).to_arrow()
    for name in table.schema.names:
        assert found.column(name).to_pylist() == table.column(name).to_pylist(), name
    moved = answered(
        f"SELECT {columns}, COUNT(*) OVER (PARTITION BY s) AS n FROM t", tables, nodes=3
    ).to_arrow()
    assert same(tuples(moved.drop_columns(["n", "list"])), tuples(found.drop_columns(["list"])))


def test_huge_numbers_and_identifiers_become_types_that_others_know() -> None:
    table = pa.table({"a": pa.array([2**63 - 1, 2**63 - 1, None])})
    tables = {"t": bind_held("t", Held((table,), table.schema))}
    query = "SELECT SUM(a) AS s, CAST('6f9619ff-8b86-d011-b42d-00c04fc964ff' AS UUID) AS u, "
    query += "COUNT(*) > 1 AS b FROM t"
    found = answered(query, tables, nodes=2).to_arrow()
    assert found.schema.types == [pa.decimal128(38, 0), pa.string(), pa.bool_()]
    assert tuples(found) == [(Decimal(2**64 - 2), "6F9619FF-8B86-D011-B42D-00C04FC964FF", True)]


def test_names_that_differ_in_case_only_are_refused() -> None:
    table = pa.table({"a": [1], "A": [2]})
    with pytest.raises(BindError, match="'a' and 'A'"):
        bind_held("t", Held((table,), table.schema))


def test_a_table_that_lies_by_hash_is_for_its_number_of_nodes() -> None:
    table = pa.table({"a": [1]})
    tables = {"t": bind_held("t", Held((table,), table.schema), layout=Hash(("a",)))}
    with pytest.raises(OptionError, match="plan is for 2"):
        rows("SELECT a FROM t", tables, nodes=2)


@given(weights=st.lists(st.floats(0, 100), max_size=30), nodes=st.integers(1, 8))
def test_dealing_gives_every_item_to_one_node_in_order(weights: list[float], nodes: int) -> None:
    runs = dealt(range(len(weights)), weights, nodes)
    assert len(runs) == nodes
    assert [item for run in runs for item in run] == list(range(len(weights)))


COMPARISONS = st.builds(
    "{} {} {}".format,
    st.sampled_from(["a", "s", "f", "CAST(a AS BIGINT)"]),
    st.sampled_from(["=", "<", "<=", ">", ">=", "<>"]),
    st.sampled_from(["2", "-1", "3.5", "'b'", "'2'", "NULL", "CAST('c' AS VARCHAR)"]),
) | st.sampled_from(
    ["a IS NULL", "NOT a IS NULL", "s IN ('a', 'd')", "a BETWEEN 1 AND 2", "f BETWEEN 0 AND 1", "3 < a"]
)
PREDICATES = st.recursive(
    COMPARISONS,
    lambda inner: (
        st.builds("({} {} {})".format, inner, st.sampled_from(["AND", "OR"]), inner)
        | st.builds("NOT ({})".format, inner)
    ),
    max_leaves=4,
)
CELLS = {
    "a": st.none() | st.integers(-2, 4),
    "s": st.none() | st.sampled_from(["a", "b", "c", ""]),
    "f": st.none() | st.sampled_from([-1.0, 0.5, 2.0, float("nan")]),
}


@settings(max_examples=120, deadline=None)
@given(data=st.data(), predicate=PREDICATES)
def test_no_partition_with_a_matching_row_is_left_out(
    data: st.DataObject, predicate: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    listed = data.draw(st.lists(st.tuples(*CELLS.values()), min_size=1, max_size=5))
    table = pa.table(
        {
            "a": pa.array([row[0] for row in listed], pa.int32()),
            "s": pa.array([row[1] for row in listed], pa.string()),
            "f": pa.array(
                [np.nan if row[2] is None else row[2] for row in listed], pa.float64(), from_pandas=False
            ),
        }
    )
    folder = tmp_path_factory.getbasetemp() / "skipping"
    folder.mkdir(exist_ok=True)
    pq.write_table(table, folder / "a.parquet")
    [partition] = open_dataset(open_storage(folder), "a.parquet").source().partitions
    try:
        matches = plain(f"SELECT COUNT(*) FROM t WHERE {predicate}", {"t": table})[0][0]
    except Exception:  # noqa: BLE001 - a comparison that DuckDB refuses
        return
    names = {name: name for name in table.schema.names}
    if matches:
        assert may_match(parse_one(predicate, dialect="duckdb"), partition, names)
