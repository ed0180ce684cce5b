"""Results as table, CSV, JSON lines and Parquet: every type, streamed, and nothing lost without a word."""

# ruff: noqa: E501 - SQL reads better unbroken

from __future__ import annotations

import csv
import io
import json
from decimal import Decimal
from typing import TYPE_CHECKING

import pyarrow.parquet as pq
import pytest

from engine.errors import OptionError, UnsupportedSqlError
from engine.runtime import InlineTasks
from engine.session import Session
from engine.session.output import write_result

if TYPE_CHECKING:
    from engine.lake import Storage

TYPES = """SELECT v.a, CAST(v.a AS DECIMAL(30, 10)) / 3 AS d, CAST(1.5 AS DECIMAL(9, 2)) AS e, CAST(7 AS DECIMAL(9, 0)) AS w, N'æ,"x"' AS s,
    CAST('2020-01-02 03:04:05.5' AS DATETIME2(3)) AS m, CAST('2020-01-02' AS DATE) AS y, CAST('12:13:14' AS TIME(0)) AS t,
    0xBEEF AS b, CAST(1 AS BIT) AS o, CAST(v.a AS FLOAT) / 3 AS f, CAST(NULL AS NVARCHAR(5)) AS n FROM (VALUES (1), (2)) AS v(a) ORDER BY v.a"""


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Session:
    from engine.lake import open_storage

    storage: Storage = open_storage(tmp_path_factory.mktemp("lake"))
    return Session(InlineTasks(), storage, nodes=lambda _: 2, models=lambda: None)


def written(session: Session, text: str, form: str) -> bytes:
    out = io.BytesIO()
    write_result(session.run(text), form, out)
    return out.getvalue()


def test_every_type_in_every_format(session: Session) -> None:
    first, second = csv.DictReader(io.StringIO(written(session, TYPES, "csv").decode()))
    assert (first["a"], second["a"]) == ("1", "2")
    assert (first["s"], first["b"], first["n"], first["y"]) == ('æ,"x"', "0xBEEF", "", "2020-01-02")
    rows = [json.loads(line) for line in written(session, TYPES, "json").splitlines()]
    assert rows[0] | {"d": None, "f": None} == {
        "a": 1, "d": None, "e": 1.5, "w": 7, "s": 'æ,"x"', "m": "2020-01-02T03:04:05.500000", "y": "2020-01-02", "t": "12:13:14",
        "b": "beef", "o": True, "f": None, "n": None,
    }  # fmt: skip
    assert Decimal(str(rows[0]["d"])) == session.run(TYPES).to_arrow()["d"][0].as_py()
    table = pq.read_table(io.BytesIO(written(session, TYPES, "parquet")))
    assert table == session.run(TYPES).to_arrow()
    shown = written(session, TYPES, "table").decode().splitlines()
    assert shown[-1] == "(2 rows)"
    assert "0xBEEF" in shown[2]


def test_a_table_shows_messages_and_every_result(session: Session) -> None:
    shown = written(session, "PRINT 'hello'; SELECT 1 AS a WHERE 1 = 0; SELECT 2 AS b", "table").decode()
    assert shown.splitlines() == ["hello", "a", "-", "(0 rows)", "b", "-", "2", "(1 rows)"]
    assert written(session, "CREATE SCHEMA made", "table") == b"Commands completed successfully.\n"


def test_an_empty_result_still_has_its_columns(session: Session) -> None:
    text = "SELECT 1 AS a, 'x' AS b WHERE 1 = 0"
    assert written(session, text, "csv") == b'"a","b"\n'
    assert written(session, text, "json") == b""
    assert pq.read_table(io.BytesIO(written(session, text, "parquet"))).schema.names == ["a", "b"]


def test_columns_of_one_name_are_refused_where_names_tell_them_apart(session: Session) -> None:
    text = "SELECT 1 AS a, 2 AS a"
    assert written(session, text, "csv") == b'"a","a"\n1,2\n'
    for form in ("json", "parquet"):
        with pytest.raises(OptionError, match="Two columns are called 'a'"):
            written(session, text, form)


def test_no_rows_and_no_such_format(session: Session) -> None:
    with pytest.raises(UnsupportedSqlError, match="returned no rows"):
        written(session, "PRINT 'x'", "csv")
    with pytest.raises(OptionError, match="no format 'xml'"):
        written(session, "SELECT 1 AS a", "xml")
