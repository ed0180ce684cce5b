"""Scalar functions: each call gives what the expression gives that somebody would write by hand."""

# ruff: noqa: E501 - SQL reads better unbroken

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from engine.errors import BindError, SqlSyntaxError, TarnError, UnsupportedSqlError

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.session import Session

    Ask = Callable[[str], list[tuple[object, ...]]]

ROWS = """
CREATE TABLE r (k INT, s INT, p DECIMAL(9, 3), w VARCHAR(20), d DATE);
INSERT INTO r VALUES (1, 95, 1.005, 'ann lee', '2024-02-29'), (2, 79, -7.125, 'Bob', '2023-12-31'),
    (3, 0, NULL, '', '2020-01-01'), (4, NULL, 12345.678, NULL, NULL)
"""

# The function behind CREATE FUNCTION, a call over the table, and the same by hand.
SAME = [
    pytest.param(
        # The example of the documentation: the variable is an int, so the fraction goes.
        "dbo.f (@MyValueIn int) RETURNS decimal(10,2) AS BEGIN DECLARE @MyValueOut int; SET @MyValueOut = CAST(@MyValueIn AS decimal(10,2)); RETURN(@MyValueOut); END",
        "dbo.f(p)",
        "CAST(CAST(CAST(p AS INT) AS INT) AS DECIMAL(10, 2))",
        id="documented",
    ),
    pytest.param(
        "dbo.f (@s INT, @bonus DECIMAL(5,2) = 1.5) RETURNS VARCHAR(10) AS BEGIN DECLARE @r VARCHAR(3), @t DECIMAL(6,2) = @s + @bonus; IF @s IS NULL RETURN 'none'; IF @t >= 90 SET @r = 'AAAA' ELSE IF @t >= 80 SET @r = 'B' ELSE SET @r = CONVERT(VARCHAR(10), @t); RETURN UPPER(@r) + '/'; END",
        "dbo.f(s, DEFAULT)",
        "CASE WHEN s IS NULL THEN 'none' WHEN s + 1.5 >= 90 THEN 'AAA/' WHEN s + 1.5 >= 80 THEN 'B/' ELSE CAST(CAST(CAST(s + 1.5 AS DECIMAL(6, 2)) AS VARCHAR(10)) AS VARCHAR(3)) + '/' END",
        id="branches",
    ),
    pytest.param(
        "dbo.f (@a INT, @b INT) RETURNS FLOAT AS BEGIN IF @b = 0 RETURN NULL; RETURN @a * 1.0 / @b END",
        "dbo.f(k, s)",
        "CASE WHEN s = 0 THEN NULL ELSE CAST(k * 1.0 / s AS FLOAT) END",
        id="guarded division",
    ),
    pytest.param(
        "dbo.f (@w VARCHAR) RETURNS VARCHAR(5) AS BEGIN RETURN '[' + @w + ']' END",
        "dbo.f(w)",
        "'[' + CAST(w AS VARCHAR(1)) + ']'",
        id="a text without a length has one character",
    ),
    pytest.param(
        "dbo.f (@d DATE) RETURNS INT WITH SCHEMABINDING, RETURNS NULL ON NULL INPUT AS BEGIN DECLARE @q INT = DATEPART(quarter, @d), @y INT; SELECT @y = YEAR(@d), @q = @q + @y * 10; RETURN ISNULL(@q, -1) END",
        "dbo.f(d)",
        "CASE WHEN d IS NULL THEN NULL ELSE DATEPART(quarter, d) + YEAR(d) * 10 END",
        id="NULL on NULL, variables one after the other",
    ),
    pytest.param(
        "dbo.f (@n INT) RETURNS INT AS BEGIN IF @n > 50 BEGIN IF @n > 90 RETURN 3 SET @n = @n - 50 END ELSE SET @n += 1; RETURN @n END",
        "SUM(dbo.f(s)) OVER (ORDER BY k)",
        "SUM(CASE WHEN s > 90 THEN 3 WHEN s > 50 THEN s - 50 ELSE s + 1 END) OVER (ORDER BY k)",
        id="a branch that returns on one way only",
    ),
    pytest.param(
        "dbo.f (@n INT) RETURNS INT AS BEGIN DECLARE @m INT; SELECT @m = MAX(x.k), @n = @n + COUNT(*) FROM r x WHERE x.s <= @n; RETURN COALESCE(@m, 0) * 100 + @n END",
        "dbo.f(r.s)",
        "COALESCE((SELECT MAX(x.k) FROM r x WHERE x.s <= r.s), 0) * 100 + r.s + (SELECT COUNT(*) FROM r x WHERE x.s <= r.s)",
        id="aggregates of a table",
    ),
    pytest.param(
        "dbo.f (@n INT) RETURNS BIT AS BEGIN IF EXISTS (SELECT 1 FROM r x WHERE x.k = @n + 1 AND x.w <> '') RETURN 1; RETURN 0 END",
        "dbo.f(r.k)",
        "CASE WHEN EXISTS (SELECT 1 FROM r x WHERE x.k = r.k + 1 AND x.w <> '') THEN CAST(1 AS BIT) ELSE CAST(0 AS BIT) END",
        id="EXISTS",
    ),
]


