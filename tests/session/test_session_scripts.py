"""Scripts: batches, variables, branches, errors, views and procedures; and what is said of what is wrong."""

# ruff: noqa: E501 - SQL reads better unbroken

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from engine.errors import BindError, SqlRuntimeError, SqlSyntaxError, UnsupportedSqlError
from engine.session import Session

Rows = list[tuple[Any, ...]]

Ask = Callable[[str], Rows]


def test_all_result_sets_and_messages_are_kept(session: Session) -> None:
    result = session.run("SELECT 1 AS a\nGO\nPRINT 'two'\nSELECT 2 AS b\nGO 2")
    assert [one.columns for one in result.results] == [["a"], ["b"], ["b"]]
    assert result.messages == ("two", "two")
    assert result.scalar() == 2
    assert result.rowcount == 1


def test_a_result_prints_as_a_table(session: Session) -> None:
    result = session.run("SELECT 1 AS a, CAST(NULL AS INT) AS b, 'x' AS c")
    assert str(result) == "a |    b | c\n--+------+--\n1 | NULL | x\n(1 rows)"
    assert "<td>NULL</td>" in result._repr_html_()
    assert str(session.run("SET NOCOUNT ON")) == "Commands completed successfully."


def test_results_come_in_every_form(session: Session) -> None:
    result = session.run("SELECT value AS v FROM GENERATE_SERIES(1, 5) ORDER BY value")
    assert result.to_pandas()["v"].tolist() == [1, 2, 3, 4, 5]
    assert sum(batch.num_rows for batch in result.fetch_batches()) == len(result) == 5


def test_variables_live_in_their_batch(session: Session, ask: Ask) -> None:
    assert ask("DECLARE @a INT = 2, @b VARCHAR(3) = 'abcdef'; SET @a += 3; SELECT @a AS a, @b AS b") == [
        (5, "abc")
    ]
    with pytest.raises(BindError, match='Must declare the scalar variable "@a"'):
        session.run("DECLARE @a INT\nGO\nSET @a = 1")
    with pytest.raises(BindError, match="has already been declared"):
        session.run("DECLARE @a INT, @A INT")


def test_select_assigns_the_last_row(ask: Ask) -> None:
    text = "DECLARE @a INT = 0, @b INT; SELECT @a = MAX(value), @b = COUNT(*) FROM GENERATE_SERIES(1, 9); SELECT @a AS a, @b AS b"
    assert ask(text) == [(9, 9)]
    assert ask(
        "DECLARE @a INT = 5; SELECT @a = v.x FROM (VALUES (1), (2)) AS v(x) WHERE v.x > 7; SELECT @a AS a"
    ) == [(5,)]


def test_loops_and_branches(session: Session) -> None:
    text = """DECLARE @i INT = 0
        WHILE 1 = 1 BEGIN
            SET @i += 1
            IF @i = 2 CONTINUE
            IF @i > 4 BREAK ELSE PRINT CONCAT('i=', @i)
        END"""
    assert session.run(text).messages == ("i=1", "i=3", "i=4")


def test_catch_tells_of_the_error_and_throw_passes_it_on(ask: Ask, session: Session) -> None:
    failing = "BEGIN TRY SELECT 1 / 0 AS x END TRY BEGIN CATCH {} END CATCH"
    assert ask(failing.format("SELECT ERROR_NUMBER() AS n, ERROR_MESSAGE() AS m")) == [
        (8134, "Divide by zero error encountered.")
    ]
    with pytest.raises(SqlRuntimeError, match="Divide by zero"):
        session.run(failing.format("THROW"))
    with pytest.raises(SqlRuntimeError, match="mine") as caught:
        session.run("THROW 50001, 'mine', 1")
    assert caught.value.data["number"] == 50001
    assert session.run("RAISERROR('%d of %s', 10, 1, 3, 'x')").messages == ("3 of x",)
    assert ask("SELECT ERROR_NUMBER() AS n") == [(None,)]


