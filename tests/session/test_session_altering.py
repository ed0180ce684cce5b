"""Tables that change their columns, keys, numbers and names."""

# ruff: noqa: E501 - SQL reads better unbroken

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine.errors import BindError, NotFoundError, SqlRuntimeError
from engine.lake import Storage, open_table
from engine.runtime import InlineTasks
from engine.session import Session
from engine.session.catalog.definitions import Key
from engine.session.catalog.numbering import claim_numbers
from engine.sql.syntax.statements.tables import Identity

Rows = list[tuple[Any, ...]]
Ask = Callable[[str], Rows]


@pytest.fixture
def session(storage: Storage) -> Session:
    def no_models() -> Any:
        raise NotFoundError("There is no model.", "Register one.")

    made = Session(InlineTasks(), storage, nodes=lambda _: 2, models=no_models)
    made.run(
        "CREATE TABLE d (id INT IDENTITY(10, 5) NOT NULL, s VARCHAR(5)); INSERT INTO d (s) VALUES ('a'), ('b')"
    )
    return made


def test_identity_columns_number_their_rows(session: Session, ask: Ask) -> None:
    session.run("INSERT INTO d SELECT 'c' AS x; INSERT INTO d DEFAULT VALUES")
    assert ask("SELECT id, s FROM d ORDER BY id") == [(10, "a"), (15, "b"), (20, "c"), (25, None)]
    with pytest.raises(
        BindError, match="explicit value for identity column in table 'd' when IDENTITY_INSERT is set to OFF"
    ):
        session.run("INSERT INTO d (id, s) VALUES (1, 'x')")
    with pytest.raises(BindError, match="Cannot update identity column 'id'"):
        session.run("UPDATE d SET id = 1")
    session.run("SET IDENTITY_INSERT d ON; INSERT INTO d (id, s) VALUES (1, 'x'); SET IDENTITY_INSERT d OFF")
    session.run(
        "MERGE d USING (VALUES (1), (77)) AS q(i) ON d.id = q.i WHEN MATCHED THEN UPDATE SET s = 'm' WHEN NOT MATCHED THEN INSERT (s) VALUES ('n');"
    )
    assert ask("SELECT id FROM d WHERE s IN ('m', 'n') ORDER BY id") == [(1,), (30,)]
    session.run("TRUNCATE TABLE d; INSERT INTO d (s) VALUES ('z')")
    assert ask("SELECT * FROM d") == [(10, "z")]


def test_copies_fill_identity_columns_only_when_told(session: Session, ask: Ask, storage: Storage) -> None:
    Path(storage.resolve("a.csv")).write_text("7,x\n8,y\n")
    with pytest.raises(BindError, match="Column 'id' is an IDENTITY column"):
        session.run("COPY INTO d FROM 'a.csv'")
    session.run("COPY INTO d FROM 'a.csv' WITH (IDENTITY_INSERT = 'ON'); COPY INTO d (s 2) FROM 'a.csv'")
    assert ask("SELECT id, s FROM d WHERE s >= 'x' ORDER BY id") == [(7, "x"), (8, "y"), (20, "x"), (25, "y")]