@pytest.mark.parametrize(("made", "call", "by_hand"), SAME)
def test_a_call_is_the_expression_that_its_statements_come_to(
    session: Session, ask: Ask, made: str, call: str, by_hand: str
) -> None:
    session.run(f"{ROWS}\nGO\nCREATE FUNCTION {made}")
    query = "SELECT k, {} AS v FROM r ORDER BY k"
    assert ask(query.format(call)) == ask(query.format(by_hand))


def test_functions_stand_wherever_expressions_do(session: Session, ask: Ask) -> None:
    session.run(f"""{ROWS}
        GO
        CREATE FUNCTION twice (@x INT) RETURNS INT AS BEGIN RETURN 2 * @x END
        GO
        CREATE FUNCTION dbo.fourth (@x INT) RETURNS INT AS BEGIN RETURN dbo.twice(dbo.twice(@x)) END
        GO
        CREATE VIEW v AS SELECT k, dbo.fourth(k) AS f FROM r
        GO
        CREATE FUNCTION rows_of (@x INT) RETURNS TABLE AS RETURN SELECT dbo.twice(k) AS t FROM dbo.r WHERE dbo.twice(k) > @x
        """)
    assert ask("SELECT f FROM v WHERE dbo.twice(k) > 4 ORDER BY dbo.twice(k) DESC") == [(16,), (12,)]
    assert ask("SELECT t FROM rows_of(dbo.fourth(1)) x ORDER BY t") == [(6,), (8,)]
    assert ask(
        "SELECT dbo.twice(k % 2) AS g, SUM(dbo.twice(s)) AS n FROM r GROUP BY dbo.twice(k % 2) ORDER BY g"
    ) == [(0, 158), (2, 190)]
    assert ask(
        "DECLARE @x INT = dbo.twice(4); SET @x = dbo.twice(@x); IF dbo.twice(1) = 2 SELECT @x AS x"
    ) == [(16,)]
    session.run(
        "UPDATE r SET s = dbo.twice(s) WHERE dbo.twice(k) = 4; DELETE FROM r WHERE dbo.twice(k) = 2; INSERT INTO r (k, s) VALUES (dbo.twice(9), 1)"
    )
    assert ask("SELECT k, s FROM r ORDER BY k") == [(2, 158), (3, 0), (4, None), (18, 1)]
    assert ask("SELECT a.k FROM r a JOIN r b ON b.k = dbo.twice(a.k)") == [(2,)]


def test_functions_are_altered_listed_and_dropped(session: Session, ask: Ask) -> None:
    query = "SELECT dbo.f(1) AS a"
    session.run("CREATE FUNCTION dbo.f (@x INT) RETURNS DECIMAL(5, 1) AS BEGIN RETURN @x END")
    assert str(ask(query)) == "[(Decimal('1.0'),)]"
    session.run("ALTER FUNCTION dbo.f (@x INT) RETURNS VARCHAR(9) AS BEGIN RETURN @x END")
    assert ask(query) == [("1",)]
    session.run("CREATE OR ALTER FUNCTION dbo.f (@x INT) RETURNS INT AS BEGIN RETURN @x END")
    assert ask("SELECT name, type, type_desc FROM sys.objects") == [("f", "FN", "SQL_SCALAR_FUNCTION")]
    listed = "SELECT ROUTINE_NAME, ROUTINE_TYPE, DATA_TYPE FROM INFORMATION_SCHEMA.ROUTINES"
    assert ask(listed) == [("f", "FUNCTION", "int")]
    assert ask("SELECT OBJECT_ID('dbo.f', 'FN') - OBJECT_ID('dbo.f') AS same") == [(0,)]
    with pytest.raises(BindError, match="already an object named 'f'"):
        session.run("CREATE FUNCTION f () RETURNS INT AS BEGIN RETURN 1 END")
    session.run("DROP FUNCTION f; DROP FUNCTION IF EXISTS dbo.f")
    with pytest.raises(
        BindError, match=r'Cannot find either column "dbo" or the user-defined function or aggregate "dbo\.f"'
    ):
        ask(query)


