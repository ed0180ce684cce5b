"""COPY INTO and rejected rows, against what Python's own csv module and plain counting say."""

# ruff: noqa: E501 - SQL reads better unbroken

from __future__ import annotations

import csv
import gzip
import json
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import BindError, NotFoundError, SqlRuntimeError
from engine.lake import Storage
from engine.lake.csv_rewriting import rewritten
from engine.lake.formats import CsvOptions, Separators
from engine.runtime import InlineTasks
from engine.session import Session

Rows = list[tuple[Any, ...]]
Ask = Callable[[str], Rows]

BAD = '1,a,2019-03-01\n2,"b,b",2019-03-02\nx,c,2019-03-03\n4,toolong,2019-03-04\n5,e\n6,,2019-03-06\n,g,2019-03-07\n'
TABLE = "CREATE TABLE t (i INT NOT NULL, s VARCHAR(5) DEFAULT 'none', d DATE)"
GOOD = [(1, "a"), (2, "b,b"), (6, None)]


@pytest.fixture
def session(storage: Storage) -> Session:
    def no_models() -> Any:
        raise NotFoundError("There is no model.", "Register one.")

    return Session(InlineTasks(), storage, nodes=lambda _: 2, models=no_models)


@pytest.fixture
def table(session: Session, tmp_path: Path) -> Session:
    (tmp_path / "in").mkdir()
    (tmp_path / "in/bad.csv").write_text(BAD)
    session.run(TABLE)
    return session


def test_rejected_rows_are_counted_told_and_kept(table: Session, ask: Ask, tmp_path: Path) -> None:
    with pytest.raises(
        SqlRuntimeError, match=r"\(type mismatch .* for row 3, column 1 \(i\) in data file in/bad.csv"
    ):
        table.run("COPY INTO t FROM 'in/bad.csv'")
    with pytest.raises(
        SqlRuntimeError, match=r"'Max errors count reached'.* 4 rows were rejected, MAXERRORS = 3"
    ):
        table.run("COPY INTO t FROM 'in/bad.csv' WITH (MAXERRORS = 3, ERRORFILE = 'err')")
    assert ask("SELECT COUNT(*) AS n FROM t") == [(0,)]
    assert not (tmp_path / "err").exists()
    result = table.run(
        "COPY INTO dbo.t FROM 'in/bad.csv' WITH (FILE_TYPE = 'CSV', MAXERRORS = 4, ERRORFILE = 'err')"
    )
    assert result.rowcount == 3
    assert "4 rows were rejected" in result.messages[0]
    assert ask("SELECT i, s FROM t ORDER BY i") == GOOD
    [folder] = (tmp_path / "err/_rejectedrows").iterdir()
    [reasons, rows] = sorted(folder.iterdir())
    assert (reasons.name.endswith(".Error.Txt"), rows.name.endswith(".Row.Txt")) == (True, True)
    assert rows.read_text().splitlines() == ["x,c,2019-03-03", "4,toolong,2019-03-04", "5,e", ",g,2019-03-07"]
    told = reasons.read_text().splitlines()
    assert [line.split("row ")[1].split(",")[0].split()[0] for line in told] == ["3", "4", "5", "7"]
    assert "(truncation) for row 4, column 2 (s)" in told[1]


def test_a_column_list_has_defaults_and_field_numbers(table: Session, ask: Ask, tmp_path: Path) -> None:
    (tmp_path / "in/wide.csv").write_text("h1|h2|h3|h4\n1|x||9\n2|x|b|9\n")
    table.run(
        "COPY INTO t (s DEFAULT 'zz' 3, i 1) FROM 'in/wide.csv' WITH (FIRSTROW = 2, FIELDTERMINATOR = '|')"
    )
    assert ask("SELECT * FROM t ORDER BY i") == [(1, "zz", None), (2, "b", None)]
    with pytest.raises(SqlRuntimeError, match="another number of fields"):
        table.run("COPY INTO t FROM 'in/wide.csv' WITH (FIRSTROW = 2, FIELDTERMINATOR = '|')")


