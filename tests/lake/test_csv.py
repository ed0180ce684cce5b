from __future__ import annotations

import bz2
import datetime as dt
import gzip
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.errors import FormatError, OptionError
from engine.lake import Storage, open_dataset

Put = Callable[[str, "bytes | str"], Path]


def types(storage: Storage, path: str = "a.csv", **options: object) -> dict[str, str]:
    return {field.name: str(field.type) for field in open_dataset(storage, path, **options).schema}


@pytest.mark.parametrize("partition_bytes", [64 << 20, 100_000])
@pytest.mark.parametrize("name", ["taxis", "diamonds", "pollution", "nyc_weather_2013"])
def test_real_files_read_as_pandas_reads_them(
    storage: Storage, put: Put, shared_data: Path, name: str, partition_bytes: int
) -> None:
    path = put(f"{name}.csv", (shared_data / f"{name}.csv").read_bytes())
    data = open_dataset(storage, f"{name}.csv", partition_bytes=partition_bytes)
    expected = pd.read_csv(path)
    moments = [
        name
        for name, kind in zip(data.columns, data.schema.types, strict=True)
        if pa.types.is_timestamp(kind)
    ]
    expected[moments] = expected[moments].apply(pd.to_datetime)
    assert len(data.source().partitions) == 1 or partition_bytes < 10**6
    for frame in (data.to_pandas(), data.to_dask().compute().reset_index(drop=True)):
        pd.testing.assert_frame_equal(frame, expected, check_exact=True)
    assert data.count() == len(expected)
    assert moments == {"taxis": ["pickup", "dropoff"], "nyc_weather_2013": ["time_hour"]}.get(name, [])


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("1\n2\n", "int64"),
        ("1\n\n2.5\n", "double"),
        ("NA\n1\n", "int64"),
        ("NA\n\nNaN\n", "string"),
        ("1\nx\n", "string"),
        ("true\nFalse\n", "bool"),
        ("true\n1\n", "string"),
        ("true\n2\n", "string"),
        ("2019-01-01\n", "date32[day]"),
        ("2019-01-01\n2019-01-01 10:00:00\n", "timestamp[us]"),
        ("2019-01-01T10:00:00\n", "timestamp[us]"),
        ("2019-01-01 10:00:00.123456\n", "timestamp[us]"),
        ("2019-01-01 10:00:00.123456789\n", "timestamp[ns]"),
        ("2019-01-01T10:00:00Z\n", "timestamp[us, tz=UTC]"),
        ("2019-01-01T10:00:00Z\n2019-01-01T10:00:00\n", "string"),
        ("12:30:00\n", "time64[us]"),
        ("9223372036854775807\n", "int64"),
        ("9223372036854775808\n1\n", "string"),
        ("1\n0x1f\n", "string"),
        ("99999999999999999999\n1.5\n", "double"),
        ("99999999999999999999\n1\n", "string"),
        ("1e30\n", "double"),
        ("-99999999999999999999\n", "string"),
        ('"1"\n"2"\n', "int64"),
    ],
)
def test_types_are_found_in_one_piece_and_in_many(storage: Storage, put: Put, text: str, kind: str) -> None:
    put("a.csv", "v,w\n" + "".join(f"{line},x\n" for line in text.splitlines()))
    assert types(storage)["v"] == kind
    assert types(storage, partition_bytes=1)["v"] == kind


def test_long_integers_lose_no_digit(storage: Storage, put: Put) -> None:
    put("a.csv", "u,s\n18446744073709551615,99999999999999999999\n1,2\n")
    rows = open_dataset(storage, "a.csv").to_arrow().to_pydict()
    assert rows == {"u": ["18446744073709551615", "1"], "s": ["99999999999999999999", "2"]}
    declared = pa.schema([("u", pa.uint64()), ("s", pa.decimal128(20, 0))])
    rows = open_dataset(storage, "a.csv", schema=declared).to_arrow().to_pydict()
    assert rows == {"u": [18446744073709551615, 1], "s": [Decimal(99999999999999999999), Decimal(2)]}


def test_files_of_one_dataset_agree_on_types(storage: Storage, put: Put) -> None:
    put("d/1.csv", "a,b,c\n1,1,1\n")
    put("d/2.csv", "c,a,d\nx,1.5,\n")
    data = open_dataset(storage, "d")
    assert data.schema == pa.schema(
        [("a", pa.float64()), ("b", pa.int64()), ("c", pa.string()), ("d", pa.string())]
    )
    assert data.to_arrow().to_pylist() == [
        {"a": 1.0, "b": 1, "c": "1", "d": None},
        {"a": 1.5, "b": None, "c": "x", "d": None},
    ]
    # Fields that no longer are what pandas makes of either file alone: b has a null now.
    assert data.to_pandas()["b"].dtype == "float64"


