"""What is no T-SQL, and what is T-SQL and not honoured: the words and the place of the error."""

from __future__ import annotations

import pickle

import pytest

from engine.errors import BindError, SqlError, SqlSyntaxError, UnsupportedSqlError
from engine.sql.syntax import parse_query, parse_script

NEAR = "Incorrect syntax near '{}'."
NO_CONDITION = (
    "An expression of non-boolean type specified in a context where a condition is expected, near '{}'."
)
ORDERED = (
    "The ORDER BY clause is invalid in views, inline functions, derived tables, subqueries, and common table "
    "expressions, unless TOP, OFFSET or FOR XML is also specified."
)
TOP_AND_OFFSET = "A TOP can not be used in the same query or sub-query as an OFFSET."
ASSIGNED = (
    "A SELECT statement that assigns a value to a variable must not be combined with data-retrieval "
    "operations."
)
FIRST = "'CREATE PROCEDURE' must be the first statement in a query batch."
OVERFLOW = "Arithmetic overflow error converting an argument of DATEDIFF to its data type."

# The text with a mark before the token that the error names; that token, or the whole message.
WRONG = [
    ("SELECT a, §FROM t", "FROM"),
    ("SELECT §FROM t", "FROM"),
    ("§FROM t SELECT a", "FROM"),
    ("SELECT a FROM §WHERE", "WHERE"),
    ("SELECT a FROM t§,", ","),
    ("SELECT a FROM t ORDER BY a §WHERE a = 1", "WHERE"),
    ("SELECT a FROM t LIMIT §5", "5"),
    ("SELECT a |§| b FROM t", "|"),
    ("SELECT a §> b FROM t", ">"),
    ("SELECT (a > b) §+ 1 FROM t", "+"),
    ("SELECT 1 AS §FROM", "FROM"),
    ("SELECT a FROM t AS §select", "select"),
    ("SELECT CASE WHEN a = 1 §1 END FROM t", "1"),
    ("SELECT CASE a WHEN 1 THEN §2 ", "2"),
    ("SELECT a FROM b JOIN §c", "c"),
    ("SELECT a FROM t WHERE a BETWEEN 1 §OR 2", "OR"),
    ("SELECT a FROM t WHERE a = 1 §= 2", "="),
    ("SELECT a FROM t WHERE a = §= 2", "="),
    ("SELECT a FROM t WHERE a §*= b", "*="),
    ("SELECT f(1, §) FROM t", ")"),
    ("SELECT CAST(a §, INT)", ","),
    ("SELECT (1 + §2", "2"),
    ("SELECT 1 + 2§)", ")"),
    ("SELECT * FROM (SELECT 1 AS a§)", ")"),
    ("SELECT * FROM (SELECT 1 AS a) §WHERE a = 1", "WHERE"),
    ("SELECT TOP §@n a FROM t", "@n"),
    ("SELECT a FROM t ORDER BY a OFFSET §1 ", "1"),
    ("SELECT a FROM t ORDER BY a §FETCH NEXT 1 ROWS ONLY", "FETCH"),
    ("SELECT a UNION §ORDER BY 1", "ORDER"),
    ("SELECT a EXCEPT §ALL SELECT b", "ALL"),
    ("SELECT §[a", "Unclosed name after [a."),
    ("SELECT a FROM §[]", "[]"),
    ("SELECT §'abc", "Unclosed quotation mark after the character string 'abc'."),
    ("SELECT 1 §/* no end", "Missing end comment mark '*/'."),
    ("SELECT §?", "?"),
    ("SELECT a FROM t WITH (§NOLOK)", "NOLOK"),
    ("SELECT a FROM t OPTION (§FASTER)", "FASTER"),
    ("SELECT a FROM t OPTION (LABEL §'x')", "'x'"),
    ("SELECT * FROM t PIVOT (SUM(v) FOR k IN ([a])§)", ")"),
    ("SELECT * FROM OPENROWSET(BULK 'x'§)", ")"),
    ("SELECT * FROM OPENROWSET(BULK 'x', FORMAT = 'CSV', §FORMAT = 'CSV') r", "FORMAT"),
    ("SELECT * FROM OPENROWSET(BULK 'x', §COLOUR = 'red') r", "COLOUR"),
    ("SELECT * FROM PREDICT(MODEL = @m, DATA = t §) WITH (a REAL) p", ")"),
    ("SELECT * FROM PREDICT(MODEL = @m, DATA = t, RUNTIME = ONNX) §p", "p"),
    ("INSERT INTO t (a, §) VALUES (1)", ")"),
    ("INSERT INTO t §SET a = 1", "SET"),
    ("UPDATE t §WHERE a = 1", "WHERE"),
    ("MERGE t USING s ON t.a = s.§a", "a"),
    ("MERGE t USING s ON t.a = s.a WHEN NOT MATCHED THEN §DELETE", "DELETE"),
    ("CREATE TABLE t (a§)", ")"),
    ("CREATE TABLE t (a INT) WITH (DISTRIBUTION = §RANDOM)", "RANDOM"),
    ("CREATE TABLE t (a INT) WITH (HEAP, §HEAP)", "HEAP"),
    ("CREATE TABLE t (a INT) §ON [PRIMARY]", "ON"),
    ("CREATE EXTERNAL TABLE t (a INT) WITH (LOCATION = 'x', DATA_SOURCE = d§)", ")"),
    ("CREATE §THING x", "THING"),
    ("DROP §THING x", "THING"),
    ("COPY INTO t FROM §x", "x"),
    ("COPY INTO t FROM 'x' WITH (§SPEED = 1)", "SPEED"),
    ("IF §SELECT 1", "SELECT"),
    ("BEGIN §END", "END"),
    ("BEGIN SELECT §1", "1"),
    ("BEGIN TRY SELECT 1 END TRY §SELECT 2", "SELECT"),
    ("SELECT 1 §END", "END"),
    ("SELECT 1; §ELSE SELECT 2", "ELSE"),
    ("SET §NOTHING ON", "NOTHING"),
    ("SET NOCOUNT §1", "1"),
    ("DECLARE §x INT", "x"),
    ("EXEC p 1, §, 2", ","),
    ("SELECT 1\n§GO;", "GO"),
    ("SELECT 1\nGO §0", "0"),
    ("SELECT 1;\r\n  SELECT\t2 §3", "3"),
    ("SELECT a FROM t WHERE §a", NO_CONDITION.format("a")),
    ("SELECT a FROM t WHERE a §AND b = 1", NO_CONDITION.format("AND")),
    ("SELECT * FROM (§SELECT a FROM t ORDER BY a) x", ORDERED),
    ("SELECT TOP 1 a FROM t ORDER BY a §OFFSET 1 ROWS", TOP_AND_OFFSET),
    ("SELECT @a = 1, b FROM §t", ASSIGNED),
    ("SELECT 1 §CREATE PROCEDURE p AS SELECT 1", FIRST),
    ("SELECT §LEN(a, b) FROM t", "The len function requires 1 argument(s)."),
    ("SELECT §LAG() OVER (ORDER BY a) FROM t", "The lag function requires 1 to 3 argument(s)."),
    ("SELECT DATEADD(§dey, 1, d) FROM t", "'dey' is not a recognized dateadd option."),
    ("SELECT DATEADD(§'day', 1, d) FROM t", "''day'' is not a recognized dateadd option."),
    ("SELECT §DATEDIFF(day, 99999999999, d) FROM t", OVERFLOW),
]  # fmt: skip