def test_numbers_are_claimed_once_by_many(storage: Storage) -> None:
    claimed: list[int] = []
    key, identity = Key.of("t"), Identity(1, 1)

    def claim() -> None:
        for _ in range(5):
            first = claim_numbers(storage, key, identity, 3)
            claimed.extend(range(first, first + 3))

    threads = [threading.Thread(target=claim) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(claimed) == list(range(1, 61))


def test_columns_come_change_and_go(session: Session, ask: Ask) -> None:
    session.run(
        "ALTER TABLE d ADD z INT NULL, y VARCHAR(3) NOT NULL DEFAULT 'def'; INSERT INTO d (s, z) VALUES ('c', 9)"
    )
    assert ask("SELECT * FROM d ORDER BY id") == [
        (10, "a", None, "def"),
        (15, "b", None, "def"),
        (20, "c", 9, "def"),
    ]
    with pytest.raises(
        SqlRuntimeError, match="ALTER TABLE only allows columns to be added that can contain nulls"
    ):
        session.run("ALTER TABLE d ADD w INT NOT NULL")
    session.run(
        "ALTER TABLE d ALTER COLUMN z BIGINT; UPDATE d SET z = 5000000000 WHERE s = 'c'; ALTER TABLE d DROP COLUMN y"
    )
    assert ask("SELECT s, z FROM d WHERE z IS NOT NULL") == [("c", 5_000_000_000)]
    with pytest.raises(SqlRuntimeError):
        session.run("ALTER TABLE d ALTER COLUMN z INT")
    with pytest.raises(BindError, match="column 'y' does not exist in table 'd'"):
        session.run("ALTER TABLE d DROP COLUMN y")
    session.run("ALTER TABLE d DROP COLUMN IF EXISTS y; RENAME OBJECT d COLUMN z TO big")
    assert ask("SELECT MAX(big) AS m FROM d") == [(5_000_000_000,)]


def test_keys_are_promises(session: Session) -> None:
    session.run("ALTER TABLE d ADD CONSTRAINT pk PRIMARY KEY NONCLUSTERED (id) NOT ENFORCED")
    with pytest.raises(BindError, match="key column 'id' cannot be dropped"):
        session.run("ALTER TABLE d DROP COLUMN id")
    session.run("ALTER TABLE d DROP CONSTRAINT pk; ALTER TABLE d DROP COLUMN id")
    with pytest.raises(BindError, match="'pk' is not a constraint"):
        session.run("ALTER TABLE d DROP CONSTRAINT pk")
    session.run("CREATE TABLE h (k INT, v INT) WITH (DISTRIBUTION = HASH(k))")
    with pytest.raises(BindError, match="distribution column 'k' cannot be altered"):
        session.run("ALTER TABLE h ALTER COLUMN k BIGINT")
    with pytest.raises(BindError, match="distribution column 'k' cannot have a DEFAULT"):
        session.run("CREATE TABLE i (k INT DEFAULT 1) WITH (DISTRIBUTION = HASH(k))")


def test_objects_take_other_names(session: Session, ask: Ask, storage: Storage) -> None:
    version = open_table(storage, "d").version
    session.run(
        "CREATE STATISTICS st ON d (s); CREATE VIEW v AS SELECT s FROM dbo.d; CREATE TABLE old (i INT)"
    )
    session.run("CREATE TABLE d_new WITH (DISTRIBUTION = ROUND_ROBIN) AS SELECT 1 AS id, 'new' AS s")
    session.run("RENAME OBJECT d TO d_old; RENAME OBJECT dbo.d_new TO d")
    assert (ask("SELECT * FROM v"), ask("SELECT COUNT(*) AS n FROM d_old")) == ([("new",)], [(2,)])
    assert open_table(storage, "d_old").version == version
    session.run("INSERT INTO d_old (s) VALUES ('c'); UPDATE STATISTICS d_old (st)")
    assert ask("SELECT MAX(id) AS m FROM d_old") == [(20,)]
    with pytest.raises(BindError, match="There is already an object named 'old'"):
        session.run("RENAME OBJECT d TO old")
    with pytest.raises(BindError, match="Invalid object name 'nothing'"):
        session.run("RENAME OBJECT nothing TO x")
    session.run(
        "CREATE SCHEMA stage; ALTER SCHEMA stage TRANSFER dbo.d_old; ALTER SCHEMA stage TRANSFER OBJECT::dbo.v"
    )
    assert (ask("SELECT COUNT(*) AS n FROM stage.d_old"), ask("SELECT s FROM stage.v")) == (
        [(3,)],
        [("new",)],
    )
    with pytest.raises(BindError, match="Cannot find the schema 'nowhere'"):
        session.run("ALTER SCHEMA nowhere TRANSFER dbo.d")
