"""Tables: every write a version, what each mode promises, how they are found and dropped."""

from __future__ import annotations

import datetime as dt
import pickle
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from lake_samples import PARTS, ROWS, data_files, part_of, read_by_others

from engine.errors import NotFoundError, OptionError, WriteError
from engine.lake import (
    Storage,
    drop_table,
    list_tables,
    open_dataset,
    open_table,
    write_table,
)


def test_a_table_is_written_and_read(storage: Storage) -> None:
    table = write_table(storage, "Trips", PARTS, make=part_of, metadata={"who": "test"})
    assert (table.name, table.version, list_tables(storage)) == ("dbo.trips", 0, ["dbo.trips"])
    assert table.to_arrow().equals(ROWS)
    assert len(table.source().partitions) == len(data_files(storage)) == 3
    assert table.count() == 10
    assert read_by_others(table.location).sort_by("a").equals(ROWS)
    assert dict(table.history[0].metadata) == {"who": "test"}
    assert repr(table) == "Table('dbo.trips', version=0)"
    assert "<td>s</td><td>string</td>" in table._repr_html_()
    again = pickle.loads(pickle.dumps(table))
    assert again.to_arrow(["s"]).equals(ROWS.select(["s"]))


def test_every_write_is_a_version(storage: Storage) -> None:
    first = write_table(storage, "t", PARTS, make=part_of, mode="create")
    second = write_table(storage, "dbo.T", PARTS[:1], make=part_of, mode="append")
    assert second.to_arrow().equals(pa.concat_tables([ROWS, ROWS.slice(0, 4)]))
    third = write_table(storage, "[DBO].[t]", PARTS[2:], make=part_of)
    assert [first.version, second.version, third.version] == [0, 1, 2]
    assert [first.count(), second.count(), third.count()] == [10, 14, 6]
    assert third.versions() == first.versions() == [0, 1, 2]
    assert third.at(0).to_arrow().equals(ROWS)
    assert open_table(storage, "t").version == 2
    assert open_table(storage, "t", version=1).count() == 14
    assert [commit.version for commit in third.history] == [2, 1, 0]
    assert all(commit.at.tzinfo is dt.UTC and commit.job for commit in third.history)
    for version in (3, -1, 99):
        with pytest.raises(NotFoundError, match=f"no version {version}.*0 to 2"):
            third.at(version)


def test_modes_keep_their_word(storage: Storage) -> None:
    with pytest.raises(NotFoundError, match=r"no table dbo\.t to append to"):
        write_table(storage, "t", PARTS, make=part_of, mode="append")
    write_table(storage, "t", PARTS, make=part_of, mode="create")
    with pytest.raises(WriteError, match=r"dbo\.t is there already"):
        write_table(storage, "t", PARTS, make=part_of, mode="create")
    with pytest.raises(OptionError, match="no mode 'upsert'"):
        write_table(storage, "t", PARTS, make=part_of, mode="upsert")
    with pytest.raises(WriteError, match="cannot be appended"):
        write_table(storage, "t", PARTS, make=part_of, mode="append", schema=pa.schema([("a", pa.string())]))
    extra = ROWS.append_column("b", pa.array(range(10)))
    with pytest.raises(WriteError, match="has another column, 'b'"):
        write_table(storage, "t", [0], make=lambda _: extra, mode="append")
    with pytest.raises(WriteError, match=r"part 0 of dbo\.t lacks column 's'"):
        write_table(storage, "t", [0], make=lambda _: pa.table({"a": [1]}), mode="append")
    with pytest.raises(WriteError, match=r"column 'a' is double and cannot become int64 without loss"):
        write_table(storage, "t", [0], make=lambda _: pa.table({"s": ["x"], "a": [0.5]}), mode="append")
    assert open_table(storage, "t").version == 0
    assert len(data_files(storage)) == 3
    write_table(
        storage, "t", [0], make=lambda _: pa.table({"s": ["x"], "a": pa.array([3], pa.int8())}), mode="append"
    )
    assert open_table(storage, "t").count() == 11


def test_an_overwrite_may_change_columns_and_keys(storage: Storage) -> None:
    write_table(storage, "t", PARTS, make=part_of)
    moment = pa.table({"at": pa.array([1, 2], pa.timestamp("us")), "k": [1, 2]})
    table = write_table(storage, "t", [0], make=lambda _: moment, partition_by=["k"])
    assert table.version == 1
    assert table.to_arrow().equals(moment)
    assert read_by_others(table.location).sort_by("k").equals(moment)
    assert table.at(0).to_arrow().equals(ROWS)
    assert open_table(storage, "t").source().partitions[0].hive == (("k", 1),)


@pytest.mark.parametrize("schema", [None, pa.schema([("a", pa.int32()), ("b", pa.list_(pa.string()))])])
def test_a_table_without_rows_has_its_columns(storage: Storage, schema: pa.Schema | None) -> None:
    parts = [0, 1] if schema is None else []
    table = write_table(storage, "t", parts, make=lambda _: ROWS.slice(0, 0), schema=schema)
    assert table.schema.names == (ROWS.schema if schema is None else schema).names
    assert (table.count(), data_files(storage)) == (0, [])
    assert len(table.to_pandas()) == len(table.to_dask()) == len(table.to_arrow()) == 0
    assert read_by_others(table.location).num_rows == 0
    with pytest.raises(WriteError, match="no part, and no schema"):
        write_table(storage, "u", [], make=part_of)
    assert list_tables(storage) == ["dbo.t"]


