"""What a query may reach: files below the workspace's roots, names of its one database, and nothing else."""

# ruff: noqa: E501 - SQL reads better unbroken

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from engine.errors import BindError, LakeError, PathRefusedError, SqlError, TarnError
from engine.lake import open_storage
from engine.runtime import InlineTasks
from engine.session import Session

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Rows

    from engine.lake import Storage

    Ask = Callable[[str], Rows]


@pytest.fixture
def session(storage: Storage) -> Session:
    """One way of planning is enough here."""
    return Session(InlineTasks(), storage, nodes=lambda _: 2, models=lambda: None)


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A file beside the home, not below it."""
    made = tmp_path.parent / f"{tmp_path.name}-secret.csv"
    made.write_text("a,b\n1,2\n")
    return made


@pytest.mark.parametrize("form", ["CSV", "PARQUET", "DELTA"])
def test_files_outside_of_the_roots_are_refused(session: Session, outside: Path, form: str) -> None:
    for path in (str(outside), f"../{outside.name}", f"file://{outside}", f"x/../../{outside.name}"):
        with pytest.raises((PathRefusedError, BindError)) as caught:
            session.run(f"SELECT * FROM OPENROWSET(BULK '{path}', FORMAT = '{form}') AS r")
        assert "1,2" not in str(caught.value)


def test_a_link_does_not_lead_out(session: Session, outside: Path, tmp_path: Path) -> None:
    (tmp_path / "link.csv").symlink_to(outside)
    with pytest.raises((LakeError, SqlError)):
        session.run("SELECT * FROM OPENROWSET(BULK 'link.csv', FORMAT = 'CSV') AS r")


def test_data_sources_stay_inside_too(session: Session, outside: Path) -> None:
    with pytest.raises(PathRefusedError):
        session.run(f"CREATE EXTERNAL DATA SOURCE out WITH (LOCATION = '{outside.parent}')")
    session.run("CREATE EXTERNAL DATA SOURCE here WITH (LOCATION = 'raw')")
    with pytest.raises((PathRefusedError, BindError)):
        session.run(
            f"SELECT * FROM OPENROWSET(BULK '../../{outside.name}', DATA_SOURCE = 'here', FORMAT = 'CSV') AS r"
        )


def test_another_root_is_read_and_never_written(outside: Path, tmp_path: Path) -> None:
    folder = tmp_path / "other"
    folder.mkdir()
    (folder / "a.csv").write_text("1\n2\n")
    storage = open_storage(tmp_path / "home", roots=[folder])
    asked = Session(InlineTasks(), storage, nodes=lambda _: 1, models=lambda: None)
    assert (
        asked.run(
            f"SELECT SUM(r.C1) AS s FROM OPENROWSET(BULK '{folder}/a.csv', FORMAT = 'CSV') AS r"
        ).scalar()
        == 3
    )
    with pytest.raises(PathRefusedError):
        asked.run(f"SELECT * FROM OPENROWSET(BULK '{outside}', FORMAT = 'CSV') AS r")


@pytest.mark.parametrize(
    "text",
    [
        "SELECT * FROM read_csv('{}')",
        "SELECT * FROM read_text('{}') AS t",
        "SELECT * FROM [{}]",
        'SELECT * FROM "{}"',
        "SELECT content FROM glob('/*') AS g",
        "SELECT getenv('HOME') AS h",
        "SELECT * FROM duckdb_settings() AS s",
        "COPY t TO '/tmp/x'",
        "ATTACH '/tmp/x.db' AS x",
        "INSTALL httpfs",
        "LOAD httpfs",
        "PRAGMA database_list",
        "EXEC xp_cmdshell 'ls'",
    ],
)
def test_no_function_or_statement_of_the_kernel_is_reached(
    session: Session, outside: Path, text: str
) -> None:
    with pytest.raises(TarnError) as caught:
        session.run(text.format(outside))
    assert "1,2" not in str(caught.value)


HOSTILE = [
    "x'; DROP TABLE t; --",
    'a"b',
    "sys",
    "a]b",
    "..",
    "a/b",
    "%2e%2e",
    "ünï cøde",
    "select",
    "x" * 128,
]


@pytest.mark.parametrize("name", HOSTILE)
def test_any_name_is_a_name_and_nothing_more(session: Session, ask: Ask, name: str) -> None:
    quoted = f"[{name.replace(']', ']]')}]"
    session.run(
        f"CREATE TABLE t (a INT); CREATE TABLE {quoted} ({quoted} INT); INSERT INTO {quoted} ({quoted}) VALUES (7)"
    )
    assert ask(f"SELECT {quoted} FROM dbo.{quoted} AS {quoted} WHERE {quoted} = 7") == [(7,)]
    assert ask(f"SELECT name FROM sys.tables WHERE name = N'{name.replace(chr(39), chr(39) * 2)}'") == [
        (name,)
    ]
    session.run(f"DROP TABLE {quoted}")
    assert ask("SELECT name FROM sys.tables") == [("t",)]


def test_names_of_three_parts_and_any_case(session: Session, ask: Ask) -> None:
    session.run("USE tarn; CREATE SCHEMA Sales")
    session.run("CREATE TABLE TARN.Sales.Orders (Id INT); INSERT INTO [tarn].[SALES].[orders] VALUES (1)")
    assert ask(
        "SELECT ID, Orders.Id, sales.orders.id FROM Tarn.sales.ORDERS WHERE tArn.sales.orders.ID = 1"
    ) == [(1, 1, 1)]
    assert ask("SELECT id FROM tarn.SALES.orders AS O WHERE o.ID = 1") == [(1,)]
    with pytest.raises(BindError, match=r"Invalid object name 'other\.sales\.orders'"):
        ask("SELECT id FROM other.sales.orders")
    with pytest.raises(BindError, match="Database 'other' does not exist"):
        session.run("USE other")
    with pytest.raises(BindError, match="There is already an object named 'ORDERS'"):
        session.run("CREATE TABLE sales.ORDERS (a INT)")
    with pytest.raises(BindError, match=f"The identifier that starts with '{'x' * 128}' is too long"):
        session.run(f"CREATE TABLE [{'x' * 129}] (a INT)")
