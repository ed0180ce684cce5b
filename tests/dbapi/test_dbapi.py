"""DB-API 2.0 as PEP 249 has it, on an embedded pool, and as pandas uses it."""

from __future__ import annotations

import datetime as dt
import threading
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import registry

import engine
from engine import dbapi
from engine.dbapi.errors import mapped
from engine.errors import SqlRuntimeError
from pools.errors import TarnError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("lake")


@pytest.fixture(scope="module")
def connection(home: Path) -> Iterator[dbapi.Connection]:
    with engine.connect(home) as made:
        made.execute(
            "CREATE TABLE trips (id INT NOT NULL, fare DECIMAL(9,2), city NVARCHAR(20), at DATETIME2(3));"
            "INSERT INTO trips VALUES (1, 1.50, N'Oslo', '2019-03-01 10:00:00'), (2, NULL, 'Rome', NULL),"
            " (3, 7.25, NULL, '2019-03-02')"
        )
        yield made


def test_the_module_says_what_it_is() -> None:
    assert (dbapi.apilevel, dbapi.threadsafety, dbapi.paramstyle) == ("2.0", 2, "qmark")
    assert dbapi.STRING == "nvarchar"
    assert dbapi.NUMBER == "decimal"
    assert dbapi.DATETIME == "datetime2"
    assert dbapi.NUMBER != "nvarchar"


def test_rows_come_as_tuples_of_pythons_own_values(connection: dbapi.Connection) -> None:
    cursor = connection.cursor()
    assert cursor.execute("SELECT id, fare, city, at FROM trips ORDER BY id") is cursor
    assert cursor.rowcount == 3
    assert cursor.fetchone() == (1, Decimal("1.50"), "Oslo", dt.datetime(2019, 3, 1, 10))
    assert cursor.rownumber == 1
    assert cursor.fetchmany(1) == [(2, None, "Rome", None)]
    assert cursor.fetchall() == [(3, Decimal("7.25"), None, dt.datetime(2019, 3, 2))]
    assert cursor.fetchone() is None
    assert cursor.fetchmany(5) == []
    assert [name for name, *_ in cursor.description or ()] == ["id", "fare", "city", "at"]
    _, code, _, _, precision, scale, _ = (cursor.description or [])[1]
    assert (code, precision, scale) == ("decimal", 9, 2)
    assert code == dbapi.NUMBER


def test_a_cursor_is_an_iterator_and_a_context(connection: dbapi.Connection) -> None:
    with connection.cursor() as cursor:
        assert list(cursor.execute("SELECT id FROM trips ORDER BY id DESC")) == [(3,), (2,), (1,)]
    with pytest.raises(dbapi.InterfaceError, match="cursor is closed"):
        cursor.fetchone()


VALUES: list[Any] = [
    0, -(2**31), 2**31, 2**63, -(10**37), 1.5, -1e300, Decimal("12.340"), Decimal("1E+5"), Decimal("-0.001"),
    True, "", "it's; DROP TABLE trips --", "æ\u4e2d" * 3000, b"", b"\x00\xff", dt.date(1, 1, 1),
    dt.time(23, 59, 59, 999999),
    dt.datetime(9999, 12, 31, 23, 59, 59, 999999), UUID(int=7), np.int64(7), np.float32(0.5),
    pd.Timestamp("2020-02-29 01:02:03.000004"), np.datetime64("2020-02-29T01:02:03.123456789"),
]  # fmt: skip


@pytest.mark.parametrize("value", VALUES, ids=lambda value: repr(value)[:24])
def test_a_parameter_comes_back_as_it_went(connection: dbapi.Connection, value: Any) -> None:
    [(got,)] = connection.execute("SELECT ? AS v", (value,)).fetchall()
    if isinstance(value, UUID):
        assert UUID(str(got)) == value
    elif isinstance(value, np.datetime64):
        assert got == dt.datetime(2020, 2, 29, 1, 2, 3, 123456)
    else:
        assert got == value


def test_null_and_moments_with_a_zone(connection: dbapi.Connection) -> None:
    assert connection.execute("SELECT CASE WHEN ? IS NULL THEN 1 END AS v", (None,)).fetchone() == (1,)
    assert connection.execute("SELECT CASE WHEN ? IS NULL THEN 1 END AS v", (pd.NaT,)).fetchone() == (1,)
    there = dt.datetime(2020, 1, 1, 12, tzinfo=dt.timezone(dt.timedelta(hours=2)))
    [(got,)] = connection.execute("SELECT ? AS v", (there,)).fetchall()
    assert got == there


