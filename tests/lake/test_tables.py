"""Tables: what is written is read, by us and by others; all of a write or nothing of it."""

from __future__ import annotations

import datetime as dt
import json
import os
import pickle
import random
import threading
import uuid
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import deltalake
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.errors import NotFoundError, OptionError, PathRefusedError, WriteError
from engine.lake import (
    InlineRunner,
    Storage,
    TableName,
    abort_write,
    begin_write,
    commit_write,
    drop_table,
    list_tables,
    open_dataset,
    open_storage,
    open_table,
    write_table,
)

ROWS = pa.table({"a": [*range(10)], "s": [f"x{n}" if n % 3 else None for n in range(10)]})


def part_of(numbers: tuple[int, int]) -> pa.Table:
    return ROWS.slice(*numbers)


PARTS = [(0, 4), (4, 0), (4, 5), (9, 1)]


def data_files(storage: Storage) -> list[Path]:
    return sorted(
        path
        for path in Path(storage.home.location).rglob("*")
        if path.is_file() and "_delta_log" not in path.parts
    )


def read_by_others(location: str) -> pa.Table:
    return deltalake.DeltaTable(location).to_pyarrow_table()


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
    extra = pa.table({"a": [1], "s": ["x"], "b": [1]})
    with pytest.raises(WriteError, match="has another column, 'b'"):
        write_table(
            storage, "t", [0], make=lambda _: pa.table({"a": [1], "s": ["x"], "b": [1]}), mode="append"
        )
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


# What Delta holds each column of HELD as.
HELD_AS = {
    "u8": "int16", "u32": "int64", "u64": "int64", "i8": "int8", "f16": "float", "f32": "float", "b": "bool",
    "ls": "string", "dict": "string", "bin": "binary", "fsb": "binary", "d": "date32[day]",
    "d64": "date32[day]", "ts_s": "timestamp[us]", "ts_ns": "timestamp[us]", "tz": "timestamp[us, tz=UTC]",
    "dec": "decimal128(3, 2)", "dec32": "decimal128(5, 2)", "null": "string", "list": "list<element: int16>",
    "struct": "struct<x: int64, y: list<element: date32[day]>>", "map": "map<string, int8>",
    "odd, name; (1)\t=": "int64",
}  # fmt: skip
HELD = pa.table(
    {
        "u8": pa.array([255, None], pa.uint8()),
        "u32": pa.array([2**32 - 1, None], pa.uint32()),
        "u64": pa.array([2**63 - 1, None], pa.uint64()),
        "i8": pa.array([-1, None], pa.int8()),
        "f16": pa.array([1.5, None], pa.float16()),
        "f32": pa.array([0.1, None], pa.float32()),
        "b": [True, None],
        "ls": pa.array(["é", None], pa.large_string()),
        "dict": pa.array(["a", None]).dictionary_encode(),
        "bin": [b"\xff", None],
        "fsb": pa.array([b"ab", None], pa.binary(2)),
        "d": [dt.date(2019, 1, 1), None],
        "d64": pa.array([dt.date(2019, 1, 1), None], pa.date64()),
        "ts_s": pa.array([1, None], pa.timestamp("s")),
        "ts_ns": pa.array([1000, None], pa.timestamp("ns")),
        "tz": pa.array([1, None], pa.timestamp("us", "Europe/Berlin")),
        "dec": [Decimal("1.25"), None],
        "dec32": pa.array([Decimal("1.25"), None], pa.decimal32(5, 2)),
        "null": pa.nulls(2),
        "list": pa.array([[1, None], None], pa.large_list(pa.uint8())),
        "struct": [{"x": 1, "y": [dt.date(2019, 1, 1)]}, None],
        "map": pa.array([[("k", 1)], None], pa.map_(pa.string(), pa.int8())),
        "odd, name; (1)\t=": [1, None],
    }
)