# What stands behind `CREATE FUNCTION dbo.f (@a INT) RETURNS INT AS BEGIN`, and the error.
REFUSED: list[tuple[str, type[TarnError], str]] = [
    ("WHILE @a > 0 SET @a -= 1; RETURN @a", UnsupportedSqlError, r"WHILE in the function dbo\.f is not supported.*Hint: Write it with DECLARE"),
    ("INSERT INTO t VALUES (1); RETURN @a", UnsupportedSqlError, "INSERT in the function"),
    ("BEGIN TRY SET @a = 1 END TRY BEGIN CATCH SET @a = 2 END CATCH; RETURN @a", UnsupportedSqlError, "BEGIN in the function"),
    ("SELECT @a = k FROM dbo.r; RETURN @a", UnsupportedSqlError, "SELECT of variables from rows"),
    ("SET @b = 1; RETURN @a", BindError, 'Must declare the scalar variable "@b"'),
    ("RETURN @b", BindError, 'Must declare the scalar variable "@b"'),
    ("DECLARE @a INT; RETURN @a", BindError, "already been declared"),
    ("RETURN GETDATE()", BindError, "Implicit conversion from data type datetime to int"),
    ("RETURN RAND()", BindError, "side-effecting operator 'rand'"),
    ("SET @a = 1", SqlSyntaxError, "last statement included within a function must be a return"),
    ("RETURN dbo.f(@a)", BindError, "Cannot find either column"),
    (f"{'SET @a = @a + @a; ' * 20} RETURN @a", UnsupportedSqlError, "Variables that are read so often"),
    (f"{'IF @a > 1 BEGIN SET @a = 1; IF @a > 2 RETURN 1 END ' * 20} RETURN @a", UnsupportedSqlError, "Branches that return"),
]  # fmt: skip


def test_what_is_no_expression_is_refused_when_it_is_created(session: Session) -> None:
    session.run(ROWS)
    for body, error, message in REFUSED:
        with pytest.raises(error, match=message):
            session.run(f"CREATE FUNCTION dbo.f (@a INT) RETURNS INT AS BEGIN {body} END")
    assert session.run("SELECT COUNT(*) AS n FROM sys.objects WHERE type = 'FN'").scalar() == 0


def test_calls_that_would_mean_something_else_are_refused(session: Session, ask: Ask) -> None:
    session.run(f"""{ROWS}
        GO
        CREATE FUNCTION dbo.f (@a INT) RETURNS INT AS BEGIN RETURN (SELECT MAX(s) FROM dbo.r WHERE k <= @a) END
        GO
        CREATE FUNCTION dbo.two (@a FLOAT) RETURNS FLOAT AS BEGIN RETURN @a - @a END""")
    assert ask("SELECT dbo.f(q.k) AS m FROM r q WHERE q.k < 3") == [(95,), (95,)]
    for query, message in [
        ("SELECT dbo.f(k) AS m FROM r", "Qualify it with an alias"),
        ("SELECT dbo.f(MAX(q.k)) AS m FROM r q", "Aggregate in a derived table"),
        ("SELECT dbo.two(RAND()) AS m", "Compute the argument in a derived table"),
        (
            "ALTER FUNCTION dbo.two (@a FLOAT) RETURNS INT AS BEGIN RETURN dbo.two(@a) END\nGO\nSELECT dbo.two(1) AS m",
            "calls itself",
        ),
    ]:
        with pytest.raises(UnsupportedSqlError, match=message):
            ask(query)


def test_variables_take_what_t_sql_converts_by_itself(ask: Ask) -> None:
    assert ask("DECLARE @a INT, @b INT = 5; SELECT @a = 2, @b = @a + @b; SELECT @a, @b") == [(2, 7)]
    assert ask("DECLARE @s VARCHAR(2) = 'abc'; SET @s = @s + 'd'; SELECT @s AS s") == [("ab",)]
    with pytest.raises(BindError, match="Implicit conversion from data type datetime to int"):
        ask("DECLARE @i INT = GETDATE()")
