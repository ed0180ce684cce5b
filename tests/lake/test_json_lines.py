from __future__ import annotations

import datetime as dt
import gzip
import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.errors import FormatError
from engine.lake import Storage, open_dataset

Put = Callable[[str, "bytes | str"], Path]


def lines(*records: object) -> str:
    return "".join(json.dumps(record) + "\n" for record in records)


@pytest.mark.parametrize("partition_bytes", [1, 64 << 20])
@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([1, 2], "int64"),
        ([1, 2.5], "double"),
        ([None, None], "string"),
        (["a", None], "string"),
        ([True, None], "bool"),
        (["2019-01-01", "2019-02-01"], "date32[day]"),
        (["2019-01-01 10:00:00", "2019-01-01T10:00:00.123456"], "timestamp[us]"),
        (["2019-01-01T10:00:00Z", "2019-01-01T10:00:00.5Z"], "timestamp[us, tz=UTC]"),
        (["2019-01-01T10:00:00+02:00"], "timestamp[us, tz=UTC]"),
        (["2019-01-01T10:00:00Z", "2019-01-01T10:00:00"], "string"),
        (["2019-01-01", "later"], "string"),
        (["1", "2"], "string"),
        ([2**64 - 1, 1], "decimal128(38, 0)"),
        ([99999999999999999999, 1], "double"),
        ([1e30], "double"),
        ([[1], [2.5]], "list<item: double>"),
        ([{"x": 1}, {"y": "a"}], "struct<x: int64, y: string>"),
    ],
)
def test_types(storage: Storage, put: Put, values: list[object], kind: str, partition_bytes: int) -> None:
    put("a.jsonl", lines(*({"v": value, "n": 1} for value in values)))
    data = open_dataset(storage, "a.jsonl", partition_bytes=partition_bytes)
    assert str(data.schema.field("v").type) == kind
    assert data.count() == len(data.to_arrow()) == len(values)


def test_values_are_exact(storage: Storage, put: Put) -> None:
    put(
        "a.jsonl",
        lines(
            {"i": 9007199254740993, "u": 18446744073709551615, "t": "2019-01-01T10:00:00+02:00", "s": "é\n"},
            {"i": -1, "u": 0, "s": ""},
        ),
    )
    assert open_dataset(storage, "a.jsonl").to_arrow().to_pylist() == [
        {
            "i": 9007199254740993,
            "u": Decimal(2**64 - 1),
            "t": dt.datetime(2019, 1, 1, 8, tzinfo=dt.UTC),
            "s": "é\n",
        },
        {"i": -1, "u": Decimal(0), "t": None, "s": ""},
    ]


def test_files_keys_and_order(storage: Storage, put: Put) -> None:
    put("d/1.jsonl", lines({"b": 1, "a": "x"}, {"a": "y"}))
    put("d/2.ndjson.gz", gzip.compress(lines({"c": True, "b": 1.5}).encode()))
    put("d/3.json", "")
    put("d/4.json", "\n\n")
    data = open_dataset(storage, "d")
    assert data.schema == pa.schema([("b", pa.float64()), ("a", pa.string()), ("c", pa.bool_())])
    assert data.to_arrow(["c", "b"]).to_pylist() == [
        {"c": None, "b": 1.0},
        {"c": None, "b": None},
        {"c": True, "b": 1.5},
    ]
    assert data.count() == len(data.to_arrow([])) == 3


@pytest.mark.parametrize("text", ["", "\n"])
def test_nothing_is_no_rows(storage: Storage, put: Put, text: str) -> None:
    put("a.jsonl", text)
    data = open_dataset(storage, "a.jsonl")
    assert (data.columns, data.count(), len(data.to_pandas())) == ([], 0, 0)


def test_marks_and_line_ends(storage: Storage, put: Put) -> None:
    put("a.jsonl", b'\xef\xbb\xbf{"a": 1}\r\n\r\n{"a": 2}')
    for size in (1, 8, 100):
        assert open_dataset(storage, "a.jsonl", partition_bytes=size).to_arrow().to_pydict() == {"a": [1, 2]}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"a": 1}\n{"a": "x"}\n', r"a\.jsonl, line 2, column 'a': 'x' is no float"),
        ('{"a": 1}\n{"a": \n', r"a\.jsonl, line 2 is no JSON: '\{\"a\": '"),
        ('[{"a": 1},\n{"a": 2}]\n', r"line 1 is no JSON"),
        ("[1]\n", r"line 1 is no JSON object"),
        ('{"a": {"b": 1}}\n{"a": [1]}\n', r"line 2, column 'a'"),
        ('{"a": 1, "a": 2}\n', r"a\.jsonl.*twice"),
        (b'{"a": "\xff"}\n', r"a\.jsonl"),
    ],
)
def test_what_cannot_be_read_is_told_by_line(
    storage: Storage, put: Put, text: bytes | str, message: str
) -> None:
    put("a.jsonl", text)
    with pytest.raises(FormatError, match=message):
        open_dataset(storage, "a.jsonl")


def test_two_pieces_that_do_not_go_together_are_both_named(storage: Storage, put: Put) -> None:
    put("d/1.jsonl", lines({"a": 1}))
    put("d/2.jsonl", lines({"a": "x"}))
    with pytest.raises(FormatError, match=r"'a' is int64 in d/1\.jsonl and string in d/2\.jsonl"):
        open_dataset(storage, "d")


def test_a_value_that_a_sample_missed_is_told_when_it_is_read(storage: Storage, put: Put) -> None:
    records = [b'{"a": %7d, "t": "2019-01-01", "long": "%s"}\n' % (n, b"x" * 40) for n in range(60_000)]
    records[45_000] = b'{"a": 1.5, "t": "2019-13-01"}\n'
    put("a.jsonl", b"".join(records))
    data = open_dataset(storage, "a.jsonl", inspect_bytes=0, partition_bytes=2 << 20)
    assert str(data.schema.field("a").type) == "int64"
    assert data.source().rows is None
    assert data.count() == 60_000
    with pytest.raises(FormatError, match=r"a\.jsonl after byte \d+, line \d+, column 'a': '1\.5' is no int"):
        data.to_arrow(["a"])
    with pytest.raises(FormatError, match=r"after byte \d+, line \d+, column 't': '2019-13-01' is no date32"):
        data.to_arrow(["t"])
    assert data.to_arrow(["long"]).column(0).null_count == 1


def test_declared_types(storage: Storage, put: Put) -> None:
    put("a.jsonl", lines({"p": 1.10, "d": "2019-01-01", "n": 5, "x": 1}))
    declared = pa.schema([("p", pa.decimal128(9, 2)), ("d", pa.timestamp("ns")), ("n", pa.float32())])
    data = open_dataset(storage, "a.jsonl", schema=declared)
    assert [str(kind) for kind in data.schema.types] == [
        "decimal128(9, 2)",
        "timestamp[ns]",
        "float",
        "int64",
    ]
    assert data.to_arrow().to_pylist()[0]["p"] == Decimal("1.10")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)
@given(
    st.lists(
        st.fixed_dictionaries({"a": st.integers(-(2**60), 2**60), "b": st.text(max_size=5)}), min_size=1
    ),
    st.integers(1, 50),
)
def test_any_lines_read_the_same_in_one_piece_and_in_many(
    storage: Storage, put: Put, records: list[dict[str, object]], partition_bytes: int
) -> None:
    put("h.jsonl", lines(*records))
    pieces = open_dataset(storage, "h.jsonl", partition_bytes=partition_bytes)
    assert pieces.to_arrow().to_pylist() == open_dataset(storage, "h.jsonl").to_arrow().to_pylist() == records