@pytest.mark.parametrize(("marked", "said"), WRONG)
def test_wrong_text_names_the_token_and_its_place(marked: str, said: str) -> None:
    text = marked.replace("§", "")
    with pytest.raises(SqlSyntaxError) as caught:
        parse_script(text)
    before = marked[: marked.index("§")].replace("\r\n", "\n").split("\n")
    assert caught.value.message == (said if said.endswith(".") else NEAR.format(said))
    assert (caught.value.data["line"], caught.value.data["column"]) == (len(before), len(before[-1]) + 1)
    assert text[text.index(caught.value.data["token"]) :]
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


def test_a_hint_says_what_other_dialects_call_it() -> None:
    for text, hint in [
        ("SELECT a FROM t LIMIT 5", "TOP (n)"),
        ("SELECT a || b FROM t", "+ or CONCAT"),
        ("SELECT * FROM a JOIN b USING (c)", "ON"),
        ("SELECT a FROM t WHERE a ILIKE 'x'", "LIKE"),
        ("SELECT select FROM t", "[select]"),
    ]:
        with pytest.raises(SqlSyntaxError) as caught:
            parse_script(text)
        assert hint in caught.value.hint


# The text, what is named, and a word of the way out.
REFUSED = [
    ("CREATE LOGIN joe WITH PASSWORD = 'x'", "CREATE LOGIN", "grant the right"),
    ("ALTER USER joe WITH DEFAULT_SCHEMA = s", "ALTER USER", "grant the right"),
    ("GRANT SELECT ON t TO joe", "GRANT", "grant the right"),
    ("DENY SELECT ON t TO joe", "DENY", "grant the right"),
    ("REVOKE SELECT ON t FROM joe", "REVOKE", "grant the right"),
    ("CREATE FUNCTION f() RETURNS INT WITH EXECUTE AS CALLER AS BEGIN RETURN 1 END", "A function WITH EXECUTE", "leave it out"),
    ("CREATE OR ALTER FUNCTION f() RETURNS @t TABLE (i INT) AS BEGIN RETURN END", "CREATE FUNCTION with a table variable", "temporary table"),
    ("CREATE TRIGGER r ON t AFTER INSERT AS SELECT 1", "CREATE TRIGGER", "procedure"),
    ("CREATE CLUSTERED COLUMNSTORE INDEX i ON t", "CREATE CLUSTERED", "CREATE TABLE"),
    ("ALTER INDEX ALL ON t REBUILD", "ALTER INDEX", "CREATE TABLE"),
    ("CREATE DATABASE d", "CREATE DATABASE", "workspace"),
    ("ALTER DATABASE d MODIFY (SERVICE_OBJECTIVE = 'DW300c')", "ALTER DATABASE", "resize"),
    ("ALTER EXTERNAL DATA SOURCE d SET LOCATION = 'x'", "ALTER EXTERNAL", "create it anew"),
    ("BULK INSERT t FROM 'x'", "BULK INSERT", "COPY INTO"),
    ("BACKUP DATABASE d", "BACKUP", "client"),
    ("WAITFOR DELAY '00:00:01'", "WAITFOR", "client"),
    ("GOTO there", "GOTO", "WHILE"),
    ("there: SELECT 1", "A label", "WHILE"),
    ("SAVE TRANSACTION s", "SAVE TRANSACTION", "one transaction"),
    ("BEGIN DISTRIBUTED TRAN", "BEGIN DISTRIBUTED", "BEGIN TRANSACTION"),
    ("DECLARE c CURSOR FOR SELECT 1", "A cursor", "whole set"),
    ("FETCH NEXT FROM c", "FETCH", "whole set"),
    ("DECLARE @t TABLE (a INT)", "The type table", "#t"),
    ("DECLARE @x XML", "The type xml", "nvarchar(max)"),
    ("CREATE TABLE t (a TEXT)", "The type text", "varchar(max)"),
    ("CREATE TABLE t (a TIMESTAMP)", "The type timestamp", "datetime2"),
    ("CREATE TABLE t (a INT PRIMARY KEY)", "An enforced key", "NOT ENFORCED"),
    ("CREATE TABLE t (a INT, PRIMARY KEY CLUSTERED (a) NOT ENFORCED)", "A clustered key", "NONCLUSTERED"),
    ("CREATE TABLE t (a INT CHECK (a > 1))", "CHECK in a table", "SELECT"),
    ("CREATE TABLE t (a INT REFERENCES u (b))", "REFERENCES in a table", "SELECT"),
    ("CREATE TABLE t (a INT, b AS a + 1)", "A computed column", "view"),
    ("CREATE TABLE t (a DATETIME DEFAULT GETDATE())", "A DEFAULT that is computed", "INSERT"),
    ("CREATE TABLE t AS CLONE OF u", "CREATE TABLE AS CLONE OF", "AS SELECT"),
    ("CREATE VIEW v WITH SCHEMABINDING AS SELECT 1 AS a", "A view WITH SCHEMABINDING", "leave it out"),
    ("CREATE PROCEDURE p WITH RECOMPILE AS SELECT 1", "A procedure WITH RECOMPILE", "leave it out"),
    ("ALTER TABLE t REBUILD", "ALTER TABLE ... REBUILD", "leave it out"),
    ("INSERT INTO t OUTPUT inserted.a VALUES (1)", "The OUTPUT clause", "SELECT"),
    ("UPDATE t SET a = 1 OUTPUT deleted.a", "The OUTPUT clause", "SELECT"),
    ("DELETE t OUTPUT deleted.a WHERE a = 1", "The OUTPUT clause", "SELECT"),
    ("MERGE t USING s ON t.a = s.a WHEN MATCHED THEN DELETE OUTPUT 1;", "The OUTPUT clause", "SELECT"),
    ("UPDATE t SET a.WRITE('x', 0, 1)", "The method WRITE()", "column = value"),
    ("INSERT INTO @t VALUES (1)", "A table variable", "#t"),
    ("SELECT * FROM @t", "A table variable", "#t"),
    ("SELECT * FROM a.b.c.d", "A name of four parts", "database.schema.name"),
    ("SELECT * FROM OPENQUERY(s, 'SELECT 1')", "OPENQUERY", "OPENROWSET"),
    ("SELECT * FROM OPENROWSET('p', 'x', 'y')", "OPENROWSET over a provider", "BULK"),
    ("SELECT * FROM OPENROWSET(BULK 'x', SINGLE_CLOB) r", "SINGLE_CLOB", "FIELDTERMINATOR"),
    ("SELECT * FROM PREDICT(MODEL = @m, DATA = t, RUNTIME = SPARK) p", "RUNTIME = SPARK", "ONNX"),
    ("SELECT * FROM t TABLESAMPLE (10 PERCENT)", "TABLESAMPLE", "TOP"),
    ("SELECT * FROM t FOR SYSTEM_TIME AS OF '2024-01-01'", "FOR SYSTEM_TIME", "version"),
    ("SELECT a FROM t FOR XML PATH('')", "FOR XML", "STRING_AGG"),
    ("SELECT a FROM t GROUP BY ALL a", "GROUP BY ALL", "GROUP BY"),
    ("SELECT a FROM t WHERE CONTAINS(a, 'x')", "CONTAINS()", "LIKE"),
    ("SELECT NEXT VALUE FOR s", "NEXT VALUE FOR", "ROW_NUMBER"),
    ("SELECT IDENTITY(INT, 1, 1) AS a INTO x FROM t", "IDENTITY()", "ROW_NUMBER"),
    ("SELECT geography::Point(1, 2, 4326)", "A method of a CLR type", "built-in"),
    ("SELECT {fn NOW()}", "This ODBC escape", "T-SQL"),
    ("SELECT $action", "$action", "column"),
    ("SELECT a FROM t OPTION (USE HINT('x'))", "The option USE HINT", "leave it out"),
    ("WITH XMLNAMESPACES ('u' AS n) SELECT 1", "WITH XMLNAMESPACES", "FOR JSON"),
    ("SET QUOTED_IDENTIFIER OFF", "SET QUOTED_IDENTIFIER OFF", "single quotes"),
    ("DBCC CHECKDB", "DBCC CHECKDB", "PDW_SHOWSPACEUSED"),
    ("TRUNCATE TABLE t WITH (PARTITIONS (1))", "TRUNCATE TABLE ... WITH (PARTITIONS)", "DELETE"),
    ("EXECUTE AS USER = 'joe'", "EXECUTE AS", "user"),
    ("RENAME DATABASE a TO b", "RENAME DATABASE", "folder"),
    ("CREATE STATISTICS s ON t (a) WITH NORECOMPUTE", "Statistics WITH NORECOMPUTE", "FULLSCAN"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "named", "way_out"), REFUSED)