def test_markers_are_places_for_values_and_nothing_else(connection: dbapi.Connection) -> None:
    text = "SELECT '?' AS a, [what?] AS b, ? AS c /* ? */ FROM (VALUES (1)) AS t([what?]) WHERE 1 = ? -- ?"
    assert connection.execute(text, ("x", 1)).fetchall() == [("?", 1, "x")]
    assert connection.execute("SELECT @a + @A AS v", {"a": 2}).fetchall() == [(4,)]
    assert connection.execute("SELECT city FROM trips WHERE id = ?", (2,)).fetchall() == [("Rome",)]
    for given in ((), (1, 2, 3)):
        with pytest.raises(dbapi.ProgrammingError, match=r"has 2 parameter markers, and \d values"):
            connection.execute("SELECT ?, ?", given)
    with pytest.raises(dbapi.ProgrammingError, match="sequence"):
        connection.execute("SELECT ?", "x")
    with pytest.raises(dbapi.ProgrammingError, match="Parameter 1 is a object"):
        connection.execute("SELECT ?", (object(),))
    with pytest.raises(dbapi.ProgrammingError, match="is nan"):
        connection.execute("SELECT ?", (float("nan"),))


def test_many_rows_are_inserted_in_one_commit(connection: dbapi.Connection, home: Path) -> None:
    connection.execute("CREATE TABLE many (id INT, name NVARCHAR(20), twice INT)")
    before = engine.Workspace(home).table("dbo.many").version
    rows = [(at, None if at % 3 else f"n{at}", at) for at in range(100)]
    cursor = connection.cursor().executemany("INSERT INTO many VALUES (?, ?, ? * 2)", rows)
    assert cursor.rowcount == 100
    assert engine.Workspace(home).table("dbo.many").version == before + 1
    got = connection.execute("SELECT id, name, twice FROM many ORDER BY id").fetchall()
    assert got == [(at, name, at * 2) for at, name, _ in rows]
    named = connection.cursor().executemany(
        "UPDATE many SET name = @name WHERE id = @id", [{"id": 1, "name": "a"}, {"id": 2, "name": "b"}]
    )
    assert named.rowcount == 2
    assert connection.execute("SELECT name FROM many WHERE id IN (1, 2) ORDER BY id").fetchall() == [
        ("a",),
        ("b",),
    ]
    connection.cursor().executemany("INSERT INTO many (id, name) VALUES (?, ?)", [(200, None), (201, None)])
    connection.execute("INSERT INTO many (id, name) VALUES (?, ?)", (202, None))
    assert connection.execute("SELECT COUNT(*) FROM many WHERE id >= 200 AND name IS NULL").fetchone() == (3,)
    assert connection.cursor().executemany("DELETE FROM many WHERE id = ?", []).rowcount == 0
    with pytest.raises(dbapi.ProgrammingError, match="return no rows"):
        connection.cursor().executemany("SELECT ?", [(1,), (2,)])


def test_a_script_has_several_result_sets(connection: dbapi.Connection) -> None:
    cursor = connection.execute("PRINT 'hello'; SELECT 1 AS a; SELECT 2 AS b, 3 AS c")
    assert cursor.messages == ["hello"]
    assert cursor.fetchall() == [(1,)]
    assert cursor.nextset()
    assert [name for name, *_ in cursor.description or ()] == ["b", "c"]
    assert cursor.fetchall() == [(2, 3)]
    assert cursor.nextset() is None


def test_procedures_are_called(connection: dbapi.Connection) -> None:
    connection.execute("CREATE PROCEDURE dbo.between_ids @low INT, @high INT AS SELECT id FROM trips WHERE id BETWEEN @low AND @high ORDER BY id")  # fmt: skip # noqa: E501
    cursor = connection.cursor()
    cursor.callproc("dbo.between_ids", (2, 9))
    assert cursor.fetchall() == [(2,), (3,)]


@pytest.mark.parametrize(
    ("text", "error", "place"),
    [
        ("SELECT a, FROM t", dbapi.ProgrammingError, (1, 11)),
        ("SELECT 1 AS a\nFROM nowhere", dbapi.ProgrammingError, (2, 6)),
        ("SELECT 1 / 0 AS a", dbapi.DataError, (1, 1)),
        ("SELECT CAST('x' AS INT) AS a", dbapi.DataError, (1, 1)),
        ("INSERT INTO trips VALUES (NULL, 1, 'x', NULL)", dbapi.IntegrityError, (1, 1)),
        ("SET DATEFIRST 3", dbapi.NotSupportedError, (1, 1)),
    ],
)
def test_errors_are_pep_249s_with_message_hint_and_place(
    connection: dbapi.Connection, text: str, error: type[dbapi.Error], place: tuple[int, int]
) -> None:
    with pytest.raises(error) as caught:
        connection.execute(text)
    assert type(caught.value) is error
    assert issubclass(error, dbapi.DatabaseError)
    assert (caught.value.data["line"], caught.value.data["column"]) == place
    assert isinstance(caught.value.__cause__, TarnError)
    assert caught.value.message == caught.value.__cause__.message