def test_types_that_delta_cannot_hold_become_ones_it_can(storage: Storage) -> None:
    table = write_table(storage, "t", [HELD], make=lambda part: part)
    assert {field.name: str(field.type) for field in table.schema} == HELD_AS
    for name, values in table.to_arrow().to_pydict().items():
        before = HELD.column(name).to_pylist()
        moments = [value.replace(tzinfo=None) if hasattr(value, "tzinfo") else value for value in before]
        if name == "tz":
            moments = [dt.datetime(1970, 1, 1, 0, 0, 0, 1, tzinfo=dt.UTC), None]
        assert values == moments, name
    others = read_by_others(table.location)
    assert str(others.select(table.columns).to_pylist()) == str(table.to_arrow().to_pylist())


@pytest.mark.parametrize(
    ("column", "message"),
    [
        (pa.array([1], pa.time64("us")), "time64"),
        (pa.array([1], pa.duration("us")), "duration"),
        (pa.array([Decimal(1)], pa.decimal256(50, 2)), "decimal256"),
        (pa.array([[dt.time(1)]]), "time64"),
        (pa.array([{}], pa.struct([])), "struct"),
        (pa.array([2**63], pa.uint64()), "cannot become int64 without loss"),
        (pa.array([1001], pa.timestamp("ns")), r"cannot become timestamp\[us\] without loss"),
    ],
    ids=str,
)
def test_what_delta_cannot_hold_at_all_is_refused_by_column(
    storage: Storage, column: pa.Array, message: str
) -> None:
    with pytest.raises(WriteError, match=f"column 'c' .*{message}"):
        write_table(storage, "t", [0], make=lambda _: pa.table({"a": [1], "c": column}))
    assert list_tables(storage) == []
    assert data_files(storage) == []


def test_columns_that_delta_cannot_tell_apart_are_refused(storage: Storage) -> None:
    with pytest.raises(WriteError, match="'a' and 'A' differ in case only"):
        write_table(storage, "t", [0], make=lambda _: pa.table({"a": [1], "A": [1]}))
    with pytest.raises(WriteError, match="at least one column"):
        write_table(storage, "t", [0], make=lambda _: pa.table({}))


def test_not_null_is_kept_and_checked(storage: Storage) -> None:
    schema = pa.schema([pa.field("a", pa.int64(), nullable=False)])
    table = write_table(storage, "t", [[1, 2]], make=lambda part: pa.table({"a": part}), schema=schema)
    assert table.schema == schema
    with pytest.raises(WriteError, match="1 nulls, none allowed"):
        write_table(storage, "t", [[1, None]], make=lambda part: pa.table({"a": part}), mode="append")


def test_statistics_bound_what_is_there(storage: Storage) -> None:
    rows = pa.table(
        {
            "i": [3, 1, None],
            "f": [1.5, float("nan"), -0.5],
            "inf": [1.0, float("inf"), None],
            "s": ["z" * 40, "a" * 40, None],
            "b": [True, False, None],
            "d": [dt.date(2019, 1, 1), dt.date(2020, 1, 1), None],
            "t": pa.array([1_500_001, 999, None], pa.timestamp("us")),
            "tz": pa.array([1_500_001, 999, None], pa.timestamp("us", "UTC")),
            "dec": [Decimal("1.25"), Decimal("-7.50"), None],
            "l": [[1], [2], None],
        }
    )
    table = write_table(storage, "t", [rows], make=lambda part: part)
    log = Path(table.location, "_delta_log", "00000000000000000000.json").read_text().splitlines()
    [added] = [json.loads(line)["add"] for line in log if '"add"' in line]
    stats = json.loads(added["stats"])
    assert stats["numRecords"] == 3
    assert stats["nullCount"] == {name: int(name != "f") for name in rows.schema.names if name != "l"}
    assert stats["minValues"] == {
        "i": 1, "f": -0.5, "s": "a" * 32, "b": False, "d": "2019-01-01", "t": "1970-01-01 00:00:00.000",
        "tz": "1970-01-01T00:00:00.000Z", "dec": -7.5,
    }  # fmt: skip
    assert stats["maxValues"] == {
        "i": 3, "f": 1.5, "s": "z" * 32 + "\U0010ffff", "b": True, "d": "2020-01-01",
        "t": "1970-01-01 00:00:01.501", "tz": "1970-01-01T00:00:01.501Z", "dec": 1.25,
    }  # fmt: skip
    pruned = deltalake.DeltaTable(table.location).to_pyarrow_dataset()
    import pyarrow.dataset as ds

    assert len(list(pruned.get_fragments(ds.field("i") > 3))) == 0
    assert len(list(pruned.get_fragments(ds.field("s") == "z" * 40))) == 1


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
    }
)


