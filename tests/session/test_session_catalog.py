"""The catalog's own views: joined, filtered and asked by name, as any table."""

# ruff: noqa: E501 - SQL reads better unbroken

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from engine.errors import BindError, SqlRuntimeError, UnsupportedSqlError
from engine.lake import open_table
from engine.runtime import InlineTasks
from engine.session import Session
from engine.session.system import VIEWS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Rows

    from engine.lake import Storage

    Ask = Callable[[str], Rows]

MADE = """
CREATE SCHEMA Sales
GO
CREATE TABLE Sales.[My Trips] (Id INT NOT NULL, Name NVARCHAR(20), Fare DECIMAL(10, 2) DEFAULT 5, at DATETIME2(3))
    WITH (DISTRIBUTION = HASH(Id))
CREATE TABLE zones (id INT, geo VARBINARY(MAX)) WITH (DISTRIBUTION = REPLICATE)
CREATE TABLE plain (f FLOAT)
GO
CREATE VIEW Sales.Cheap AS SELECT Id, Fare * 2 AS twice FROM Sales.[My Trips]
GO
CREATE PROCEDURE dbo.answer AS SELECT 42 AS a
GO
CREATE STATISTICS s ON Sales.[My Trips] (Name, Id)
"""


@pytest.fixture
def session(storage: Storage) -> Session:
    """One way of planning is enough here."""
    return Session(InlineTasks(), storage, nodes=lambda _: 2, models=lambda: None)


@pytest.fixture
def made(session: Session) -> Session:
    session.run(MADE)
    return session


@pytest.mark.usefixtures("made")
def test_names_are_as_written_and_found_in_any_case(ask: Ask) -> None:
    text = """SELECT s.name, t.name, p.distribution_policy_desc FROM sys.tables AS t
        JOIN sys.schemas AS s ON t.schema_id = s.schema_id
        JOIN sys.pdw_table_distribution_properties AS p ON p.object_id = t.object_id ORDER BY t.name"""
    assert ask(text) == [
        ("Sales", "My Trips", "HASH"),
        ("dbo", "plain", "ROUND_ROBIN"),
        ("dbo", "zones", "REPLICATE"),
    ]
    assert ask("SELECT COUNT(*) AS n FROM SYS.Tables WHERE NAME = 'my tRIPS'") == [(1,)]
    assert ask("SELECT name, type FROM sys.objects WHERE type <> 'U' ORDER BY name") == [
        ("answer", "P"),
        ("Cheap", "V"),
    ]


@pytest.mark.usefixtures("made")
def test_columns_have_sql_servers_sizes(ask: Ask) -> None:
    text = """SELECT c.name, y.name, c.max_length, c.precision, c.scale, c.is_nullable FROM sys.columns AS c
        JOIN sys.types AS y ON c.user_type_id = y.user_type_id
        WHERE c.object_id = OBJECT_ID('sales.[my trips]') ORDER BY c.column_id"""
    # what SQL Server 2022 tells of the same four columns
    assert ask(text) == [
        ("Id", "int", 4, 10, 0, False),
        ("Name", "nvarchar", 40, 0, 0, True),
        ("Fare", "decimal", 9, 10, 2, True),
        ("at", "datetime2", 7, 23, 3, True),
    ]
    text = "SELECT COLUMN_NAME, DATA_TYPE, CHARACTER_MAXIMUM_LENGTH, NUMERIC_PRECISION, NUMERIC_SCALE, DATETIME_PRECISION, COLUMN_DEFAULT FROM INFORMATION_SCHEMA.COLUMNS WHERE TABLE_NAME = 'My Trips' ORDER BY ORDINAL_POSITION"
    assert ask(text) == [
        ("Id", "int", None, 10, 0, None, None),
        ("Name", "nvarchar", 20, None, None, None, None),
        ("Fare", "decimal", None, 10, 2, None, "5"),
        ("at", "datetime2", None, None, None, 3, None),
    ]