def leaves(kind: type[TarnError]) -> list[type[TarnError]]:
    return [kind, *(leaf for child in kind.__subclasses__() for leaf in leaves(child))]


@pytest.mark.parametrize("kind", leaves(TarnError), ids=lambda kind: kind.__name__)
def test_every_error_has_its_place_in_pep_249s_tree(kind: type[TarnError]) -> None:
    made = mapped(kind("it is so.", "do that.", line=3))
    assert isinstance(made, dbapi.Error)
    assert (made.message, made.hint, made.data) == ("it is so.", "do that.", {"line": 3})
    if kind not in (TarnError, dbapi.Error) and not issubclass(kind, dbapi.Error):
        assert type(made) is not dbapi.DatabaseError, f"{kind.__name__} has no line in the table"
    assert type(mapped(SqlRuntimeError("x", number=515))) is dbapi.IntegrityError


def test_pandas_reads_and_binds(connection: dbapi.Connection) -> None:
    with pytest.warns(UserWarning, match="SQLAlchemy"):
        frame = pd.read_sql("SELECT id, city FROM trips WHERE id >= ? ORDER BY id", connection, params=(2,))
    pd.testing.assert_frame_equal(
        frame, pd.DataFrame({"id": [2, 3], "city": ["Rome", None]}), check_dtype=False
    )
    with pytest.warns(UserWarning, match="SQLAlchemy"):
        chunks = list(pd.read_sql("SELECT id FROM trips ORDER BY id", connection, chunksize=2))
    assert [len(chunk) for chunk in chunks] == [2, 1]


def test_arrow_and_frames_without_the_way_over_tuples(connection: dbapi.Connection) -> None:
    cursor = connection.execute("SELECT id FROM trips ORDER BY id")
    assert cursor.fetch_arrow_table() == pa.table({"id": pa.array([1, 2, 3], pa.int32())})
    assert cursor.fetch_df().id.tolist() == [1, 2, 3]
    assert sum(batch.num_rows for batch in cursor.fetch_record_batches()) == 3


def test_connections_of_one_pool_have_their_own_temporary_tables(
    connection: dbapi.Connection, home: Path
) -> None:
    connection.execute("CREATE TABLE #mine (a INT)")
    with engine.connect(home, connection.pool) as other:
        with pytest.raises(dbapi.ProgrammingError, match="#mine"):
            other.execute("SELECT a FROM #mine")
        other.commit()
        other.rollback()
    assert connection.execute("SELECT a FROM #mine").fetchall() == []  # the other has left the pool open
    with pytest.raises(dbapi.InterfaceError, match="connection is closed"):
        other.execute("SELECT 1 AS a")
    with pytest.raises(dbapi.InterfaceError, match="is of workspace"):
        engine.connect(home / "elsewhere", connection.pool)


def test_threads_share_a_connection(connection: dbapi.Connection) -> None:
    found: list[Any] = []

    def ask(number: int) -> None:
        found.extend(connection.execute("SELECT ? AS a", (number,)).fetchall())

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == [(0,), (1,), (2,), (3,)]


def test_sqlalchemy_reads_reflects_and_writes(connection: dbapi.Connection, home: Path) -> None:
    registry.register("tarn", "engine.dbapi.dialect", "TarnDialect")  # as the package's entry point does
    made = sa.create_engine(f"tarn:///{home}?pool={connection.pool.name}")
    assert sa.make_url(f"tarn:///{home}?pool=embedded").query["pool"] == connection.pool.name
    frame = pd.read_sql(sa.text("SELECT id, city FROM trips WHERE id = :id"), made, params={"id": 2})
    assert frame.to_dict("records") == [{"id": 2, "city": "Rome"}]
    found = {
        column["name"]: (str(column["type"]), column["nullable"])
        for column in sa.inspect(made).get_columns("trips")
    }
    assert found["id"] == ("INTEGER", False)
    assert found["fare"] == ("DECIMAL(9, 2)", True)
    pd.DataFrame({"a": [5, 6], "b": ["z", None], "f": [1.5, None]}).to_sql("framed", made, index=False)
    framed = sa.Table("framed", sa.MetaData(), autoload_with=made)
    query = sa.select(framed.c.a, sa.func.count(framed.c.b)).group_by(framed.c.a).order_by(framed.c.a)
    with made.connect() as opened:
        assert opened.execute(query).fetchall() == [(5, 1), (6, 0)]
        assert opened.execute(sa.select(framed.c.a).order_by(framed.c.a).limit(1).offset(1)).fetchall() == [
            (6,)
        ]
    assert "framed" in sa.inspect(made).get_table_names()
    with pytest.raises(sa.exc.NoSuchTableError):
        sa.Table("nowhere", sa.MetaData(), autoload_with=made)
    made.dispose()