@pytest.mark.parametrize(
    ("name", "data", "options"),
    [
        ("a.txt", b"1||a||31/12/2019;2||'b;b'||1.2.2020;", "FIELDTERMINATOR = '||', ROWTERMINATOR = ';', FIELDQUOTE = '''', DATEFORMAT = 'dmy'"),
        ("a.dat", gzip.compress(b"1\ta\t12-31-2019\r\n2\tb;b\t2/1/2020\r\n", mtime=0), "FIELDTERMINATOR = '0x09', COMPRESSION = 'Gzip', DATEFORMAT = 'mdy'"),
        ("a.deflate", zlib.compress(b"1,a,2019-12-31\r\n2,b;b,2020-02-01\r\n"), "FIRSTROW = 1"),
        ("a.raw", zlib.compress(b"1,a,2019-12-31\r\n2,b;b,2020-02-01\r\n"), "COMPRESSION = 'DefaultCodec'"),
        ("a.csv", "1,a,2019-12-31\r\n2,b;b,2020-02-01\r\n".encode("utf-16"), "ENCODING = 'UTF16', ROWTERMINATOR = '0x0D0A'"),
    ],
)  # fmt: skip
def test_files_are_read_as_they_are_written(
    table: Session, ask: Ask, tmp_path: Path, name: str, data: bytes, options: str
) -> None:
    (tmp_path / "in" / name).write_bytes(data)
    table.run(f"COPY INTO t FROM 'in/{name}' WITH (FILE_TYPE = 'CSV', {options})")
    assert ask("SELECT i, s, YEAR(d) AS y FROM t ORDER BY i") == [(1, "a", 2019), (2, "b;b", 2020)]


def test_folders_and_wildcards_reach_down(table: Session, ask: Ask, tmp_path: Path) -> None:
    for at, name in enumerate(["in/x/a.csv", "in/x/y/b.csv", "in/x/y/_c.csv", "in/z.csv"]):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(f"{at},f,2020-01-01\n")
    table.run("COPY INTO t FROM 'in/x/'; COPY INTO t FROM 'in/x/*.csv', 'in/z.csv'")
    assert ask("SELECT i FROM t ORDER BY i") == [(0,), (0,), (1,), (1,), (3,)]
    with pytest.raises(BindError, match="File cannot be opened because it does not exist"):
        table.run("COPY INTO t FROM 'in/nothing/'")


def test_parquet_goes_by_name_or_by_place(table: Session, ask: Ask, tmp_path: Path) -> None:
    rows = pa.table({"d": pa.array([None, None], pa.date32()), "S": ["a", None], "i": [1, 2]})
    pq.write_table(rows, tmp_path / "in/a.parquet")
    table.run("COPY INTO t (i, s DEFAULT 'zz', d) FROM 'in/a.parquet' WITH (FILE_TYPE = 'PARQUET')")
    pq.write_table(rows.select(["i", "S", "d"]).rename_columns(["x", "y", "z"]), tmp_path / "in/b.parquet")
    table.run("COPY INTO t FROM 'in/b.parquet' WITH (FILE_TYPE = 'PARQUET')")
    assert ask("SELECT * FROM t ORDER BY i, s") == [
        (1, "a", None),
        (1, "a", None),
        (2, None, None),
        (2, "zz", None),
    ]
    with pytest.raises(BindError, match="The table takes i"):
        table.run("COPY INTO t (i) FROM 'in/b.parquet' WITH (FILE_TYPE = 'PARQUET')")
    with pytest.raises(BindError, match="MAXERRORS is an option of CSV files"):
        table.run("COPY INTO t FROM 'in/b.parquet' WITH (FILE_TYPE = 'PARQUET', MAXERRORS = 1)")
    table.run("COPY INTO made FROM 'in/b.parquet' WITH (FILE_TYPE = 'PARQUET', AUTO_CREATE_TABLE = 'ON')")
    assert ask("SELECT x, y FROM made ORDER BY x") == [(1, "a"), (2, None)]


def test_a_rowset_lets_rows_go(table: Session, ask: Ask, tmp_path: Path) -> None:
    rowset = "OPENROWSET(BULK 'in/*.csv', FORMAT = 'CSV', {}) WITH (a INT, b VARCHAR(5), c DATE) AS r"
    options = "PARSER_VERSION = '1.0', MAXERRORS = 5, ERRORFILE_LOCATION = '/rejected'"
    found = ask(f"SELECT r.filename() AS f, a, b FROM {rowset.format(options)} WHERE a > 1 ORDER BY a")
    assert found == [("bad.csv", 2, "b,b"), ("bad.csv", 6, None)]
    [folder] = (tmp_path / "rejected/_rejectedrows").iterdir()
    told = json.loads((folder / "error.json").read_text())
    assert [(one["Row"], one["Column"], one["Value"], one["File"]) for one in told] == [
        (3, 1, "x", "in/bad.csv"), (4, 2, "toolong", "in/bad.csv"), (5, 0, "5,e", "in/bad.csv"),
    ]  # fmt: skip
    with pytest.raises(SqlRuntimeError, match="Max errors count reached"):
        ask(f"SELECT * FROM {rowset.format('MAXERRORS = 2')}")
    (tmp_path / "in/bad.csv").write_text("x,a,b\nq,1,2020-01-01\nq,no,2020-01-02\n")
    named = "OPENROWSET(BULK 'in/bad.csv', FORMAT = 'CSV', HEADER_ROW = TRUE, MAXERRORS = 1) WITH (b DATE, a INT) AS r"
    assert ask(f"SELECT a FROM {named}") == [(1,)]