def test_parts_must_agree_unless_a_schema_says_what_they_are(storage: Storage) -> None:
    parts = [pa.table({"a": [1]}), pa.table({"a": [0.5]}), pa.table({"a": pa.nulls(1)})]
    with pytest.raises(WriteError, match=r"part 0 has \(a int64\), part 1 has \(a double\)"):
        write_table(storage, "t", parts, make=lambda part: part)
    assert data_files(storage) == []
    table = write_table(storage, "t", parts, make=lambda part: part, schema=pa.schema([("a", pa.float64())]))
    assert table.to_arrow().to_pydict() == {"a": [1.0, 0.5, None]}


def test_tables_of_one_part_begin_row_groups_of_their_own(storage: Storage) -> None:
    def make(_: int) -> Iterator[pa.Table]:
        yield ROWS.slice(0, 3)
        yield ROWS.slice(3, 0)
        yield ROWS.slice(3, 7)

    table = write_table(storage, "t", [0], make=make)
    [file] = data_files(storage)
    footer = pq.read_metadata(file)
    assert [footer.row_group(at).num_rows for at in range(footer.num_row_groups)] == [3, 7]
    assert table.to_arrow().equals(ROWS)
    empty = write_table(storage, "u", [0], make=lambda _: iter(()), schema=ROWS.schema)
    assert empty.count() == 0
    with pytest.raises(WriteError, match=r"part 0 of dbo\.v has no table"):
        write_table(storage, "v", [0], make=lambda _: iter(()))


KEYED = pa.table(
    {
        "x": [*range(8)],
        "k": ["a", "b/c", None, "a", "é =%", "a", None, "__"],
        "n": [1, 1, 2, 2, None, 1, -2, 0],
        "d": [dt.date(2019, 1, day) for day in (1, 1, 2, 2, 3, 1, 2, 3)],
        "b": [True, False, None, True, True, False, None, True],
    }
)


@pytest.mark.parametrize("keys", [["k"], ["n", "k"], ["d"], ["b"], ["d", "n", "k"]])
def test_a_partitioned_table_keeps_its_values(storage: Storage, keys: list[str]) -> None:
    parts = [KEYED.slice(0, 5), KEYED.slice(5)]
    table = write_table(storage, "t", parts, make=lambda part: part, partition_by=keys)
    assert table.to_arrow().sort_by("x").equals(KEYED)
    assert read_by_others(table.location).sort_by("x").equals(KEYED)
    assert table.to_arrow([keys[0]]).num_rows == 8
    for partition in table.source().partitions:
        rows = table.source().read(partition)
        assert {tuple(row[key] for key in keys) for row in rows.to_pylist()} == {
            tuple(dict(partition.hive).values())
        }
    more = write_table(storage, "t", [KEYED], make=lambda part: part, mode="append")
    assert more.count() == 16
    with pytest.raises(WriteError, match="is partitioned by"):
        write_table(storage, "t", [KEYED], make=lambda part: part, mode="append", partition_by=["x"])


@pytest.mark.parametrize(
    ("keys", "error", "message"),
    [
        (["z"], NotFoundError, "no column 'z'"),
        (["f"], WriteError, "'f' is double"),
        (["a", "f", "s"], WriteError, "'f' is double"),
        (["a", "s"], WriteError, "holds an empty text"),
    ],
)
def test_keys_that_cannot_be_folders_are_refused(
    storage: Storage, keys: list[str], error: type[Exception], message: str
) -> None:
    rows = pa.table({"a": [1], "f": [0.5], "s": [""]})
    with pytest.raises(error, match=message):
        write_table(storage, "t", [0], make=lambda _: rows, partition_by=keys)
    with pytest.raises(WriteError, match="no column is left"):
        write_table(storage, "t", [0], make=lambda _: pa.table({"a": [1]}), partition_by=["a"])
    assert data_files(storage) == []


def test_a_table_that_is_dropped_is_gone(storage: Storage) -> None:
    table = write_table(storage, "sales.x", PARTS, make=part_of)
    write_table(storage, "sales.y", PARTS, make=part_of)
    drop_table(storage, "SALES.X")
    assert list_tables(storage) == ["sales.y"]
    for act in (
        lambda: open_table(storage, "sales.x"),
        lambda: drop_table(storage, "sales.x"),
        table.to_arrow,
    ):
        with pytest.raises(NotFoundError):
            act()
    with pytest.raises(NotFoundError, match=r"no table sales\.x\..*There is: sales\.y"):
        open_table(storage, "sales.x")
    assert write_table(storage, "sales.x", PARTS, make=part_of, mode="create").version == 0


def test_a_dataset_may_point_to_a_table(storage: Storage) -> None:
    table = write_table(storage, "t", PARTS, make=part_of)
    data = open_dataset(storage, "tables/dbo/t", name="all")
    assert data.to_arrow().equals(ROWS)
    write_table(storage, "t", PARTS, make=part_of, mode="append")
    assert open_dataset(storage, "all").count() == 20
    assert (data.count(), table.count()) == (10, 10)
    with pytest.raises(OptionError, match="Delta table tells its schema itself"):
        open_dataset(storage, "tables/dbo/t", delimiter=";")
