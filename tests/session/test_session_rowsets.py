"""OPENROWSET and external tables against plain DuckDB on the same files."""

# ruff: noqa: E501 - SQL reads better unbroken

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from engine.errors import BindError, FormatError, SqlRuntimeError, UnsupportedSqlError
from engine.session import Session
from engine.session.binding import rowset_files

if TYPE_CHECKING:
    from pathlib import Path

Rows = list[tuple[Any, ...]]

Ask = Callable[[str], Rows]
FILES = "OPENROWSET(BULK 'raw/year=*/month=*/*.parquet', FORMAT = 'PARQUET') AS r"


def test_parquet_equals_duckdb(months: Path, ask: Ask, oracle: Ask) -> None:
    found = ask(f"SELECT city, COUNT(*) AS n, SUM(amount) AS s FROM {FILES} GROUP BY city ORDER BY city")
    assert found == oracle("SELECT city, COUNT(*), SUM(amount) FROM months GROUP BY city ORDER BY city")


def test_names_of_columns_have_any_case(months: Path, ask: Ask) -> None:
    assert ask(f"SELECT MAX(r.ID) AS m FROM {FILES} WHERE AMOUNT > 1") == [(29,)]


def test_paths_are_columns_that_a_star_does_not_show(months: Path, session: Session) -> None:
    result = session.run(
        f"SELECT r.*, r.filepath(1) AS y, r.filename() AS f FROM {FILES} WHERE r.filepath(2) = '12'"
    )
    assert result.columns == ["Id", "amount", "city", "y", "f"]
    assert {(row["y"], row["f"]) for row in result.to_arrow().to_pylist()} == {("2019", "part.parquet")}
    assert len(result) == 10


def test_the_whole_path_is_that_of_the_file(months: Path, ask: Ask) -> None:
    [(path,)] = ask(f"SELECT DISTINCT r.filepath() AS p FROM {FILES} WHERE r.filepath(1) = '2020'")
    assert path == str(months / "raw/year=2020/month=1/part.parquet")


@pytest.mark.parametrize(
    ("condition", "opened"),
    [
        ("r.filepath(1) = '2020'", 1),
        ("r.filepath(1) = '2019' AND r.filepath(2) IN ('11', '12') AND r.Id > 3", 2),
        ("r.filepath(1) > @year", 1),
        ("r.filepath(1) = '1999'", 1),  # one file tells the columns
        ("r.filepath(1) = '2020' OR r.Id = 1", 3),
    ],
)
def test_files_are_left_out_before_they_are_opened(
    months: Path, session: Session, monkeypatch: pytest.MonkeyPatch, condition: str, opened: int
) -> None:
    planned = []
    plan_files = rowset_files.plan_files
    monkeypatch.setattr(
        rowset_files, "plan_files", lambda s, files, o: planned.append(len(files)) or plan_files(s, files, o)
    )
    session.run(f"DECLARE @year varchar(4) = '2019'; SELECT COUNT(*) AS n FROM {FILES} WHERE {condition}")
    assert planned == [opened]


def test_a_folder_is_its_own_files_and_two_stars_all_below(months: Path, ask: Ask) -> None:
    count = "SELECT COUNT(*) AS n FROM OPENROWSET(BULK '{}', FORMAT = 'PARQUET') AS r"
    assert ask(count.format("raw/**")) == [(30,)]
    assert ask(count.format("raw/year=2020/month=1")) == [(10,)]
    with pytest.raises(BindError, match="File cannot be opened because it does not exist"):
        ask(count.format("raw"))


def test_declared_columns_by_name_are_checked_and_converted(months: Path, ask: Ask) -> None:
    source = FILES.replace(" AS r", " WITH (id SMALLINT, town VARCHAR(2) '$.city') AS r")
    assert ask(f"SELECT TOP 2 id, town FROM {source} ORDER BY id") == [(0, "c0"), (1, "c1")]
    with pytest.raises(SqlRuntimeError, match="String or binary data would be truncated"):
        ask(f"SELECT town FROM {source.replace('VARCHAR(2)', 'VARCHAR(1)')}")
    with pytest.raises(BindError, match="Invalid column name 'nothing'"):
        ask(f"SELECT 1 AS a FROM {FILES.replace(' AS r', ' WITH (nothing INT) AS r')}")
    with pytest.raises(BindError, match="please try with 'FLOAT'"):
        ask(f"SELECT amount FROM {FILES.replace(' AS r', ' WITH (amount INT) AS r')}")


@pytest.fixture
def people(tmp_path: Path) -> Path:
    (tmp_path / "people.csv").write_text('id;name;born\n1;"a;b";2000-01-02\n2;;1999-12-31\n')
    return tmp_path


def test_csv_with_header_by_name(people: Path, ask: Ask) -> None:
    text = """SELECT name, id, YEAR(born) AS y FROM OPENROWSET(BULK 'people.csv', FORMAT = 'CSV', HEADER_ROW = TRUE,
              FIELDTERMINATOR = ';') WITH (id INT, name VARCHAR(20), born DATE) AS p ORDER BY id"""
    assert ask(text) == [("a;b", 1, 2000), (None, 2, 1999)]


def test_csv_without_header_by_ordinal_and_by_place(people: Path, ask: Ask) -> None:
    rows = "OPENROWSET(BULK 'people.csv', FORMAT = 'CSV', FIRSTROW = 2, FIELDTERMINATOR = ';')"
    assert ask(f"SELECT * FROM {rows} WITH (born VARCHAR(10) 3, id BIGINT 1) AS p ORDER BY id") == [
        ("2000-01-02", 1),
        ("1999-12-31", 2),
    ]
    assert ask(f"SELECT C1, c3 FROM {rows} AS p WHERE C2 IS NULL")[0][0] == 2