@pytest.mark.parametrize("keys", [["k"], ["n", "k"], ["d"], ["d", "n", "k"]])
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


class Unlucky(InlineRunner):
    """Runs parts in any order, some twice or thrice, and fails at some: as a pool that loses workers does."""

    def __init__(self, seed: int, fails: bool) -> None:
        self.random = random.Random(seed)
        self.fails = fails

    def stream(
        self, fn: Callable[[Any], Any], items: Iterable[Any], *, label: str
    ) -> Iterator[tuple[int, Any]]:
        order = list(enumerate(items))
        self.random.shuffle(order)
        failing = self.random.randrange(len(order)) if self.fails and order else None
        for position, (index, item) in enumerate(order):
            for _ in range(self.random.randrange(3)):
                fn(item)
            if position == failing:
                raise RuntimeError("a part failed")
            yield index, fn(item)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=25)
@given(
    st.lists(st.integers(0, 5), min_size=1, max_size=6),
    st.integers(0, 10**6),
    st.booleans(),
    st.sampled_from(["overwrite", "append"]),
    st.booleans(),
)
def test_parts_that_fail_or_run_twice_give_all_rows_once_or_none(
    tmp_path: Path, sizes: list[int], seed: int, fails: bool, mode: str, keyed: bool
) -> None:
    storage = open_storage(tmp_path / uuid.uuid4().hex)
    keys = ["s"] if keyed else []
    before = write_table(storage, "t", [ROWS.slice(0, 3)], make=lambda part: part, partition_by=keys)
    files = data_files(storage)
    starts = np.cumsum([0, *sizes]).tolist()
    whole = pa.table({"a": [*range(100, 100 + starts[-1])], "s": [str(n % 2) for n in range(starts[-1])]})
    parts = list(zip(starts, sizes, strict=False))

    def write() -> None:
        write_table(
            storage, "t", parts, make=lambda part: whole.slice(*part), runner=Unlucky(seed, fails), mode=mode,
            schema=ROWS.schema, partition_by=keys,
        )  # fmt: skip

    if fails:
        with pytest.raises(RuntimeError, match="a part failed"):
            write()
        assert open_table(storage, "t").version == before.version
        assert data_files(storage) == files
        return
    write()
    after = open_table(storage, "t")
    kept = before.to_arrow().num_rows if mode == "append" else 0
    assert after.count() == kept + len(whole)
    assert sorted(after.to_arrow().column("a").to_pylist())[kept:] == whole.column("a").to_pylist()
    named = {partition.location for version in (0, 1) for partition in after.at(version).source().partitions}
    assert {str(path) for path in data_files(storage)} == named


def test_a_failed_first_write_leaves_no_trace(storage: Storage) -> None:
    def make(part: int) -> pa.Table:
        if part == 2:
            raise ZeroDivisionError
        return ROWS

    with pytest.raises(ZeroDivisionError):
        write_table(storage, "t", range(3), make=make)
    assert list_tables(storage) == []
    assert list(Path(storage.home.location).rglob("*")) == []


def test_a_straggler_of_an_aborted_write_cannot_leave_files(storage: Storage) -> None:
    writer = begin_write(storage, "t")
    writer.write(ROWS, 0)
    abort_write(writer)
    with pytest.raises(WriteError):
        writer.write(ROWS, 1)
    assert data_files(storage) == []


