"""What a Delta table can hold, what becomes what, and what its statistics say."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from pathlib import Path

import deltalake
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lake_samples import data_files, read_by_others

from engine.errors import WriteError
from engine.lake import (
    Storage,
    list_tables,
    write_table,
)
from engine.lake.delta_stats import stats_json
from engine.lake.parquet import footer_facts

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

    assert len(list(pruned.get_fragments(ds.field("i") > 3))) == 0
    assert len(list(pruned.get_fragments(ds.field("s") == "z" * 40))) == 1


@given(
    st.lists(st.none() | st.datetimes(), min_size=1, max_size=5),
    st.lists(st.none() | st.text(max_size=50), min_size=1, max_size=5),
    st.lists(st.none() | st.floats(), min_size=1, max_size=5),
)
def test_no_value_lies_outside_of_its_statistics(
    times: list[dt.datetime | None], texts: list[str | None], numbers: list[float | None]
) -> None:
    columns = {
        "t": pa.array(times, pa.timestamp("us")),
        "s": pa.array(texts, pa.string()),
        "f": pa.array(numbers, pa.float64()),
    }
    for name, values in columns.items():
        table = pa.table({name: values})
        sink = pa.BufferOutputStream()
        pq.write_table(table, sink)
        footer = pq.read_metadata(pa.BufferReader(sink.getvalue()))
        stats = json.loads(stats_json(len(table), footer_facts(footer, table.schema)))
        assert stats["nullCount"] == {name: values.null_count}
        if name in stats["minValues"]:
            low, high = stats["minValues"][name], stats["maxValues"][name]
            spelled = [
                value.isoformat(" ", "microseconds") if name == "t" else value
                for value in values.to_pylist()
                if value is not None
            ]
            assert all(value != value or low <= value for value in spelled)
            # A time is told to the millisecond, so that a longer spelling of the same one sorts after it.
            assert all(
                value != value or value <= (high + "000" if name == "t" else high) for value in spelled
            )
