"""Scripts in the shapes that Synapse's documentation and its wizards publish, over files made here."""

# ruff: noqa: E501 - SQL reads better unbroken

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from engine.errors import NotFoundError
from engine.lake import Storage
from engine.runtime import InlineTasks
from engine.session import Session

Rows = list[tuple[Any, ...]]
Ask = Callable[[str], Rows]


@pytest.fixture
def session(storage: Storage) -> Session:
    def no_models() -> Any:
        raise NotFoundError("There is no model.", "Register one.")

    return Session(InlineTasks(), storage, nodes=lambda _: 2, models=no_models)


def test_a_partitioned_view_over_folders(session: Session, ask: Ask, tmp_path: Path) -> None:
    for year, month in [(2018, 11), (2018, 12), (2019, 1)]:
        folder = tmp_path / f"taxi/year={year}/month={month}"
        folder.mkdir(parents=True)
        pq.write_table(pa.table({"fare": [1.0 * month, 2.0]}), folder / "a.parquet")
    session.run(
        "CREATE VIEW TaxiView AS SELECT *, nyc.filepath(1) AS [year], nyc.filepath(2) AS [month] "
        "FROM OPENROWSET(BULK 'taxi/year=*/month=*/*.parquet', FORMAT = 'PARQUET') AS nyc"
    )
    assert ask("SELECT [year], COUNT(*) AS n, SUM(fare) AS f FROM TaxiView WHERE [month] <> '12' GROUP BY [year] ORDER BY [year]") == [
        ("2018", 2, 13.0), ("2019", 2, 3.0),
    ]  # fmt: skip


def test_json_lines_as_documents(session: Session, ask: Ask, tmp_path: Path) -> None:
    books = [
        {"_id": str(at), "title": f"T{at}", "year": 1990 + at, "authors": [{"name": "A"}, {"name": f"B{at}"}]}
        for at in range(3)
    ]
    (tmp_path / "books.jsonl").write_text("\n".join(map(json.dumps, books)))
    rowset = "openrowset(bulk 'books.jsonl', format = 'csv', fieldterminator = '0x0b', fieldquote = '0x0b') with (doc nvarchar(max)) as rows"
    assert ask(
        f"select JSON_VALUE(doc, '$.title') AS title from {rowset} where JSON_VALUE(doc, '$.year') > 1991"
    ) == [("T2",)]
    found = ask(
        f"select j.id, b.name from {rowset} cross apply openjson(doc) with (id int '$._id', authors nvarchar(max) '$.authors' AS JSON) as j "
        "cross apply openjson(j.authors) with (name varchar(50)) as b where j.id < 2 order by j.id, b.name"
    )
    assert found == [(0, "A"), (0, "B0"), (1, "A"), (1, "B1")]


def test_a_loop_over_statements_made_of_the_catalog(session: Session) -> None:
    session.run("CREATE TABLE a (i INT); CREATE TABLE b (i INT); INSERT INTO b VALUES (1), (2)")
    result = session.run("""
        CREATE TABLE #work WITH (DISTRIBUTION = ROUND_ROBIN) AS
        SELECT ROW_NUMBER() OVER (ORDER BY name) AS Sequence, CAST('SELECT COUNT(*) AS n FROM ' + name AS NVARCHAR(4000)) AS sql_code FROM sys.tables;
        DECLARE @count INT = (SELECT COUNT(*) FROM #work), @i INT = 1;
        WHILE @i <= @count
        BEGIN
            DECLARE @sql_code NVARCHAR(4000) = (SELECT sql_code FROM #work WHERE Sequence = @i);
            EXEC sp_executesql @sql_code;
            SET @i += 1;
        END
        DROP TABLE #work;
        """)
    assert [one.to_arrow().column(0).to_pylist() for one in result.results] == [[0], [2]]
    total = session.run(
        "DECLARE @x INT = 1; EXEC sp_executesql N'SELECT COUNT(*) AS n FROM b WHERE i > @p', N'@p INT', @p = @x"
    )
    assert total.scalar() == 1
    described = session.run(
        "EXEC sp_describe_first_result_set N'SELECT i, CAST(i AS VARCHAR(7)) AS s FROM b'"
    ).to_pandas()
    assert described[["name", "system_type_name", "max_length"]].to_numpy().tolist() == [
        ["i", "int", 4],
        ["s", "varchar(7)", 7],
    ]