def test_what_is_committed_is_what_was_written(storage: Storage) -> None:
    writer = pickle.loads(pickle.dumps(begin_write(storage, "t", schema=ROWS.schema)))
    first, second = writer.write(ROWS.slice(0, 5), 0), writer.write(ROWS.slice(5), 1)
    other = begin_write(storage, "t", schema=ROWS.schema).write(ROWS, 2)
    path = Path(writer.location, second.files[0].path)
    content = path.read_bytes()
    for spoil, parts, message in [
        (lambda: None, [first, first], "part 0 was given twice"),
        (lambda: None, [first, other], "is not of the write"),
        (lambda: path.write_bytes(content[:-1]), [first, second], "gone or broken"),
        (lambda: pq.write_table(ROWS, path), [first, second], "were written"),
        (
            lambda: pq.write_table(ROWS.slice(5).rename_columns(["a", "b"]), path),
            [first, second],
            "were written",
        ),
        (path.unlink, [first, second], "gone or broken"),
    ]:
        spoil()
        with pytest.raises(WriteError, match=message):
            commit_write(writer, parts)
        assert list_tables(storage) == []
    path.write_bytes(content)
    assert commit_write(writer, [second, first]) == 0
    assert open_table(storage, "t").to_arrow().equals(ROWS)


def test_a_job_is_committed_once(storage: Storage) -> None:
    writer = begin_write(storage, "t", schema=ROWS.schema, job="nightly-1")
    part = writer.write(ROWS, 0)
    assert commit_write(writer, [part], metadata={"n": 1}) == 0
    assert commit_write(writer, [part], metadata={"n": 2}) == 0
    again = begin_write(storage, "t", mode="create", job="nightly-1")
    assert commit_write(again, [part]) == 0
    abort_write(again)
    table = write_table(storage, "t", [0], make=lambda _: pytest.fail("ran again"), job="nightly-1")
    assert (table.version, table.count(), dict(table.history[0].metadata)) == (0, 10, {"n": 1})
    for job in ("", "a/b", "..", "x" * 101, "-a"):
        if job:
            with pytest.raises(OptionError, match="cannot name a write"):
                begin_write(storage, "t", job=job)


def test_a_write_can_be_taken_up_by_another_process(storage: Storage) -> None:
    first = begin_write(storage, "t", schema=ROWS.schema, job="resumed")
    done = first.write(ROWS.slice(0, 5), 0)
    first.write(ROWS.slice(5), 1)  # its result was lost with the process
    second = begin_write(storage, "t", schema=ROWS.schema, job="resumed")
    assert commit_write(second, [pickle.loads(pickle.dumps(done)), second.write(ROWS.slice(5), 1)]) == 0
    assert open_table(storage, "t").to_arrow().equals(ROWS)
    assert len(data_files(storage)) == 2


def concurrently(*acts: Callable[[], object]) -> list[object]:
    barrier, results = threading.Barrier(len(acts)), [None] * len(acts)

    def run(at: int, act: Callable[[], object]) -> None:
        barrier.wait()
        try:
            results[at] = act()
        except WriteError as error:
            results[at] = error

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_appends_all_land(storage: Storage) -> None:
    write_table(storage, "t", [], make=part_of, schema=ROWS.schema)
    writers = [begin_write(storage, "t", mode="append") for _ in range(4)]
    written = [[writer.write(ROWS, 0)] for writer in writers]
    versions = concurrently(*(lambda at=at: commit_write(writers[at], written[at]) for at in range(4)))
    assert sorted(map(str, versions)) == ["1", "2", "3", "4"]
    assert open_table(storage, "t").count() == 40


@pytest.mark.parametrize("existing", [None, "empty", "filled"])
def test_of_overwrites_at_once_one_lands(storage: Storage, existing: str | None) -> None:
    if existing is not None:
        rows = ROWS.slice(0, 0 if existing == "empty" else 5)
        write_table(storage, "t", [rows], make=lambda part: part)
    writers = [begin_write(storage, "t", schema=ROWS.schema) for _ in range(4)]
    written = [[writer.write(ROWS, 0)] for writer in writers]
    results = concurrently(*(lambda at=at: commit_write(writers[at], written[at]) for at in range(4)))
    failed = [result for result in results if isinstance(result, WriteError)]
    assert len(failed) == 3, results
    assert all("was changed by another write" in str(error) for error in failed)
    assert open_table(storage, "t").to_arrow().equals(ROWS)
    for writer in writers:
        abort_write(writer)
    assert len(data_files(storage)) == 1 + (existing == "filled")