def test_views_are_read_like_tables(ask: Ask, session: Session) -> None:
    session.run("CREATE TABLE t (a INT, b INT); INSERT INTO t VALUES (1, 2), (3, 4)")
    session.run("CREATE VIEW dbo.v (x, y) AS WITH c AS (SELECT a, b FROM t) SELECT a, a + b FROM c")
    session.run("CREATE VIEW w AS SELECT v.x FROM v WHERE y > 3")
    assert ask("SELECT dbo.v.x, y FROM dbo.V ORDER BY 1") == [(1, 3), (3, 7)]
    assert ask("SELECT w.x, v.y FROM w JOIN v ON v.x = w.x") == [(3, 7)]
    session.run("ALTER VIEW v AS SELECT a AS x, 9 AS y FROM t")
    assert ask("SELECT MAX(y) AS y FROM v") == [(9,)]
    with pytest.raises(BindError, match="There is already an object named 'v'"):
        session.run("CREATE VIEW v AS SELECT 1 AS a")
    with pytest.raises(BindError, match="Invalid column name 'nope'"):
        session.run("CREATE VIEW bad AS SELECT nope FROM t")
    session.run("DROP VIEW w, v")
    with pytest.raises(BindError, match="Invalid object name 'v'"):
        ask("SELECT * FROM v")


def test_procedures_take_and_give_back(ask: Ask, session: Session) -> None:
    session.run("""CREATE PROCEDURE dbo.add_up @a INT, @b INT = 5, @sum INT OUTPUT AS
        BEGIN SET @sum = @a + @b; IF @a < 0 RETURN 1; SELECT @sum AS s END""")
    text = (
        "DECLARE @s INT, @code INT; EXEC @code = add_up {}, @sum = @s OUTPUT; SELECT @s AS s, @code AS code"
    )
    assert ask(text.format("1")) == [(6, 0)]
    assert ask(text.format("@b = 1, @a = -3")) == [(-2, 1)]
    with pytest.raises(BindError, match="expects parameter '@a'"):
        session.run("EXEC add_up")
    with pytest.raises(BindError, match="Could not find stored procedure 'nope'"):
        session.run("EXEC nope")
    assert ask("EXEC ('SELECT 1 + 1 AS two')") == [(2,)]


def test_the_catalog_is_queried_like_tables(ask: Ask, session: Session) -> None:
    session.run("CREATE SCHEMA s; CREATE TABLE s.t (a INT NOT NULL, b VARCHAR(9))")
    assert ask("SELECT TABLE_SCHEMA, TABLE_NAME FROM INFORMATION_SCHEMA.TABLES") == [("s", "t")]
    assert ask("""SELECT c.name, c.is_nullable FROM sys.columns c JOIN sys.tables t ON c.object_id = t.object_id
                  WHERE t.name = 't' ORDER BY c.column_id""") == [("a", False), ("b", True)]
    assert ask("SELECT name FROM sys.schemas WHERE schema_id NOT IN (3, 4) ORDER BY name") == [
        ("dbo",),
        ("s",),
    ]
    with pytest.raises(BindError, match=r"because it is being referenced by object 's\.t'"):
        session.run("DROP SCHEMA s")


def test_explain_tells_the_plan_and_runs_nothing(session: Session) -> None:
    session.run("CREATE TABLE t (a INT)")
    result = session.run("EXPLAIN SELECT COUNT(*) AS n FROM t WHERE a > 1")
    text = "\n".join(result.to_pandas()["step"])
    assert "reads dbo.t" in text
    assert "RETURN" in text


