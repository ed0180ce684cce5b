from __future__ import annotations

import datetime as dt
import pickle
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import FormatError, NotFoundError, OptionError
from engine.lake import Storage, open_dataset
from engine.lake.batches import read_batches
from engine.lake.parquet import _grouped
from engine.lake.salvage import BadRow

EVERY_TYPE = pa.table(
    {
        "i8": pa.array([1, None, -3], pa.int8()),
        "u64": pa.array([2**64 - 1, None, 0], pa.uint64()),
        "f16": pa.array([1.5, None, 0.0], pa.float16()),
        "f32": pa.array([1.5, None, float("nan")], pa.float32()),
        "f64": [1.5, None, float("inf")],
        "b": [True, None, False],
        "s": ["é", None, ""],
        "ls": pa.array(["é", None, ""], pa.large_string()),
        "bin": [b"\xff", None, b""],
        "fsb": pa.array([b"abcd", None, b"efgh"], pa.binary(4)),
        "dec": [Decimal("1.25"), None, Decimal("-9.99")],
        "d": [dt.date(2019, 1, 1), None, dt.date(1, 1, 1)],
        "ts": pa.array([1, None, 3], pa.timestamp("us")),
        "tns": pa.array([1, None, 3], pa.timestamp("ns")),
        "tz": pa.array([1, None, 3], pa.timestamp("us", "UTC")),
        "t32": pa.array([1, None, 3], pa.time32("ms")),
        "t64": pa.array([1, None, 3], pa.time64("us")),
        "dur": pa.array([1, None, 3], pa.duration("us")),
        "null": pa.nulls(3),
        "list": [[1, None], None, []],
        "struct": [{"x": 1, "y": "a"}, None, {"x": None, "y": None}],
        "map": pa.array([[("k", 1)], None, []], pa.map_(pa.string(), pa.int8())),
        "deep": [[{"x": [1]}], None, []],
        "pm2.5": [1, None, 3],
        "pm2": [{"5": 1}, None, {"5": 3}],
        "": [1, 2, 3],
        "dict": pa.array(["a", None, "b"]).dictionary_encode(),
    }
)
# The dictionary is an encoding, not a type of values.
PLAIN = EVERY_TYPE.set_column(26, "dict", EVERY_TYPE.column("dict").cast(pa.string()))


def write(storage: Storage, path: str, table: pa.Table, **options: Any) -> Path:
    target = Path(storage.home.location) / path
    target.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, target, **options)
    return target


def test_every_type_comes_back_as_it_is(storage: Storage) -> None:
    write(storage, "a.parquet", EVERY_TYPE)
    data = open_dataset(storage, "a.parquet")
    assert data.schema == PLAIN.schema
    rows = data.to_arrow()
    assert str(rows.to_pylist()) == str(PLAIN.to_pylist())
    rows.validate(full=True)


@pytest.mark.parametrize("name", EVERY_TYPE.schema.names)
def test_every_column_can_be_read_alone(storage: Storage, name: str) -> None:
    write(storage, "a.parquet", EVERY_TYPE)
    data = open_dataset(storage, "a.parquet")
    rows = data.to_arrow([name])
    assert rows.schema.names == [name]
    assert str(rows.to_pylist()) == str(PLAIN.select([name]).to_pylist())


def test_the_bytes_of_each_column_are_known(storage: Storage) -> None:
    write(storage, "a.parquet", EVERY_TYPE)
    [partition] = open_dataset(storage, "a.parquet").source().partitions
    footer = pq.read_metadata(partition.location).row_group(0)
    chunks = [footer.column(at) for at in range(footer.num_columns)]
    assert partition.bytes_read() == sum(chunk.total_compressed_size for chunk in chunks)
    sizes = {name: partition.bytes_read([name]) for name in EVERY_TYPE.schema.names}
    assert sum(sizes.values()) == partition.bytes_read()
    for name in ("i8", "s", "struct", "map", "deep", ""):
        own = [chunk for chunk in chunks if (chunk.path_in_schema + ".").startswith(name + ".")]
        assert sizes[name] == sum(chunk.total_compressed_size for chunk in own), name


