"""Tables that statements make and change, against what pandas or plain arithmetic says."""

# ruff: noqa: E501 - SQL reads better unbroken

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from engine.errors import BindError, SqlRuntimeError, UnsupportedSqlError
from engine.lake import Storage, open_table
from engine.session import Session

Rows = list[tuple[Any, ...]]

Ask = Callable[[str], Rows]
PEOPLE = "CREATE TABLE p (id INT, v INT, s VARCHAR(10)); INSERT INTO p VALUES (1,10,'a'),(2,20,'b'),(3,NULL,'c'),(4,40,NULL);"
ALL = "SELECT * FROM p ORDER BY id"


def test_types_come_back_as_declared(ask: Ask) -> None:
    columns = (
        "i TINYINT, d DECIMAL(10,2), t TIME, u UNIQUEIDENTIFIER, m MONEY, b BIT, x VARBINARY(4), w DATETIME2"
    )
    ask(f"CREATE TABLE t ({columns}); INSERT INTO t VALUES (255, 1.235, '10:11:12', '6F9619FF-8B86-D011-B42D-00C04FC964FF',"
        " 1.23456, 'true', 0x0102, '2024-02-29 01:02:03.5'); SELECT 1 AS a")  # fmt: skip
    [(i, d, t, _, m, b, x, w)] = ask("SELECT * FROM t")
    assert (i, d, t, m, b, x) == (255, Decimal("1.24"), dt.time(10, 11, 12), Decimal("1.2346"), True, b"\1\2")
    assert w == dt.datetime(2024, 2, 29, 1, 2, 3, 500_000)
    assert ask(
        "SELECT i + CAST(0 AS TINYINT) AS i FROM t WHERE t > '09:00' AND u = '6f9619ff-8b86-d011-b42d-00c04fc964ff'"
    )


def test_insert_takes_columns_in_any_order_and_defaults(ask: Ask) -> None:
    ask("CREATE TABLE t (a INT DEFAULT 7, b VARCHAR(3), c INT NOT NULL); SELECT 1 AS x")
    ask("INSERT INTO t (c, b) VALUES (1, 'x'); INSERT INTO t VALUES (DEFAULT, DEFAULT, 2); SELECT 1 AS x")
    ask("WITH q AS (SELECT 3 AS n) INSERT INTO t (c) SELECT n FROM q; SELECT 1 AS x")
    assert ask("SELECT * FROM t ORDER BY c") == [(7, "x", 1), (7, None, 2), (7, None, 3)]


@pytest.mark.parametrize(
    ("insert", "error", "message"),
    [
        ("(a) VALUES ('toolong')", SqlRuntimeError, "String or binary data would be truncated"),
        ("(b) VALUES (1)", SqlRuntimeError, "Cannot insert the value NULL into column 'a', table 'dbo.t'"),
        ("(a, nope) VALUES ('x', 1)", BindError, "Invalid column name 'nope'"),
        ("(a) VALUES ('x', 1)", BindError, "There are fewer columns"),
        ("(a, b) SELECT 'x'", BindError, "contains fewer items than the insert list"),
        ("(a, b) VALUES ('x', 99999999999)", SqlRuntimeError, "overflow"),
    ],
)
def test_a_refused_insert_leaves_nothing(
    session: Session, storage: Storage, insert: str, error: type[Exception], message: str
) -> None:
    session.run("CREATE TABLE t (a VARCHAR(3) NOT NULL, b INT)")
    before = open_table(storage, "t").version
    with pytest.raises(error, match=message) as caught:
        session.run(f"SELECT 1 AS one;\nINSERT INTO t {insert}")
    assert caught.value.data["line"] == 2
    assert open_table(storage, "t").version == before
    assert session.run("SELECT COUNT(*) AS n FROM t").scalar() == 0


def test_a_table_made_of_a_query_has_its_types_and_layout(session: Session, storage: Storage) -> None:
    result = session.run(
        "CREATE TABLE s.h WITH (DISTRIBUTION = HASH(k)) AS SELECT value AS k, CAST(value % 5 AS TINYINT) AS g "
        "FROM GENERATE_SERIES(1, 1000)"
    )
    assert result.rowcount == 1000
    assert open_table(storage, "s.h").count() == 1000
    found = session.run(
        "SELECT COLUMN_NAME, DATA_TYPE FROM INFORMATION_SCHEMA.COLUMNS WHERE TABLE_NAME = 'h' ORDER BY ORDINAL_POSITION"
    )
    assert found.to_arrow().to_pylist() == [
        {"COLUMN_NAME": "k", "DATA_TYPE": "int"},
        {"COLUMN_NAME": "g", "DATA_TYPE": "tinyint"},
    ]
    joined = session.run("SELECT COUNT(*) AS n, SUM(a.k) AS s FROM s.h a JOIN s.h b ON a.k = b.k")
    assert joined.to_arrow().to_pylist() == [{"n": 1000, "s": 500_500}]
    with pytest.raises(BindError, match="There is already an object named 'h'"):
        session.run("CREATE TABLE s.h (a INT)")