@pytest.mark.parametrize("partition_bytes", [1, 7, 64 << 20])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
def test_quoted_newlines_marks_and_line_ends(
    storage: Storage, put: Put, partition_bytes: int, newline: str, bom: bytes
) -> None:
    text = 'a,"b ""q"""\n1,"x\ny"\n2,""\n3,NA\n4,"say ""hi"", ok"\n'
    put("a.csv", bom + text.replace("\n", newline).encode())
    rows = open_dataset(storage, "a.csv", partition_bytes=partition_bytes).to_arrow().to_pydict()
    assert rows == {"a": [1, 2, 3, 4], 'b "q"': [f"x{newline}y", None, None, 'say "hi", ok']}


@pytest.mark.parametrize("text", ["", "\n", "\r\n\r\n", "\ufeff"])
def test_a_file_with_nothing_in_it_has_no_rows(storage: Storage, put: Put, text: str) -> None:
    put("a.csv", text)
    data = open_dataset(storage, "a.csv")
    assert data.columns == []
    assert data.count() == 0
    assert len(data.to_pandas()) == len(data.to_dask()) == 0


@pytest.mark.parametrize("text", ["a,b", "a,b\n", "\n\na,b\r\n\r\n"])
def test_a_header_alone_has_columns_and_no_rows(storage: Storage, put: Put, text: str) -> None:
    put("a.csv", text)
    data = open_dataset(storage, "a.csv")
    assert data.columns == ["a", "b"]
    assert data.count() == 0
    assert data.to_arrow().num_rows == len(data.to_dask().compute()) == 0
    assert data.head().empty


def test_an_empty_file_among_others_says_nothing(storage: Storage, put: Put) -> None:
    put("d/1.csv", "a\n1\n")
    put("d/2.csv", "")
    put("d/3.csv", "a\n")
    data = open_dataset(storage, "d")
    assert data.to_arrow().to_pydict() == {"a": [1]}
    assert data.to_pandas()["a"].dtype == "int64"


def test_options_say_how_a_file_is_written(storage: Storage, put: Put) -> None:
    put("a.csv", "made by hand, \"\nfor you\n1;'a;\nb';-\n2;?;c\n")
    data = open_dataset(
        storage,
        "a.csv",
        delimiter=";",
        quote="'",
        skip_rows=2,
        header=False,
        names=["n", "s", "t"],
        null_values=["?", "-"],
    )
    assert data.to_arrow().to_pydict() == {"n": [1, 2], "s": ["a;\nb", None], "t": [None, "c"]}
    put("b.csv", "1,a\n2,b\n")
    assert open_dataset(storage, "b.csv", header=False).to_arrow().to_pydict() == {
        "c1": [1, 2],
        "c2": ["a", "b"],
    }
    assert open_dataset(storage, "b.csv", names=["x", "y"]).to_arrow().to_pydict() == {"x": [2], "y": ["b"]}
    put("c.tsv", 'a\tb\n"x\\"y"\tz\n')
    tab = open_dataset(storage, "c.tsv", delimiter="\t", escape="\\")
    assert tab.to_arrow().to_pydict() == {"a": ['x"y'], "b": ["z"]}
    put("d.csv", ",b\n1,2\n")
    assert open_dataset(storage, "d.csv").columns == ["c1", "b"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"delimiter": ""}, "delimiter=''"),
        ({"delimiter": "||"}, "one ASCII character"),
        ({"quote": "é"}, "one ASCII character"),
        ({"quote": ","}, "differ"),
        ({"delimiter": "\n"}, "delimiter"),
        ({"skip_rows": -1}, "skip_rows"),
        ({"encoding": "utf-9"}, "utf-9"),
        ({"names": ["a", "a"]}, "'a'"),
        ({"sep": ";"}, "'sep'"),
        ({"format": "xml"}, "'xml'"),
        ({"partition_bytes": 0}, "partition_bytes"),
        ({"inspect_bytes": -1}, "inspect_bytes"),
    ],
)
def test_options_that_make_no_sense_are_refused(
    storage: Storage, put: Put, options: dict[str, object], message: str
) -> None:
    put("a.csv", "a,b\n1,2\n")
    with pytest.raises((OptionError, FormatError), match=message):
        open_dataset(storage, "a.csv", **options)


@pytest.mark.parametrize(
    "encoding", ["latin-1", "cp1252", "utf-16", "utf-16-le", "utf-32", "shift_jis", "utf-8-sig"]
)
@pytest.mark.parametrize("partition_bytes", [8, 64 << 20])
def test_encodings(storage: Storage, put: Put, encoding: str, partition_bytes: int) -> None:
    letters = ["日本", "ー"] if encoding == "shift_jis" else ["é", "ÿ"]
    text = f"a,{letters[0]}\n1,{letters[0]}\n2,{letters[1]}\n3,\n"
    put("a.csv", text.encode(encoding))
    data = open_dataset(storage, "a.csv", encoding=encoding, partition_bytes=partition_bytes)
    assert data.to_arrow().to_pydict() == {"a": [1, 2, 3], letters[0]: [*letters, None]}


