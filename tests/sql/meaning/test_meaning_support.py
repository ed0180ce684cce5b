"""The support matrix: every refusal with its words, and every known difference as it is."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from meaning_values import connection
from shown import shown

from engine.errors import SqlError, UnsupportedSqlError
from engine.sql.meaning import to_duckdb
from engine.sql.meaning.functions import SCALARS
from engine.sql.meaning.functions.refused import REFUSED
from engine.sql.meaning.show import SHOWN_SCHEMA
from engine.sql.syntax import parse_query

FOLDER = Path(__file__).parent / "support"
NOW = dt.datetime(2024, 3, 1, tzinfo=dt.UTC)


def lines(name: str) -> list[tuple[str, str]]:
    found = (FOLDER / name).read_text().splitlines()
    pairs = [line.rpartition(" => ") for line in found if line.strip() and not line.startswith("#")]
    return [(sql, want) for sql, _, want in pairs]


def query(sql: str) -> str:
    return sql if sql.startswith(("SELECT ", "WITH ")) else f"SELECT {sql} FROM t"


@pytest.mark.parametrize(("sql", "message"), lines("refused.txt"))
def test_what_cannot_be_kept_is_refused_in_words(sql: str, message: str) -> None:
    with pytest.raises(SqlError) as caught:
        to_duckdb(parse_query(query(sql)), SHOWN_SCHEMA, now=NOW)
    if message != "...":
        assert isinstance(caught.value, UnsupportedSqlError)
        assert caught.value.message == message


@pytest.mark.parametrize(("sql", "want"), lines("different.txt"))
def test_known_differences_are_as_they_are_written_down(sql: str, want: str) -> None:
    con = connection()
    text = to_duckdb(parse_query(f"SELECT {sql}"), SHOWN_SCHEMA).sql(dialect="duckdb")
    found = con.sql(text).to_arrow_table().column(0)[0].as_py()
    con.close()
    here, _, there = want.partition(" | ")
    assert shown(found) == here != there


def test_no_function_is_both_honoured_and_refused() -> None:
    assert not SCALARS.keys() & REFUSED.keys()