def test_a_table_of_a_query_needs_names(session: Session) -> None:
    with pytest.raises(BindError, match="An object or column name is missing or empty"):
        session.run("CREATE TABLE t WITH (DISTRIBUTION = ROUND_ROBIN) AS SELECT 1 + 1")
    with pytest.raises(BindError, match="specified more than once"):
        session.run("SELECT 1 AS a, 2 AS A INTO t")


def test_temporary_tables_live_in_the_session(ask: Ask, session: Session, storage: Storage) -> None:
    ask("SELECT value AS v INTO #t FROM GENERATE_SERIES(1, 3); SELECT 1 AS a")
    ask(
        "INSERT INTO #t VALUES (4); UPDATE #t SET v = v * 10 WHERE v > 2; DELETE FROM #t WHERE v = 1; SELECT 1 AS a"
    )
    assert sorted(ask("SELECT #t.v FROM #t")) == [(2,), (30,), (40,)]
    ask("TRUNCATE TABLE #t; SELECT 1 AS a")
    assert ask("SELECT COUNT(*) AS n FROM #t") == [(0,)]
    session.run("DROP TABLE #t")
    with pytest.raises(BindError, match="Invalid object name '#t'"):
        ask("SELECT * FROM #t")


def test_update_and_delete_take_true_alone(ask: Ask) -> None:
    ask(f"{PEOPLE} UPDATE p SET v = v + id, s = UPPER(s) WHERE v > 15; SELECT @@ROWCOUNT AS n")
    assert ask(ALL) == [(1, 10, "a"), (2, 22, "B"), (3, None, "c"), (4, 44, None)]
    assert ask("DELETE FROM p WHERE v <> 10; SELECT @@ROWCOUNT AS n") == [(2,)]
    assert ask(ALL) == [(1, 10, "a"), (3, None, "c")]
    assert ask("DELETE p; SELECT @@ROWCOUNT AS n") == [(2,)]


def test_a_change_of_no_row_makes_no_version(ask: Ask, storage: Storage) -> None:
    ask(f"{PEOPLE} SELECT 1 AS a")
    before = open_table(storage, "p").version
    assert ask("UPDATE p SET v = 1 WHERE id = 99; SELECT @@ROWCOUNT AS n") == [(0,)]
    assert open_table(storage, "p").version == before


def test_other_tables_decide_what_changes(ask: Ask) -> None:
    ask(
        f"{PEOPLE} CREATE TABLE q (id INT, w INT); INSERT INTO q VALUES (1, 100), (3, 300), (3, 300), (9, 900); SELECT 1 AS a"
    )
    ask("UPDATE p SET v = q.w FROM p JOIN q ON p.id = q.id; SELECT 1 AS a")
    assert ask(ALL) == [(1, 100, "a"), (2, 20, "b"), (3, 300, "c"), (4, 40, None)]
    ask("UPDATE x SET x.s = 'z' FROM p AS x WHERE x.id IN (SELECT id FROM q); SELECT 1 AS a")
    ask("DELETE p FROM p INNER JOIN q ON p.id = q.id AND q.w = 300; SELECT 1 AS a")
    assert ask(ALL) == [(1, 100, "z"), (2, 20, "b"), (4, 40, None)]
    with pytest.raises(UnsupportedSqlError, match="inner joins only"):
        ask("DELETE p FROM p LEFT JOIN q ON p.id = q.id")


def test_merge_does_each_clause_to_each_row_once(ask: Ask) -> None:
    ask(
        f"{PEOPLE} CREATE TABLE q (id INT, w INT); INSERT INTO q VALUES (1, 100), (2, 5), (9, 900); SELECT 1 AS a"
    )
    merge = """MERGE INTO p AS t USING (SELECT id, w FROM q) AS q ON t.id = q.id
        WHEN MATCHED AND q.w > 50 THEN UPDATE SET v = q.w, s = 'up'
        WHEN MATCHED THEN DELETE
        WHEN NOT MATCHED BY TARGET THEN INSERT (id, v) VALUES (q.id, q.w)
        WHEN NOT MATCHED BY SOURCE AND t.id = 4 THEN UPDATE SET s = 'lone';
        SELECT @@ROWCOUNT AS n"""
    assert ask(merge) == [(4,)]
    assert ask(ALL) == [(1, 100, "up"), (3, None, "c"), (4, 40, "lone"), (9, 900, None)]


def test_merge_refuses_to_change_a_row_twice(ask: Ask) -> None:
    ask(f"{PEOPLE} SELECT 1 AS a")
    twice = "MERGE p USING (VALUES (1), (1)) AS q(id) ON p.id = q.id WHEN MATCHED THEN {};"
    with pytest.raises(SqlRuntimeError, match="the same row more than once"):
        ask(twice.format("DELETE"))
    ask(twice.replace("MATCHED", "MATCHED AND p.id = 5").format("DELETE") + " SELECT 1 AS a")
    assert len(ask(ALL)) == 4


def test_drop_and_truncate(ask: Ask, session: Session) -> None:
    ask(f"{PEOPLE} TRUNCATE TABLE p; SELECT 1 AS a")
    assert ask("SELECT COUNT(*) AS n FROM p") == [(0,)]
    session.run("DROP TABLE p; DROP TABLE IF EXISTS p")
    with pytest.raises(BindError, match="Cannot drop the table 'p'"):
        session.run("DROP TABLE p")