@pytest.mark.parametrize(
    ("text", "error", "message", "line", "column"),
    [
        ("SELECT 1 AS a;\n\nSELECT * FROM nope", BindError, "Invalid object name 'nope'.", 3, 15),
        ("SELECT\n  b FROM t", BindError, "Invalid column name 'b'.", 2, 3),
        ("SELECT a FROM t x, t y", BindError, "Ambiguous column name 'a'.", 1, 8),
        ("SELECT z.a FROM t", BindError, 'The multi-part identifier "z.a" could not be bound.', 1, 10),
        ("SELECT 1 AS a;\nSELECT FROM t", SqlSyntaxError, "Incorrect syntax near 'FROM'.", 2, 8),
        ("COMMIT", SqlRuntimeError, "The COMMIT TRANSACTION request has no corresponding", 1, 1),
        (
            "SELECT 1 AS a;\n SELECT a / 0 AS b FROM t",
            SqlRuntimeError,
            "Divide by zero error encountered.",
            2,
            2,
        ),
        ("SELECT * FROM elsewhere.dbo.t", BindError, "Invalid object name 'elsewhere.dbo.t'.", 1, 1),
    ],
)
def test_errors_have_the_documented_text_and_a_place(
    session: Session, text: str, error: type[Exception], message: str, line: int, column: int
) -> None:
    session.run("CREATE TABLE t (a INT); INSERT INTO t VALUES (1)")
    with pytest.raises(error) as caught:
        session.run(text)
    assert caught.value.message.startswith(message)
    assert (caught.value.data["line"], caught.value.data["column"]) == (line, column)


def test_near_names_are_hinted(session: Session) -> None:
    session.run("CREATE TABLE dbo.customers (a INT)")
    with pytest.raises(BindError, match=r"There is: dbo\.customers"):
        session.run("SELECT * FROM dbo.custmers")


def test_a_script_without_rows_gives_empty_frames(session: Session) -> None:
    result = session.run("CREATE TABLE nothing (a INT)")
    assert result.to_pandas().empty
    assert result.to_arrow().num_rows == result.to_arrow().num_columns == len(result.to_dask()) == 0
    assert list(result.fetch_batches()) == []
    assert result.scalar() is None


def test_functions_of_rows_in_from_and_behind_apply(session: Session, ask: Ask) -> None:
    session.run("""
        CREATE TABLE sale (emp INT, amount MONEY); INSERT INTO sale VALUES (1, 10), (1, 5), (2, 7)
        GO
        CREATE FUNCTION dbo.sales_of (@emp INT, @least MONEY = 6) RETURNS TABLE WITH SCHEMABINDING AS RETURN (
            SELECT s.amount, COUNT(*) OVER () AS n FROM dbo.sale s WHERE s.emp = @emp AND s.amount >= @least)
        GO
        CREATE OR ALTER FUNCTION big (@x MONEY) RETURNS TABLE AS RETURN SELECT f.* FROM dbo.sales_of(1, @x) f
        """)
    assert ask("SELECT amount, n FROM dbo.sales_of(1, 0) ORDER BY amount") == [(5, 2), (10, 2)]
    assert ask("DECLARE @e INT = 1; SELECT amount FROM dbo.sales_of(@e, DEFAULT)") == [(10,)]
    assert ask("SELECT b.amount FROM big(7) AS b") == [(10,)]
    applied = (
        "SELECT v.e, f.amount FROM (VALUES (1), (2), (3)) v(e) {} APPLY dbo.sales_of(v.e, 6) f ORDER BY v.e"
    )
    assert ask(applied.format("CROSS")) == [(1, 10), (2, 7)]
    assert ask(applied.format("OUTER")) == [(1, 10), (2, 7), (3, None)]
    with pytest.raises(UnsupportedSqlError, match="Qualify it with an alias"):
        ask("SELECT f.amount FROM dbo.sale s CROSS APPLY dbo.sales_of(s.emp, 6) f")
    with pytest.raises(
        BindError, match=r"Invalid object name 'dbo\.salesof'\. Hint: There is: dbo\.big, dbo\.sales_of"
    ):
        ask("SELECT 1 AS a FROM dbo.salesof(1)")
    with pytest.raises(BindError, match="too many arguments"):
        ask("SELECT 1 AS a FROM dbo.big(1, 2)")
    assert ask("SELECT type FROM sys.objects WHERE name = 'big'") == [("IF",)]
    session.run("DROP FUNCTION big; DROP FUNCTION IF EXISTS dbo.big")