def test_an_overwrite_does_not_go_over_what_it_has_not_seen(storage: Storage) -> None:
    write_table(storage, "t", PARTS, make=part_of)
    stale = begin_write(storage, "t")
    part = stale.write(ROWS.slice(0, 1), 0)
    write_table(storage, "t", PARTS, make=part_of, mode="append")
    with pytest.raises(WriteError, match="was changed by another write"):
        commit_write(stale, [part])
    late = begin_write(storage, "t", mode="append")
    part = late.write(ROWS, 0)
    write_table(storage, "t", [0], make=lambda _: pa.table({"other": [1]}))
    with pytest.raises(WriteError, match="was changed by another write"):
        commit_write(late, [part])
    assert open_table(storage, "t").columns == ["other"]


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
    with pytest.raises(NotFoundError, match=r"no table sales\.x.*there is sales\.y"):
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


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Trips", "dbo.trips"),
        ("Sales.TRIPS", "sales.trips"),
        ("[My Schema].[a.b]", "my schema.[a.b]"),
        ("[x]]y]", "dbo.[x]]y]"),
        ("STRASSE", "dbo.strasse"),
        ("straße", "dbo.strasse"),
        ("E\u0301", "dbo.é"),
        ("../../etc", None),
        ("a.b.c", None),
        ("", None),
        (".", None),
        ("..", None),
        ("a.", None),
        ("[]", None),
        ("[a", None),
        ("a]", None),
        ("a[b]", None),
        (" ", None),
        ("x" * 129, None),
    ],
)
def test_names(text: str, name: str | None) -> None:
    if name is None:
        with pytest.raises(PathRefusedError):
            TableName.parse(text)
    else:
        parsed = TableName.parse(text)
        assert str(parsed) == name
        assert TableName.parse(str(parsed)) == TableName.parse(parsed) == parsed


@settings(deadline=None, max_examples=30)
@given(st.text(min_size=1, max_size=20).filter(str.strip))
def test_any_name_is_a_folder_and_comes_back(text: str) -> None:
    storage = open_storage(os.fspath(Path("/tmp") / "never-made"))
    quoted = "[" + text.replace("]", "]]") + "]"
    name = TableName.parse(quoted)
    folder = name.folder
    assert folder.count("/") == 1
    assert not set(folder) & set('\\:*?"<>|%. \0\n')
    assert TableName.parse(str(name)) == name
    storage.resolve(f"tables/{folder}")


@pytest.mark.parametrize(
    "name", ["[a/../../b]", "[%20?#]", "[ä ö.ü]", "[~x]", "[.hidden]", "[_log]", "[a\nb]", "[日本]"]
)
def test_odd_names_work_all_the_way(storage: Storage, name: str) -> None:
    table = write_table(storage, name, PARTS, make=part_of)
    write_table(storage, name, PARTS, make=part_of, mode="append")
    assert list_tables(storage) == [table.name]
    assert open_table(storage, list_tables(storage)[0]).count() == 20
    assert read_by_others(table.location).num_rows == 10 * 2
    drop_table(storage, name)
    assert list(Path(storage.home.location).rglob("*")) == []


@pytest.mark.parametrize("folder", ["my lake", "läke#1?", "a+b&c"])
def test_a_workspace_may_lie_in_an_odd_folder(tmp_path: Path, folder: str) -> None:
    storage = open_storage(tmp_path / folder)
    assert write_table(storage, "t", PARTS, make=part_of).to_arrow().equals(ROWS)


def test_tables_are_refused_where_they_cannot_live(memory: Storage, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="tables cannot live on memory"):
        write_table(memory, "t", PARTS, make=part_of)
    assert list_tables(memory) == []
    with pytest.raises(OptionError, match="percent sign"):
        write_table(open_storage(tmp_path / "a%20b"), "t", PARTS, make=part_of)