def test_a_procedure_that_stages_loads_and_commits(session: Session, ask: Ask, tmp_path: Path) -> None:
    (tmp_path / "trips.csv").write_text("h\n" + "".join(f"{at},{at / 2}\n" for at in range(10)))
    session.run("""
        CREATE TABLE dbo.Trip (id INT NOT NULL, fare MONEY) WITH (DISTRIBUTION = HASH(id), CLUSTERED COLUMNSTORE INDEX);
        COPY INTO dbo.Trip FROM 'trips.csv' WITH (FILE_TYPE = 'CSV', FIRSTROW = 2, ROWTERMINATOR = '0X0A', ENCODING = 'UTF8')
        OPTION (LABEL = 'COPY : Load [dbo].[Trip]');
        """)
    result = session.run("""
        CREATE PROCEDURE dbo.keep @least MONEY, @rows INT OUTPUT AS
        BEGIN
            BEGIN TRY
                IF OBJECT_ID('tempdb..#stage') IS NOT NULL DROP TABLE #stage;
                CREATE TABLE #stage (id INT) WITH (HEAP, DISTRIBUTION = ROUND_ROBIN);
                INSERT INTO #stage SELECT id FROM dbo.Trip WHERE fare >= @least;
                SELECT @rows = COUNT(*) FROM #stage;
                BEGIN TRAN;
                DELETE FROM dbo.Trip WHERE id NOT IN (SELECT id FROM #stage);
                INSERT INTO dbo.Trip (id) VALUES (-1);
                COMMIT TRAN;
            END TRY
            BEGIN CATCH
                IF @@TRANCOUNT > 0 ROLLBACK TRAN;
                THROW;
            END CATCH
        END
        GO
        DECLARE @r INT;
        EXEC dbo.keep @least = 3, @rows = @r OUTPUT;
        SELECT @r AS kept, COUNT(*) AS n FROM dbo.Trip
        """)
    assert result.to_arrow().to_pylist() == [{"kept": 4, "n": 5}]
    assert ask("SELECT MIN(id) AS m FROM dbo.Trip") == [(-1,)]


def test_a_partition_is_swapped_as_the_tutorial_does(session: Session, ask: Ask) -> None:
    bounds = "PARTITION ([key] RANGE RIGHT FOR VALUES ({}))"
    old, new = bounds.format("20000101, 20010101"), bounds.format("20000101, 20000601, 20010101")
    session.run(
        f"CREATE TABLE f ([key] INT NOT NULL, v MONEY NOT NULL) WITH (CLUSTERED COLUMNSTORE INDEX, DISTRIBUTION = HASH(v), {old});"
        "INSERT INTO f VALUES (19990101, 1), (20000102, 2), (20000702, 3);"
        f"CREATE TABLE f_2000 WITH (DISTRIBUTION = HASH(v), {old}) AS SELECT * FROM f WHERE 1 = 2;"
        "ALTER TABLE f SWITCH PARTITION 2 TO f_2000 PARTITION 2; ALTER TABLE f SPLIT RANGE (20000601);"
        f"CREATE TABLE f_new WITH (DISTRIBUTION = HASH(v), {new}) AS SELECT * FROM f_2000;"
        "ALTER TABLE f_new SWITCH PARTITION 2 TO f PARTITION 2; ALTER TABLE f_new SWITCH PARTITION 3 TO f PARTITION 3;"
        "DROP TABLE f_2000; DROP TABLE f_new"
    )
    assert ask("SELECT [key] FROM f ORDER BY [key]") == [(19990101,), (20000102,), (20000702,)]


def test_what_a_procedure_returns_is_inserted(session: Session, ask: Ask) -> None:
    session.run(
        "CREATE TABLE t (a INT, b VARCHAR(5)); GO\nCREATE PROCEDURE two AS BEGIN SELECT 1 AS x, 'p' AS y; SELECT 2, 'q'; END".replace(
            "; GO", "\nGO"
        )
    )
    result = session.run("INSERT INTO t EXEC two; INSERT INTO t (a) EXEC sp_executesql N'SELECT 9 AS v'")
    assert not result.results
    assert ask("SELECT * FROM t ORDER BY a") == [(1, "p"), (2, "q"), (9, None)]