def test_a_value_that_does_not_fit_is_told_with_file_and_column(people: Path, session: Session) -> None:
    text = """SELECT name FROM OPENROWSET(BULK 'people.csv', FORMAT = 'CSV', FIRSTROW = 2, FIELDTERMINATOR = ';')
              WITH (name INT 2) AS p"""
    place = r"for row 2, column 2 \(name\) in data file people\.csv\. Hint: 'a;b' is no int\."
    with pytest.raises(SqlRuntimeError, match=place) as caught:
        session.run(text)
    assert caught.value.data["number"] == 4864
    with pytest.raises(SqlRuntimeError, match="Row 1 looks like a header: FIRSTROW = 2 skips it"):
        session.run(text.replace("FIRSTROW = 2, ", ""))


def test_a_file_of_another_format_is_told(people: Path, ask: Ask) -> None:
    pq.write_table(pa.table({"a": [1]}), people / "a.parquet")
    with pytest.raises(FormatError, match=r"people\.csv is not a Parquet file\. Hint: Say FORMAT = 'CSV'"):
        ask("SELECT * FROM OPENROWSET(BULK 'people.csv', FORMAT = 'PARQUET') AS r")
    with pytest.raises(FormatError, match=r"a\.parquet is a Parquet file, not text"):
        ask("SELECT * FROM OPENROWSET(BULK 'a.parquet', FORMAT = 'CSV') AS r")


def test_a_whole_document_is_one_value_whatever_is_in_it(tmp_path: Path, ask: Ask) -> None:
    for at in (1, 2):
        (tmp_path / f"{at}.json").write_text(f'{{"a": [1,\n {at}],\r\n "b": "x\\"y,z"}}\n')
    marks = "FIELDTERMINATOR = '0x0b', FIELDQUOTE = '0x0b', ROWTERMINATOR = '0x0b'"
    rows = f"OPENROWSET(BULK '*.json', FORMAT = 'CSV', {marks}) WITH (doc NVARCHAR(MAX)) AS d"
    assert ask(f"SELECT JSON_VALUE(doc, '$.a[1]') AS a, JSON_VALUE(doc, '$.b') AS b FROM {rows} ORDER BY a") == [
        ("1", 'x"y,z'), ("2", 'x"y,z'),
    ]  # fmt: skip


def test_lines_of_json_as_documents(tmp_path: Path, ask: Ask) -> None:
    (tmp_path / "docs.jsonl").write_text('{"a": {"b": 1}}\n{"a": {"b": 2}}\n')
    text = """SELECT JSON_VALUE(doc, '$.a.b') AS b FROM OPENROWSET(BULK 'docs.jsonl', FORMAT = 'CSV',
              FIELDTERMINATOR = '0x0b', FIELDQUOTE = '0x0b') WITH (doc NVARCHAR(MAX)) AS d ORDER BY 1"""
    assert ask(text) == [("1",), ("2",)]


def test_a_delta_table_by_its_folder(ask: Ask) -> None:
    ask("CREATE TABLE dbo.made (a INT); INSERT INTO made VALUES (1), (2); SELECT 1 AS a")
    assert ask("SELECT SUM(a) AS s FROM OPENROWSET(BULK 'tables/dbo/made', FORMAT = 'DELTA') AS d") == [(3,)]
    with pytest.raises(BindError, match="cannot be listed"):
        ask("SELECT 1 AS a FROM OPENROWSET(BULK 'tables/dbo', FORMAT = 'DELTA') AS d")


@pytest.mark.parametrize(
    "option",
    [
        "DATA_COMPRESSION = 'SNAPPY'",
        "CODEPAGE = '37'",
        "FIELDQUOTE = '||'",
        "ROWSET_OPTIONS = '{}'",
    ],
)
def test_options_that_cannot_be_honoured_are_refused(people: Path, session: Session, option: str) -> None:
    with pytest.raises(UnsupportedSqlError):
        session.run(f"SELECT * FROM OPENROWSET(BULK 'people.csv', FORMAT = 'CSV', {option}) AS p")


def test_external_tables_are_files_under_a_name(months: Path, ask: Ask) -> None:
    ask("""CREATE EXTERNAL DATA SOURCE lake WITH (LOCATION = 'raw');
           CREATE EXTERNAL FILE FORMAT pq WITH (FORMAT_TYPE = PARQUET);
           CREATE EXTERNAL TABLE ext.m (id INT, city VARCHAR(5))
               WITH (LOCATION = '**', DATA_SOURCE = lake, FILE_FORMAT = pq);
           SELECT 1 AS done""")
    assert ask("SELECT COUNT(*) AS n, MAX(m.id) AS i FROM ext.m") == [(30, 29)]
    assert ask(
        "SELECT COUNT(*) AS n FROM OPENROWSET(BULK '**', DATA_SOURCE = 'lake', FORMAT = 'PARQUET') AS r"
    ) == [(30,)]
    with pytest.raises(BindError, match="its rows are not changed"):
        ask("DELETE FROM ext.m")


def test_rows_of_text_are_counted_without_a_column(ask: Callable[[str], Rows], tmp_path: Path) -> None:
    for at in (1, 2):
        (tmp_path / f"part{at}.csv").write_text("a,b\n" + "1,2\n" * at)
    rowset = "OPENROWSET(BULK '{}', FORMAT = 'CSV', HEADER_ROW = TRUE) AS r"
    assert ask(f"SELECT COUNT(*) AS n FROM {rowset.format('part*.csv')}") == [(3,)]
    assert ask(f"SELECT COUNT(*) AS n FROM {rowset.format('part1.csv')}") == [(1,)]