@pytest.mark.parametrize("at", ["header", "body"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_bytes_that_are_no_text_are_told_by_place(storage: Storage, put: Put, at: str, encoding: str) -> None:
    content = {"header": b"a,\xff\n1,2\n", "body": b"a,b\n1,\xff\n"}[at]
    put("a.csv", content if encoding == "utf-8" else "a,b\n".encode("utf-16") + b"\x00\xd8\x00")
    with pytest.raises(FormatError, match=rf"a\.csv: byte \d+ .* is no {encoding} text.*encoding="):
        open_dataset(storage, "a.csv", encoding=encoding)


@pytest.mark.parametrize("partition_bytes", [10, 64 << 20])
def test_compressed_files(storage: Storage, put: Put, partition_bytes: int) -> None:
    text = b"a,b\n" + b"".join(b"%d,x%d\n" % (n, n) for n in range(100))
    put("d/1.csv.gz", gzip.compress(text))
    put("d/2.csv.bz2", bz2.compress(text))
    put("d/3.csv.zst", zstd(text))
    put("d/4.csv", text)
    put("d/5.csv.gz", gzip.compress(text[:200]) + gzip.compress(text[200:]))
    data = open_dataset(storage, "d", partition_bytes=partition_bytes)
    rows = data.to_arrow()
    assert rows.column("a").to_pylist() == [*range(100)] * 5
    assert data.count() == 500
    assert len(data.source().partitions) == (5 if partition_bytes > 10 else 4 + 95)


def zstd(data: bytes) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as stream:
        stream.write(data)
    return sink.getvalue().to_pybytes()


def test_a_broken_archive_is_named(storage: Storage, put: Put) -> None:
    put("a.csv.gz", gzip.compress(b"a\n" + b"1\n" * 10000)[:-20])
    with pytest.raises(FormatError, match=r"a\.csv\.gz: not a readable gzip file"):
        open_dataset(storage, "a.csv.gz")
    put("b.csv.gz", b"a\n1\n")
    with pytest.raises(FormatError, match=r"b\.csv\.gz"):
        open_dataset(storage, "b.csv.gz")


@pytest.mark.parametrize("partition_bytes", [12, 64 << 20])
def test_a_ragged_row_is_told_by_file_and_row(storage: Storage, put: Put, partition_bytes: int) -> None:
    put("a.csv", "a,b\n1,2\n3,4\n5,6,7\n8,9\n")
    with pytest.raises(
        FormatError, match=r"a\.csv, row .*3 fields where the header has 2: '5,6,7'"
    ) as caught:
        open_dataset(storage, "a.csv", partition_bytes=partition_bytes)
    if partition_bytes > 12:
        assert "row 3:" in caught.value.message


def test_a_value_that_does_not_fit_is_told_by_row_column_and_value(storage: Storage, put: Put) -> None:
    put("a.csv", "a,b\n" + "1,2\n" * 1000 + "x y,3\n" + "4,5\n" * 10)
    declared = pa.schema([("a", pa.int64())])
    with pytest.raises(FormatError, match=r"a\.csv, row 1001, column 'a': 'x y' is no int64.*schema="):
        open_dataset(storage, "a.csv", schema=declared)


def test_a_value_that_a_sample_missed_is_told_when_it_is_read(storage: Storage, put: Put) -> None:
    lines = [b"%06d,%06d\n" % (n, n) for n in range(400_000)]
    lines[350_000] = b"00000x,000001\n"
    put("a.csv", b"a,b\n" + b"".join(lines))
    sampled = open_dataset(storage, "a.csv", inspect_bytes=1000, partition_bytes=3 << 20)
    assert str(sampled.schema.field("a").type) == "int64"
    assert sampled.source().rows is None
    with pytest.raises(FormatError, match=r"row \d+ after byte \d+, column 'a': '00000x' is no int64"):
        sampled.to_arrow()
    assert sampled.to_arrow(["b"]).num_rows == sampled.count() == 400_000
    # Nothing was proven of b in a file that was not looked through.
    assert sampled.to_pandas(["b"], limit=3)["b"].dtype == "float64"
    whole = open_dataset(storage, "a.csv", partition_bytes=3 << 20)
    assert str(whole.schema.field("a").type) == "string"
    assert whole.to_arrow().column("a")[350_000].as_py() == "00000x"


def test_declared_types_are_read_as_declared(storage: Storage, put: Put) -> None:
    put("a.csv", "zip,price,day,flag,n\n00501,1.10,2019-01-01,1,1\n02134,2.25,2019-01-02,0,2\n")
    declared = pa.schema(
        [
            ("zip", pa.string()),
            ("price", pa.decimal128(9, 2)),
            ("day", pa.timestamp("ns")),
            ("flag", pa.bool_()),
            pa.field("n", pa.int8(), nullable=False),
        ]
    )
    data = open_dataset(storage, "a.csv", schema=declared)
    assert data.schema == declared
    first = data.to_arrow().to_pylist()[0]
    assert first["zip"] == "00501"
    assert str(first["price"]) == "1.10"
    assert (first["day"], first["flag"], first["n"]) == (pd.Timestamp("2019-01-01"), True, 1)
    put("a.csv", "zip,price,day,flag,n\n00501,1.10,2019-01-01,1,\n")
    with pytest.raises(FormatError, match=r"a\.csv: column 'n'.*1 nulls, none allowed"):
        open_dataset(storage, "a.csv", schema=declared).to_arrow()


def test_a_declared_type_that_csv_cannot_hold_is_refused(storage: Storage, put: Put) -> None:
    put("a.csv", "a\n1\n")
    with pytest.raises(FormatError, match="column 'a'"):
        open_dataset(storage, "a.csv", schema=pa.schema([("a", pa.list_(pa.int8()))])).to_arrow()


def test_two_columns_of_one_name_are_refused(storage: Storage, put: Put) -> None:
    put("a.csv", "a,b,a\n1,2,3\n")
    with pytest.raises(FormatError, match=r"a\.csv: two columns are named 'a'"):
        open_dataset(storage, "a.csv")
    assert open_dataset(storage, "a.csv", names=["a", "b", "c"]).count() == 1
    with pytest.raises(FormatError, match="3 columns, but 2 names"):
        open_dataset(storage, "a.csv", names=["a", "b"])


def test_a_file_that_changed_is_not_read_by_old_ranges(storage: Storage, put: Put) -> None:
    put("a.csv", "a\n1\n2\n")
    data = open_dataset(storage, "a.csv")
    data.source()
    put("a.csv", "b\nlonger\nrows\n")
    with pytest.raises(FormatError, match=r"a\.csv: has changed since it was opened"):
        data.to_arrow()
    assert open_dataset(storage, "a.csv").columns == ["b"]


def test_without_quoted_newlines_a_file_is_cut_at_any_newline(storage: Storage, put: Put) -> None:
    put("a.csv", 'a,b\n1,5" pipe\n2,"x\n3,y\n')
    data = open_dataset(storage, "a.csv", quote="", quoted_newlines=False, partition_bytes=4)
    assert data.to_arrow().to_pydict() == {"a": [1, 2, 3], "b": ['5" pipe', '"x', "y"]}


def test_only_the_wanted_columns_are_converted(storage: Storage, put: Put) -> None:
    put("a.csv", "a,pm2.5,b\n1,2.5,x\n3,4.5,y\n")
    data = open_dataset(storage, "a.csv")
    assert data.to_arrow(["b", "pm2.5"]).to_pydict() == {"b": ["x", "y"], "pm2.5": [2.5, 4.5]}
    assert data.to_arrow([]).num_rows == 2
    assert len(data.to_pandas([])) == 2


CELL = st.one_of(
    st.integers(-(2**63), 2**63 - 1).map(str),
    st.floats(allow_nan=False).map(repr),
    st.dates(dt.date(1, 1, 1)).map(str),
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=5),
    st.sampled_from(["", "NA", "true", "0"]),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)
@given(st.lists(st.tuples(CELL, CELL), min_size=1, max_size=20), st.integers(1, 60))
def test_any_file_reads_the_same_in_one_piece_and_in_many(
    storage: Storage, put: Put, rows: list[tuple[str, str]], partition_bytes: int
) -> None:
    frame = pd.DataFrame(rows, columns=["a", "b"], dtype=object)
    put("h.csv", frame.to_csv(index=False))
    whole = open_dataset(storage, "h.csv").to_arrow()
    pieces = open_dataset(storage, "h.csv", partition_bytes=partition_bytes)
    assert pieces.to_arrow() == whole
    assert pieces.count() == whole.num_rows == len(rows)


def test_files_of_two_tables_are_not_one_wide_table(storage: Storage, tmp_path: Path) -> None:
    (tmp_path / "lake/raw").mkdir(parents=True)
    (tmp_path / "lake/raw/trips.csv").write_text("id,fare\n1,2.5\n")
    (tmp_path / "lake/raw/weather.csv").write_text("hour,temp\n1,20\n")
    with pytest.raises(
        FormatError, match=r"trips\.csv and raw/weather\.csv have no column in common: id, fare"
    ):
        open_dataset(storage, "raw")
    (tmp_path / "lake/raw/weather.csv").write_text("id,tip\n2,1\n")
    assert open_dataset(storage, "raw").columns == ["id", "fare", "tip"]