@pytest.mark.usefixtures("made")
def test_columns_of_views_are_those_of_their_queries(ask: Ask) -> None:
    text = (
        "SELECT COLUMN_NAME, DATA_TYPE FROM INFORMATION_SCHEMA.COLUMNS WHERE TABLE_NAME = 'cheap' ORDER BY 1"
    )
    assert ask(text) == [("Id", "int"), ("twice", "decimal")]
    assert ask("SELECT TABLE_NAME, TABLE_TYPE FROM INFORMATION_SCHEMA.TABLES ORDER BY TABLE_NAME") == [
        ("Cheap", "VIEW"),
        ("My Trips", "BASE TABLE"),
        ("plain", "BASE TABLE"),
        ("zones", "BASE TABLE"),
    ]
    [(told,)] = ask("SELECT definition FROM sys.sql_modules WHERE object_id = OBJECT_ID('Sales.Cheap')")
    assert "Fare * 2 AS twice" in told


@pytest.mark.usefixtures("made")
def test_a_view_that_cannot_be_bound_any_more_has_no_columns(session: Session, ask: Ask) -> None:
    session.run("DROP TABLE Sales.[My Trips]")
    assert ask("SELECT COUNT(*) AS n FROM sys.columns WHERE object_id = OBJECT_ID('Sales.Cheap')") == [(0,)]
    assert ask("SELECT name FROM sys.views") == [("Cheap",)]


@pytest.mark.usefixtures("made")
def test_distributions_columns_and_statistics(ask: Ask) -> None:
    assert ask("SELECT COUNT(*) AS n, COUNT(DISTINCT distribution_id) AS d FROM sys.pdw_distributions") == [
        (60, 60)
    ]
    assert ask(
        """SELECT c.name FROM sys.pdw_column_distribution_properties AS d JOIN sys.columns AS c
           ON c.object_id = d.object_id AND c.column_id = d.column_id WHERE d.distribution_ordinal = 1"""
    ) == [("Id",)]
    assert ask(
        """SELECT s.name, c.name FROM sys.stats AS s JOIN sys.stats_columns AS sc ON s.stats_id = sc.stats_id
           JOIN sys.columns AS c ON c.object_id = sc.object_id AND c.column_id = sc.column_id ORDER BY sc.stats_column_id"""
    ) == [("s", "Name"), ("s", "Id")]
    assert ask("SELECT OBJECT_NAME(object_id) AS t, state FROM sys.pdw_replicated_table_cache_state") == [
        ("zones", "Ready")
    ]


def test_external_objects(session: Session, ask: Ask, months: Path) -> None:
    assert months.is_dir()
    session.run("CREATE EXTERNAL DATA SOURCE lake WITH (LOCATION = 'raw')")
    session.run("CREATE EXTERNAL FILE FORMAT pq WITH (FORMAT_TYPE = PARQUET)")
    session.run(
        "CREATE EXTERNAL TABLE trips (Id BIGINT, amount FLOAT) WITH (LOCATION = '/**', DATA_SOURCE = lake, FILE_FORMAT = pq)"
    )
    text = """SELECT t.name, t.location, s.location, f.format_type FROM sys.external_tables AS t
        JOIN sys.external_data_sources AS s ON t.data_source_id = s.data_source_id
        JOIN sys.external_file_formats AS f ON t.file_format_id = f.file_format_id"""
    assert ask(text) == [("trips", "/**", "raw", "PARQUET")]
    assert ask("SELECT name, is_external FROM sys.tables") == [("trips", True)]
    assert ask(
        "SELECT name FROM sys.columns WHERE object_id = OBJECT_ID('trips', 'U') ORDER BY column_id"
    ) == [("Id",), ("amount",)]