def test_what_is_not_honoured_is_refused_with_a_reason_and_a_way_out(
    text: str, named: str, way_out: str
) -> None:
    with pytest.raises(UnsupportedSqlError) as caught:
        parse_script(text)
    assert f"{named} is not supported: " in caught.value.message.replace(
        "This ALTER DATABASE", "ALTER DATABASE"
    )
    assert way_out in caught.value.hint
    assert caught.value.data["line"] == 1


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("MYTYPE", "Cannot find data type 'mytype'."),
        ("dbo.MyType", "Cannot find data type 'dbo'."),
        ("VARCHAR(0)", "The size (0) given to the type 'varchar' is out of range."),
        ("VARCHAR(8001)", "The size (8001) given to the type 'varchar' is out of range."),
        ("NVARCHAR(4001)", "The size (4001) given to the type 'nvarchar' is out of range."),
        ("DECIMAL(39)", "The size (39) given to the type 'decimal' is out of range."),
        ("DECIMAL(5, 6)", "The size (5, 6) given to the type 'decimal' is out of range."),
        ("DATETIME2(8)", "The size (8) given to the type 'datetime2' is out of range."),
        ("FLOAT(54)", "The size (54) given to the type 'float' is out of range."),
        ("INT(4)", "The size (4) given to the type 'int' is out of range."),
    ],
)
def test_a_type_that_does_not_exist(kind: str, message: str) -> None:
    with pytest.raises(BindError) as caught:
        parse_script(f"DECLARE @x {kind}")
    assert caught.value.message == message
    assert (caught.value.data["line"], caught.value.data["column"]) == (1, 12)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("SELEC * FROM t", "did you mean SELECT in place of SELEC?"),
        (
            "CREATE TABLE t WITH (DISTRIBUTON = ROUND_ROBIN) AS SELECT 1 AS a",
            "did you mean DISTRIBUTION in place of DISTRIBUTON?",
        ),
        ("SELECT 1 AS a; * ", "expected a statement here"),
    ],
)
def test_a_misspelt_word_is_told_what_it_may_have_meant(text: str, hint: str) -> None:
    with pytest.raises(SqlSyntaxError) as caught:
        parse_script(text)
    assert caught.value.hint.startswith(hint)


def test_what_is_nested_too_deeply() -> None:
    for text in (
        "SELECT " + "(" * 100_000,
        "SELECT " + "(" * 5_000 + "1" + ")" * 5_000,
        "IF 1 = 1 " * 20_000,
    ):
        with pytest.raises(SqlError) as caught:
            parse_script(text)
        assert caught.value.message == "Some part of your SQL statement is nested too deeply."


def test_what_is_long_is_not_deep() -> None:
    parse_query(f"SELECT {' + '.join(['1'] * 5_000)}")
    parse_query(" UNION ALL ".join(["SELECT 1"] * 2_000))
    assert len(parse_script("SELECT 1;" * 5_000)[0].statements) == 5_000


def test_a_query_is_one_query() -> None:
    for text in ("", "SELECT 1 SELECT 2", "SELECT 1\nGO\nSELECT 2", "PRINT 1", "SELECT 1 AS a INTO t"):
        with pytest.raises(SqlSyntaxError, match="not one query"):
            parse_query(text)