def test_an_empty_text_in_quotes_is_text_to_the_second_parser(
    table: Session, ask: Ask, tmp_path: Path
) -> None:
    (tmp_path / "in/q.csv").write_text('1,""\n2,\n')
    rowset = (
        "OPENROWSET(BULK 'in/q.csv', FORMAT = 'CSV', PARSER_VERSION = '{}') WITH (a INT, b VARCHAR(5)) AS r"
    )
    assert ask(f"SELECT a, b FROM {rowset.format('2.0')} ORDER BY a") == [(1, ""), (2, None)]
    assert ask(f"SELECT a, b FROM {rowset.format('1.0')} ORDER BY a") == [(1, None), (2, None)]


FIELD = st.text(st.sampled_from("ab,\"\n;|'"), max_size=5)


@given(st.lists(st.lists(FIELD, min_size=2, max_size=2), min_size=1, max_size=5))
def test_rewritten_text_holds_the_same_fields(rows: list[list[str]]) -> None:
    quoted = ["||".join("'" + field.replace("'", "''") + "'" for field in row) for row in rows]
    text = rewritten(
        "".join(f"{row}#;" for row in quoted), CsvOptions(separators=Separators("||", "#;", "'"))
    )
    assert list(csv.reader(text.splitlines(keepends=True))) == rows


def test_an_external_table_lets_rows_go(table: Session, ask: Ask, tmp_path: Path) -> None:
    table.run(
        "CREATE EXTERNAL DATA SOURCE here WITH (LOCATION = 'in');"
        "CREATE EXTERNAL FILE FORMAT commas WITH (FORMAT_TYPE = DELIMITEDTEXT, FORMAT_OPTIONS (FIELD_TERMINATOR = ',', STRING_DELIMITER = '\"'))"
    )
    options = "WITH (LOCATION = 'bad.csv', DATA_SOURCE = here, FILE_FORMAT = commas, {})"
    create = "CREATE EXTERNAL TABLE {} (i INT, s VARCHAR(5), d DATE) " + options
    table.run(create.format("few", "REJECT_TYPE = VALUE, REJECT_VALUE = 2"))
    table.run(
        create.format(
            "half",
            "REJECT_TYPE = PERCENTAGE, REJECT_VALUE = 50, REJECT_SAMPLE_VALUE = 10, REJECTED_ROW_LOCATION = '/gone'",
        )
    )
    with pytest.raises(
        SqlRuntimeError, match=r"threshold \(2 rows\) was reached.*: 3 rows rejected out of total 7 rows"
    ):
        ask("SELECT * FROM few")
    assert ask("SELECT s FROM half WHERE i > 1 ORDER BY i") == [("b,b",), (None,)]
    assert len(list((tmp_path / "in/gone/_rejectedrows").rglob("*.Row.Txt"))) == 1
    with pytest.raises(BindError, match="goes with REJECT_TYPE = PERCENTAGE"):
        table.run(create.format("odd", "REJECT_VALUE = 1, REJECT_SAMPLE_VALUE = 10"))


def test_a_share_of_rejects_is_held_against_the_rows_so_far(session: Session, tmp_path: Path) -> None:
    # The documentation's example: 25 of the first 100 rows fit not, then 75 of the next 100; many good ones follow.
    (tmp_path / "in").mkdir()
    flags = [at < 25 for at in range(100)] + [at < 75 for at in range(100)] + [False] * 300
    lines = ["x" if bad else "1" for bad in flags]
    for number, part in enumerate((lines[:130], lines[130:])):  # a sample ends where it ends, not with a file
        (tmp_path / f"in/part{number}.csv").write_text("".join(f"{line}\n" for line in part))
    session.run(
        "CREATE EXTERNAL DATA SOURCE here WITH (LOCATION = 'in');"
        "CREATE EXTERNAL FILE FORMAT lines WITH (FORMAT_TYPE = DELIMITEDTEXT)"
    )
    create = (
        "CREATE EXTERNAL TABLE {} (i INT) WITH (LOCATION = '*.csv', DATA_SOURCE = here, FILE_FORMAT = lines, "
        "REJECT_TYPE = PERCENTAGE, REJECT_VALUE = 30, REJECT_SAMPLE_VALUE = {})"
    )
    session.run(create.format("often", 100) + create.format("once", 1000) + create.format("twice", 400))
    with pytest.raises(SqlRuntimeError, match=r"\(30 %\).*: 100 rows rejected out of total 200 rows"):
        session.run("SELECT * FROM often")
    for name in ("once", "twice"):
        assert session.run(f"SELECT COUNT(*) AS n FROM {name}").scalar() == 400