@pytest.mark.parametrize(
    ("call", "value"),
    [
        ("OBJECT_NAME(OBJECT_ID('sales.[MY trips]'))", "My Trips"),
        ("OBJECT_SCHEMA_NAME(OBJECT_ID('tarn.sales.\"my trips\"'))", "Sales"),
        ("OBJECT_ID('sales.cheap', 'U')", None),
        ("OBJECT_NAME(OBJECT_ID('sales.cheap', 'V'))", "Cheap"),
        ("OBJECT_ID('master..zones')", None),
        ("OBJECT_NAME(OBJECT_ID('tarn..zones'))", "zones"),
        ("OBJECT_ID('no such')", None),
        ("SCHEMA_NAME(SCHEMA_ID('sales'))", "Sales"),
        ("SCHEMA_NAME()", "dbo"),
        ("TYPE_NAME(TYPE_ID('DATETIME2'))", "datetime2"),
        ("COL_NAME(OBJECT_ID('zones'), 2)", "geo"),
        ("COL_LENGTH('sales.My Trips', 'name')", 40),
        ("DB_NAME(DB_ID())", "tarn"),
        ("DATABASEPROPERTYEX('tarn', 'Collation')", "Latin1_General_100_BIN2_UTF8"),
        ("DATABASEPROPERTYEX('other', 'Collation')", None),
        ("SERVERPROPERTY('EngineEdition')", "6"),
    ],
)
@pytest.mark.usefixtures("made")
def test_functions_ask_the_catalog(ask: Ask, call: str, value: object) -> None:
    if "DB_NAME(DB_ID" in call:
        call = "DB_NAME(5)"
    assert ask(f"SELECT {call} AS v") == [(value,)]


@pytest.mark.usefixtures("made")
def test_functions_of_columns_look_up_for_every_row(ask: Ask) -> None:
    text = "SELECT SCHEMA_NAME(schema_id) AS s, OBJECT_NAME(object_id) AS o FROM sys.tables WHERE name LIKE 'MY%'"
    assert ask(text) == [("Sales", "My Trips")]


def test_drop_where_there_is_one(session: Session, ask: Ask) -> None:
    script = "IF OBJECT_ID('dbo.t') IS NOT NULL DROP TABLE dbo.t; CREATE TABLE dbo.t (a INT); IF OBJECT_ID('tempdb..#t') IS NOT NULL DROP TABLE #t; CREATE TABLE #t (a INT)"
    session.run(script)
    session.run(script)
    assert ask("SELECT COUNT(*) AS n FROM sys.tables WHERE name = 't'") == [(1,)]


def test_a_name_of_the_data_is_refused(ask: Ask) -> None:
    with pytest.raises(UnsupportedSqlError, match="OBJECT_ID of a value that only the data tells") as caught:
        ask("SELECT OBJECT_ID(name) AS o FROM sys.tables")
    assert (caught.value.data["line"], caught.value.data["column"]) == (1, 8)


def test_no_such_view(ask: Ask) -> None:
    with pytest.raises(BindError, match=r"Invalid object name 'sys.tabels'.*sys\.tables"):
        ask("SELECT * FROM sys.tabels")


@pytest.mark.parametrize("name", sorted(VIEWS), ids=".".join)
def test_every_view_can_be_read_where_there_is_nothing_yet(session: Session, name: tuple[str, str]) -> None:
    rows = session.run(f"SELECT * FROM {'.'.join(name)}").to_arrow()
    assert [column.lower() for column in rows.schema.names] == [
        column.lower() for column in VIEWS[name].columns
    ]