def test_order_is_as_asked_and_nothing_else_is_read(
    storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(storage, "a.parquet", EVERY_TYPE)
    data = open_dataset(storage, "a.parquet")
    counted: dict[str, float] = {}
    monkeypatch.setattr("engine.lake.source.count", lambda **amounts: counted.update(amounts))
    assert data.to_arrow(["s", "i8"]).schema.names == ["s", "i8"]
    [partition] = data.source().partitions
    assert counted == {"bytes_read": partition.bytes_read(["i8", "s"]), "rows_read": 3}
    assert data.to_arrow([]).num_rows == 3
    assert counted["bytes_read"] == 0


def test_row_groups_are_grouped_up_to_the_size(storage: Storage) -> None:
    table = pa.table({"x": np.arange(1000), "y": np.random.default_rng(0).random(1000)})
    write(storage, "a.parquet", table, row_group_size=100)
    footer = pq.read_metadata(storage.resolve("a.parquet"))
    largest = max(footer.row_group(at).total_byte_size for at in range(10))
    for size, parts in ((1, 10), (2 * largest, 5), (64 << 20, 1)):
        data = open_dataset(storage, "a.parquet", partition_bytes=size)
        partitions = data.source().partitions
        assert len(partitions) == parts
        assert [group for partition in partitions for group in partition.row_groups or ()] == [*range(10)]
        assert sum(partition.rows or 0 for partition in partitions) == 1000
        assert data.to_arrow().equals(table)
        assert sum(partition.stored for partition in partitions) == data.source().bytes_read()


@given(st.lists(st.integers(0, 100), max_size=30), st.integers(1, 150))
def test_groups_are_adjacent_and_no_larger_than_they_must(sizes: list[int], target: int) -> None:
    groups = list(_grouped(sizes, target))
    assert [index for group in groups for index in group] == [*range(len(sizes))]
    assert all(group for group in groups)
    assert all(len(group) == 1 or sum(sizes[index] for index in group) <= target for group in groups)
    # None could have taken the next one too.
    for group, following in pairwise(groups):
        assert sum(sizes[index] for index in (*group, following[0])) > target


def test_facts_tell_bounds_and_nulls(storage: Storage) -> None:
    write(storage, "a.parquet", EVERY_TYPE)
    source = open_dataset(storage, "a.parquet").source()
    [partition] = source.partitions
    bounds = {fact.name: (fact.low, fact.high, fact.nulls) for fact in partition.facts}
    assert bounds["i8"] == (-3, 1, 1)
    assert bounds["u64"] == (0, 2**64 - 1, 1)
    assert bounds["f64"] == (1.5, float("inf"), 1)
    assert bounds["s"] == ("", "é", 1)
    assert bounds["d"] == (dt.date(1, 1, 1), dt.date(2019, 1, 1), 1)
    assert bounds["dec"] == (Decimal("-9.99"), Decimal("1.25"), 1)
    assert bounds["list"] == (None, None, None)
    assert bounds[""] == (1, 3, 0)
    assert source.null_free(["", "i8", "list"]) == {""}


def test_files_of_several_shapes_become_one_schema(storage: Storage) -> None:
    one = pa.schema([pa.field("a", pa.int32(), nullable=False), ("s", pa.dictionary(pa.int8(), pa.string()))])
    write(storage, "d/1.parquet", pa.table({"a": [1], "s": ["x"]}).cast(one))
    write(storage, "d/2.parquet", pa.table({"s": ["y"], "new": [True], "a": [0.5]}))
    write(storage, "d/3.parquet", pa.table({"a": pa.nulls(1), "day": [dt.date(2019, 1, 1)]}))
    data = open_dataset(storage, "d")
    assert data.schema == pa.schema(
        [("a", pa.float64()), ("s", pa.string()), ("new", pa.bool_()), ("day", pa.date32())]
    )
    assert data.to_arrow().to_pydict() == {
        "a": [1.0, 0.5, None],
        "s": ["x", "y", None],
        "new": [None, True, None],
        "day": [None, None, dt.date(2019, 1, 1)],
    }
    assert data.to_arrow(["new"]).column(0).to_pylist() == [None, True, None]


def test_types_that_do_not_go_together_name_both_files(storage: Storage) -> None:
    write(storage, "d/1.parquet", pa.table({"a": [1]}))
    write(storage, "d/2.parquet", pa.table({"a": ["x"]}))
    with pytest.raises(FormatError, match=r"'a' is int64 in d/1\.parquet and string in d/2\.parquet"):
        open_dataset(storage, "d")
    with pytest.raises(
        FormatError, match=r"d/1\.parquet: column 'a' is int64 and cannot become string without"
    ):
        open_dataset(storage, "d", schema=pa.schema([("a", pa.string())])).to_arrow()


def test_an_integer_that_a_double_cannot_hold_is_refused_by_file(storage: Storage) -> None:
    write(storage, "d/1.parquet", pa.table({"a": [2**53 + 1]}))
    write(storage, "d/2.parquet", pa.table({"a": [0.5]}))
    with pytest.raises(FormatError, match=r"d/1\.parquet: column 'a' is int64 and cannot become double"):
        open_dataset(storage, "d").to_arrow()


def test_a_declared_type_is_cast_where_exact(storage: Storage) -> None:
    write(storage, "a.parquet", pa.table({"a": [1, 300], "b": [1, 2]}))
    assert open_dataset(
        storage, "a.parquet", schema=pa.schema([("a", pa.int16())])
    ).to_arrow().schema == pa.schema([("a", pa.int16()), ("b", pa.int64())])
    with pytest.raises(FormatError, match=r"column 'a' is int64 and cannot become int8"):
        open_dataset(storage, "a.parquet", schema=pa.schema([("a", pa.int8())])).to_arrow()


def test_a_pandas_index_is_a_column_like_others(storage: Storage) -> None:
    import pandas as pd

    path = Path(storage.home.location) / "a.parquet"
    path.parent.mkdir(parents=True)
    pd.DataFrame({"x": [1, 2]}, index=pd.Index(["a", "b"], name="k")).to_parquet(path)
    data = open_dataset(storage, "a.parquet")
    assert data.columns == ["x", "k"]
    assert data.to_pandas().columns.tolist() == ["x", "k"]
    assert data.to_pandas().index.tolist() == [0, 1]


@pytest.mark.parametrize("rows", [0, 3])
def test_files_without_rows(storage: Storage, rows: int) -> None:
    write(storage, "d/1.parquet", EVERY_TYPE.slice(0, 0))
    write(storage, "d/2.parquet", EVERY_TYPE.slice(0, rows))
    data = open_dataset(storage, "d")
    assert data.to_arrow().schema == data.schema == PLAIN.schema
    framed = [name for name in data.columns if name != "u64"]
    frames = data.to_pandas(framed), data.to_dask(framed)
    assert [data.count(), len(data.to_arrow()), *map(len, frames)] == [rows] * 4


@pytest.mark.parametrize("kept", [0, 3, 4, 100, -1])
def test_a_broken_file_is_named(storage: Storage, kept: int) -> None:
    write(storage, "d/1.parquet", EVERY_TYPE)
    path = write(storage, "d/2.parquet", EVERY_TYPE)
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(FormatError, match=r"d/2\.parquet: not a readable Parquet file"):
        open_dataset(storage, "d")


def test_broken_data_behind_a_good_footer_is_named(storage: Storage) -> None:
    for options in ({"compression": "snappy"}, {"compression": "none", "write_page_checksum": True}):
        path = write(storage, "a.parquet", pa.table({"x": np.arange(10_000)}), **options)
        content = bytearray(path.read_bytes())
        content[2_000:2_100] = bytes(byte ^ 0x55 for byte in content[2_000:2_100])
        path.write_bytes(content)
        data = open_dataset(storage, "a.parquet")
        with pytest.raises(FormatError, match=r"a\.parquet: not a readable Parquet file"):
            data.to_arrow()


def test_files_that_go_or_change_are_told(storage: Storage) -> None:
    path = write(storage, "a.parquet", EVERY_TYPE)
    data = open_dataset(storage, "a.parquet")
    write(storage, "a.parquet", EVERY_TYPE.slice(0, 2))
    with pytest.raises(FormatError, match=r"a\.parquet: has changed since it was opened"):
        data.to_arrow()
    path.unlink()
    with pytest.raises(NotFoundError, match=r"no such file: a\.parquet"):
        data.to_arrow()


def test_a_wrong_column_is_told_with_its_neighbours(storage: Storage) -> None:
    write(storage, "a.parquet", pa.table({"distance": [1], "fare": [2]}))
    data = open_dataset(storage, "a.parquet")
    for act in (data.to_arrow, data.to_pandas, data.to_dask, lambda names: list(data.partitions(names))):
        with pytest.raises(NotFoundError, match=r"no column 'distanc'.*'distance'"):
            act(["fare", "distanc"])
    with pytest.raises(OptionError, match="asked for twice"):
        data.to_arrow(["fare", "fare"])


def test_two_columns_of_one_name_are_refused(storage: Storage) -> None:
    table = pa.table([pa.array([1]), pa.array([2])], names=["a", "a"])
    write(storage, "a.parquet", table)
    with pytest.raises(FormatError, match=r"a\.parquet: two columns are named 'a'"):
        open_dataset(storage, "a.parquet")


def test_mixed_formats_are_refused(storage: Storage, put: Any) -> None:
    write(storage, "d/1.parquet", EVERY_TYPE)
    put("d/2.csv", "a\n1\n")
    with pytest.raises(FormatError, match=r"d/1\.parquet is parquet and d/2\.csv is csv"):
        open_dataset(storage, "d")
    put("x/notes", "a\n1\n")
    with pytest.raises(FormatError, match=r"x/notes: the suffix names no format"):
        open_dataset(storage, "x/notes")
    assert open_dataset(storage, "x/notes", format="csv").count() == 1
    put("x/a.parquet.gz", "")
    with pytest.raises(FormatError, match="names no format"):
        open_dataset(storage, "x/a.parquet.gz")


def test_a_source_travels(storage: Storage) -> None:
    write(storage, "a.parquet", PLAIN)
    source = open_dataset(storage, "a.parquet").source()
    reader, partition = pickle.loads(pickle.dumps((source.reader, source.partitions[0])))
    assert str(reader.read(partition).to_pylist()) == str(PLAIN.to_pylist())
    assert pickle.loads(pickle.dumps(source)) == source
    assert hash(partition) == hash(source.partitions[0])


def test_parquet_on_another_store(memory: Storage) -> None:
    sink = pa.BufferOutputStream()
    pq.write_table(PLAIN, sink)
    memory.home.filesystem.pipe_file(memory.resolve("d/k=1/a.parquet"), sink.getvalue().to_pybytes())
    data = open_dataset(memory, "d")
    assert data.to_arrow(["k", "s"]).to_pydict() == {"k": [1, 1, 1], "s": ["é", None, ""]}
    assert open_dataset(memory, "d").version == 1
    memory.home.filesystem.pipe_file(memory.resolve("d/k=1/a.parquet"), b"PAR1nothing")
    with pytest.raises(FormatError, match=r"d/k=1/a\.parquet"):
        open_dataset(memory, "d").schema  # noqa: B018


def test_texts_come_as_the_files_dictionaries_where_it_has_them(storage: Storage) -> None:
    words = pa.array(["x", None, "y", "x"])
    write(storage, "w/1.parquet", pa.table({"w": words, "n": [1, 2, 3, 4], "p.m": words}))
    write(storage, "w/2.parquet", pa.table({"w": [7, 8], "n": [5, 6]}))  # no text, and no "p.m"
    write(storage, "w/3.parquet", pa.table({"w": words.dictionary_encode(), "n": [1, 2, 3, 4]}))
    schema = pa.schema([("w", pa.string()), ("n", pa.int64()), ("p.m", pa.string())])
    source = open_dataset(storage, "w", schema=schema).source()
    found: dict[str, list[pa.Table]] = {}
    bad: list[BadRow] = []
    for partition in source.partitions:
        batches = read_batches(
            source.reader, partition, schema.names, rows=3, on_bad=bad.extend, coded=("w", "p.m", "n")
        )
        found[Path(partition.location).name] = [batch.table for batch in batches]
    assert [table.column("w").to_pylist() for table in found["1.parquet"]] == [["x", None], ["y", "x"]]
    coded = pa.dictionary(pa.int32(), pa.string())
    assert {table.schema.field("w").type for table in found["1.parquet"]} == {coded}
    assert found["1.parquet"][0].column("p.m").to_pylist() == ["x", None]
    assert sum(map(len, found["2.parquet"])) == 0
    assert {(row.column, row.value) for row in bad} == {("w", "7"), ("w", "8")}
    assert pa.concat_tables(found["3.parquet"]).column("w").to_pylist() == words.to_pylist()
