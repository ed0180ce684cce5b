"""CREATE EXTERNAL TABLE AS SELECT, read back by pyarrow and pandas."""

# ruff: noqa: E501 - SQL reads better unbroken

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest

from engine.errors import BindError, NotFoundError, SqlRuntimeError, UnsupportedSqlError, WriteError
from engine.lake import Storage
from engine.runtime import InlineTasks
from engine.session import Session

Rows = list[tuple[Any, ...]]
Ask = Callable[[str], Rows]

FORMATS = """
CREATE EXTERNAL DATA SOURCE lake WITH (LOCATION = 'out');
CREATE EXTERNAL FILE FORMAT pq WITH (FORMAT_TYPE = PARQUET, DATA_COMPRESSION = 'org.apache.hadoop.io.compress.SnappyCodec');
CREATE EXTERNAL FILE FORMAT quoted WITH (FORMAT_TYPE = DELIMITEDTEXT, FORMAT_OPTIONS (FIELD_TERMINATOR = ',', STRING_DELIMITER = '"', FIRST_ROW = 2));
CREATE EXTERNAL FILE FORMAT packed WITH (FORMAT_TYPE = DELIMITEDTEXT, DATA_COMPRESSION = 'org.apache.hadoop.io.compress.GzipCodec');
CREATE EXTERNAL FILE FORMAT third WITH (FORMAT_TYPE = DELIMITEDTEXT, FORMAT_OPTIONS (FIRST_ROW = 3));
"""
ROWS = """SELECT value AS i, CAST(value / 3.0 AS DECIMAL(10, 2)) AS d, CAST('2020-01-02' AS DATE) AS t, N'q"uo,te' AS s,
    CAST(IIF(value = 2, NULL, 1.5) AS FLOAT) AS f, CAST(value % 2 AS BIT) AS b FROM GENERATE_SERIES(1, 3)"""


@pytest.fixture
def session(storage: Storage) -> Session:
    def no_models() -> Any:
        raise NotFoundError("There is no model.", "Register one.")

    made = Session(InlineTasks(), storage, nodes=lambda _: 2, models=no_models)
    made.run(FORMATS)
    return made


def made(name: str, form: str, query: str) -> str:
    return f"CREATE EXTERNAL TABLE {name} WITH (LOCATION = '{name}/', DATA_SOURCE = lake, FILE_FORMAT = {form}) AS {query}"


def test_parquet_is_what_others_read(session: Session, ask: Ask, tmp_path: Path) -> None:
    assert session.run(made("e", "pq", ROWS)).rowcount == 3
    found = pq.read_table(tmp_path / "out/e").sort_by("i").to_pylist()
    assert found[1] == {
        "i": 2,
        "d": Decimal("0.67"),
        "t": dt.date(2020, 1, 2),
        "s": 'q"uo,te',
        "f": None,
        "b": False,
    }
    assert ask("SELECT * FROM e ORDER BY i") == [tuple(row.values()) for row in found]


def test_text_is_what_others_read(session: Session, ask: Ask, tmp_path: Path) -> None:
    session.run(made("e", "quoted", ROWS) + ";" + made("z", "packed", f"SELECT i, f, t FROM ({ROWS}) AS q"))
    files = sorted((tmp_path / "out/e").iterdir())
    frame = pd.concat(pd.read_csv(file) for file in files).sort_values("i")
    assert list(frame.columns) == ["i", "d", "t", "s", "f", "b"]
    assert frame["s"].tolist() == ['q"uo,te'] * 3
    expected = ask(f"SELECT * FROM ({ROWS}) AS q ORDER BY i")
    assert ask("SELECT * FROM e ORDER BY i") == expected
    packed = pd.concat(
        pd.read_csv(file, sep="|", header=None)
        for file in sorted((tmp_path / "out/z").iterdir())
        if file.stat().st_size > 30
    )
    assert sorted(packed[0]) == [1, 2, 3]
    assert ask("SELECT i, t FROM z ORDER BY i") == [(row[0], row[2]) for row in expected]


@pytest.mark.parametrize(
    ("form", "query", "error", "message"),
    [
        ("pq", "SELECT 1 / (value - 2) AS z FROM GENERATE_SERIES(1, 3)", SqlRuntimeError, "Divide by zero"),
        ("packed", "SELECT 'a|b' AS z", WriteError, "A value of column 'z' holds"),
        ("third", "SELECT 1 AS z", UnsupportedSqlError, "FIRST_ROW = 3"),
        ("pq", "SELECT 1 + 1", BindError, "missing or empty"),
        ("nothing", "SELECT 1 AS z", BindError, "Cannot find the external file format 'nothing'"),
    ],
)
def test_what_fails_leaves_nothing(
    session: Session, tmp_path: Path, form: str, query: str, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        session.run(made("bad", form, query))
    assert not [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
    session.run(made("bad", "pq", "SELECT 1 AS z"))


def test_a_location_is_used_once(session: Session, ask: Ask) -> None:
    session.run(made("e", "pq", "SELECT 1 AS z"))
    with pytest.raises(BindError, match="already an object named 'e'"):
        session.run(made("e", "pq", "SELECT 1 AS z"))
    session.run("DROP EXTERNAL TABLE e")
    with pytest.raises(WriteError, match="'out/e' is there already"):
        session.run(made("e", "pq", "SELECT 2 AS z"))
    assert ask("SELECT * FROM OPENROWSET(BULK 'out/e/*.parquet', FORMAT = 'PARQUET') AS r") == [(1,)]