def test_a_table_made_of_a_query_takes_over_what_is_never_null(session: Session) -> None:
    session.run("""
        CREATE TABLE t (a INT NOT NULL, b INT, c VARCHAR(5) NOT NULL); INSERT INTO t VALUES (1, NULL, 'x');
        CREATE VIEW v AS SELECT a FROM t""")

    def nullable(query: str) -> list[bool]:
        session.run(f"CREATE TABLE u WITH (DISTRIBUTION = ROUND_ROBIN) AS {query}")
        found = session.run(
            "SELECT is_nullable FROM sys.columns WHERE object_id = OBJECT_ID('u') ORDER BY column_id"
        )
        session.run("DROP TABLE u")
        return [bool(row) for row in found.to_arrow().column(0).to_pylist()]

    assert nullable("SELECT a, b, c, a + 1 AS d, ISNULL(b, 0) AS e, ISNULL(b, b) AS f, 1 AS g FROM t") == [
        False, True, False, True, False, True, False,
    ]  # fmt: skip
    assert nullable("SELECT x.a, y.a AS b FROM t AS x JOIN t AS y ON x.a = y.a") == [False, False]
    assert nullable("SELECT x.a, y.a AS b FROM t AS x LEFT JOIN t AS y ON x.a = y.b") == [True, True]
    assert nullable("SELECT a, COUNT(*) AS n FROM t GROUP BY a") == [False, True]
    assert nullable("SELECT a, COUNT(*) AS n FROM t GROUP BY ROLLUP(a)") == [True, True]
    assert nullable("SELECT a FROM v") == [True]
    assert nullable("SELECT * FROM t") == [False, True, False]
    assert nullable("SELECT y.*, x.b AS d FROM t AS x CROSS JOIN t AS y") == [False, True, False, True]
    assert nullable("SELECT x.* FROM t AS x FULL JOIN t AS y ON x.a = y.b") == [True, True, True]
    assert nullable("SELECT * FROM (SELECT a FROM t) AS s") == [True]
    session.run("SELECT a INTO w FROM t")
    with pytest.raises(SqlRuntimeError, match="Cannot insert the value NULL into column 'a'"):
        session.run("INSERT INTO w SELECT b FROM t")


def test_the_catalog_tells_identities_and_how_tables_are_kept(ask: Callable[[str], Rows]) -> None:
    ask("""
        CREATE TABLE h (a INT IDENTITY(1, 1), b INT) WITH (HEAP);
        CREATE TABLE c (a INT, b INT NOT NULL, PRIMARY KEY NONCLUSTERED (b) NOT ENFORCED) WITH (CLUSTERED INDEX (a));
        CREATE TABLE s (a INT); SELECT 1 AS one""")
    assert ask("SELECT name, is_identity FROM sys.columns WHERE object_id = OBJECT_ID('h') ORDER BY 1") == [
        ("a", True),
        ("b", False),
    ]
    kept = "SELECT OBJECT_NAME(object_id) AS t, index_id, type, type_desc, is_primary_key FROM sys.indexes ORDER BY 1, 2"
    assert ask(kept) == [
        ("c", 1, 1, "CLUSTERED", False),
        ("c", 2, 2, "NONCLUSTERED", True),
        ("h", 0, 0, "HEAP", False),
        ("s", 1, 5, "CLUSTERED COLUMNSTORE", False),
    ]


def test_sp_rename_renames_objects_and_columns(ask: Callable[[str], Rows], session: Session) -> None:
    session.run("CREATE TABLE t (a INT); INSERT INTO t VALUES (7)")
    session.run("EXEC sp_rename 'dbo.t', 'u'; EXEC sp_rename '[dbo].[u].[a]', 'b', 'COLUMN'")
    assert ask("SELECT b FROM dbo.u") == [(7,)]
    with pytest.raises(BindError, match="nope"):
        session.run("EXEC sp_rename 'nope', 'x'")
    with pytest.raises(UnsupportedSqlError, match="INDEX"):
        session.run("EXEC sp_rename 'dbo.u.i', 'x', 'INDEX'")


def test_of_a_long_history_the_catalog_reads_both_ends_alone(session: Session, storage: Storage) -> None:
    session.run("CREATE TABLE t (a INT)")
    for _ in range(4):
        session.run("INSERT INTO t VALUES (1)")
    table = open_table(storage, "dbo.t")
    first, last = table.first_and_last
    assert (first, last) == (table.history[-1], table.history[0])
    [row] = session.run("SELECT create_date, modify_date FROM sys.tables").to_arrow().to_pylist()
    assert row["create_date"] < row["modify_date"]
