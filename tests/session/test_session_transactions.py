"""Transactions and races, with two sessions on one lake: what one commits the other never undoes unseen."""

# ruff: noqa: E501 - SQL reads better unbroken

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from engine.errors import ConflictError, NotFoundError, SqlRuntimeError, UnsupportedSqlError
from engine.lake import Storage, abort_write, begin_write, open_table
from engine.runtime import InlineTasks
from engine.session import Session, journal
from engine.session.doing import targets

Rows = list[tuple[Any, ...]]

TABLES = "CREATE TABLE a (i INT, v INT); CREATE TABLE b (i INT); INSERT INTO a VALUES (1,1),(2,2); INSERT INTO b VALUES (5)"
STATE = "SELECT (SELECT COUNT(*) FROM b) AS b, COUNT(*) AS a, SUM(v) AS v FROM a"


@pytest.fixture
def two(storage: Storage) -> tuple[Session, Session]:
    made = [Session(InlineTasks(), storage, nodes=lambda _: 1, models=no_models) for _ in range(2)]
    made[0].run(TABLES)
    return made[0], made[1]


def no_models() -> Any:
    raise NotFoundError("There is no model.", "Register one.")


def rows_of(table: pa.Table) -> Rows:
    return list(zip(*(column.to_pylist() for column in table.columns), strict=True))


def state(session: Session) -> Rows:
    return rows_of(session.run(STATE).to_arrow())


def test_a_transaction_sees_its_own_changes_and_nobody_else_does(two: tuple[Session, Session]) -> None:
    one, other = two
    one.run("BEGIN TRAN; UPDATE a SET v = v + 10 WHERE i = 1; INSERT INTO a VALUES (3, 3); DELETE FROM b")
    assert (state(one), state(other)) == ([(0, 3, 16)], [(1, 2, 3)])
    one.run("DELETE FROM a WHERE i = 2; INSERT INTO b VALUES (1), (2); COMMIT TRAN")
    assert state(one) == state(other) == [(2, 2, 14)]


def test_rollback_leaves_no_file(two: tuple[Session, Session], tmp_path: Path) -> None:
    one, other = two
    before = sorted(tmp_path.rglob("*.parquet"))
    one.run("SELECT i INTO #t FROM a")
    one.run(
        "BEGIN TRANSACTION; DELETE FROM a; INSERT INTO b VALUES (1); DELETE FROM #t; ROLLBACK TRANSACTION"
    )
    assert state(one) == state(other) == [(1, 2, 3)]
    assert one.run("SELECT COUNT(*) AS n FROM #t").scalar() == 2
    assert sorted(tmp_path.rglob("*.parquet")) == before
    one.run("BEGIN TRAN; DELETE FROM a")
    one.close()
    assert sorted(tmp_path.rglob("*.parquet")) == before


def test_the_documented_script_of_a_failed_transaction(two: tuple[Session, Session]) -> None:
    session = two[0]
    script = """
    DECLARE @xact_state SMALLINT = 0;
    BEGIN TRAN
    BEGIN TRY
        DECLARE @i INT;
        INSERT INTO b VALUES (9);
        SET @i = CONVERT(INT, 'ABC');
    END TRY
    BEGIN CATCH
        SET @xact_state = XACT_STATE();
        IF @@TRANCOUNT > 0
        BEGIN
            PRINT 'ROLLBACK';
            ROLLBACK TRAN;
        END
        SELECT ERROR_NUMBER() AS number, ERROR_SEVERITY() AS severity, ERROR_MESSAGE() AS message;
    END CATCH;
    IF @@TRANCOUNT > 0
    BEGIN
        PRINT 'COMMIT';
        COMMIT TRAN;
    END
    SELECT @xact_state AS state;
    """
    result = session.run(script)
    assert result.messages == ("ROLLBACK",)
    assert result.scalar() == -2
    [found] = result.results[0].to_arrow().to_pylist()
    assert found["severity"] == 16
    assert "ABC" in found["message"]
    assert state(session) == [(1, 2, 3)]


def test_after_a_failure_only_rollback_is_allowed(two: tuple[Session, Session]) -> None:
    session = two[0]
    session.run("BEGIN TRAN; DELETE FROM a")
    with pytest.raises(SqlRuntimeError, match="111212;Operation cannot be performed within a transaction"):
        session.run("CREATE TABLE z (i INT)")
    for text in ("SELECT 1 AS one", "DELETE FROM b", "COMMIT"):
        with pytest.raises(SqlRuntimeError, match="111233;The current transaction has aborted") as caught:
            session.run(text)
        assert caught.value.data["number"] == 111233
    assert session.run("ROLLBACK; SELECT COUNT(*) AS n FROM a").scalar() == 2
    with pytest.raises(SqlRuntimeError, match="no corresponding BEGIN TRANSACTION"):
        session.run("ROLLBACK")
    with pytest.raises(UnsupportedSqlError, match="Nested"):
        session.run("BEGIN TRAN; BEGIN TRAN")


def test_a_replaced_table_that_others_changed_refuses_the_whole_transaction(
    two: tuple[Session, Session],
) -> None:
    one, other = two
    one.run("BEGIN TRAN; INSERT INTO b VALUES (1); UPDATE a SET v = 0")
    other.run("INSERT INTO a VALUES (7, 7); INSERT INTO b VALUES (7)")
    with pytest.raises(ConflictError, match="changed by another write"):
        one.run("COMMIT")
    assert state(one) == [(2, 3, 10)]
    one.run("BEGIN TRAN; INSERT INTO b VALUES (1); INSERT INTO a VALUES (1, 1)")
    other.run("DELETE FROM a WHERE i = 7; INSERT INTO b VALUES (8)")
    one.run("COMMIT")  # rows that are added go beside whatever others did
    assert state(one) == state(other) == [(4, 3, 4)]


class RacingTarget:
    """Runs another session's statement when a statement of this one has computed its rows."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, others: list[Callable[[], Any]]) -> None:
        real = targets.Target.write

        def write(target: Any, run: Any, rows: Any, mode: str) -> int:
            if others and mode == "overwrite":
                others.pop(0)()
            return real(target, run, rows, mode)

        monkeypatch.setattr(targets.Target, "write", write)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE a SET v = v + 1",
        "MERGE a USING (VALUES (1), (2), (3)) AS q(i) ON a.i = q.i WHEN MATCHED THEN UPDATE SET v = v + 1;",
        "DELETE FROM a WHERE i = 1",
    ],
)
def test_no_update_is_lost(
    two: tuple[Session, Session], monkeypatch: pytest.MonkeyPatch, statement: str
) -> None:
    one, other = two
    RacingTarget(monkeypatch, [lambda: other.run("INSERT INTO a VALUES (3, 100)")])
    one.run(statement)
    expected = [2, 100] if statement.startswith("DELETE") else [2, 3, 101]
    assert [v for (v,) in rows_of(other.run("SELECT v FROM a ORDER BY v").to_arrow())] == expected


def test_who_loses_every_race_is_told(two: tuple[Session, Session], monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = two
    insert = lambda: other.run("INSERT INTO a VALUES (3, 100)")  # noqa: E731
    RacingTarget(monkeypatch, [insert] * 9)
    with pytest.raises(ConflictError, match="changed by another write"):
        one.run("UPDATE a SET v = v + 1")
    assert one.run("SELECT SUM(v) AS v FROM a WHERE i < 3").scalar() == 3


def crash_after_a_commit(session: Session, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """Run a transaction of two tables and die between its two commits."""
    real, calls = journal.commit_write, []

    def dying(writer: Any, parts: Any) -> int:
        calls.append(writer)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return real(writer, parts)

    with monkeypatch.context() as patch:
        patch.setattr(journal, "commit_write", dying)
        with pytest.raises(KeyboardInterrupt):
            session.run(text)


def test_a_crash_between_two_commits_is_finished_by_the_next_session(
    two: tuple[Session, Session], storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = two
    crash_after_a_commit(one, monkeypatch, "BEGIN TRAN; DELETE FROM a; INSERT INTO b VALUES (1); COMMIT")
    assert state(other) == [(1, 0, None)]
    journal.finish_abandoned(storage)  # too young: its process may be at work
    assert state(other) == [(1, 0, None)]
    journal.finish_abandoned(storage, dt.datetime.now(dt.UTC) + dt.timedelta(hours=1))
    assert state(other) == [(2, 0, None)]
    journal.finish_abandoned(storage, dt.datetime.now(dt.UTC) + dt.timedelta(hours=2))
    assert state(other) == [(2, 0, None)]


@pytest.mark.parametrize(
    ("meanwhile", "expected"),
    [
        ("INSERT INTO b VALUES (77)", [(2, 2, 3)]),
        ("DROP TABLE b; CREATE TABLE b (i INT)", [(0, 2, 3)]),
        ("INSERT INTO b VALUES (77); INSERT INTO a VALUES (9, 9)", [(2, 1, 9)]),
    ],
)
def test_what_a_crash_left_and_others_overtook_is_undone_and_keeps_no_session_from_starting(
    two: tuple[Session, Session],
    storage: Storage,
    monkeypatch: pytest.MonkeyPatch,
    meanwhile: str,
    expected: Rows,
) -> None:
    one, other = two
    crash_after_a_commit(one, monkeypatch, "BEGIN TRAN; DELETE FROM a; DELETE FROM b; COMMIT")
    other.run(meanwhile)
    later = dt.datetime.now(dt.UTC) + dt.timedelta(hours=1)
    journal.finish_abandoned(storage, later)
    assert state(other) == expected
    assert not list(storage.list(storage.resolve(journal._FOLDER)))
    journal.finish_abandoned(storage, later)


def test_a_transaction_whose_table_was_dropped_keeps_no_session_from_starting(
    two: tuple[Session, Session], storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = two
    crash_after_a_commit(one, monkeypatch, "BEGIN TRAN; DELETE FROM a; INSERT INTO b VALUES (1); COMMIT")
    other.run("DROP TABLE b")
    journal.finish_abandoned(storage, dt.datetime.now(dt.UTC) + dt.timedelta(hours=1))
    assert rows_of(other.run("SELECT SUM(v) AS v FROM a").to_arrow()) == [(3,)]


def test_a_race_lost_after_the_first_commit_sets_it_back(
    two: tuple[Session, Session], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = two
    real, calls = journal.commit_write, []

    def raced(writer: Any, parts: Any) -> int:
        calls.append(writer)
        if len(calls) == 2:
            other.run("INSERT INTO b VALUES (77)")
        return real(writer, parts)

    monkeypatch.setattr(journal, "commit_write", raced)
    with pytest.raises(ConflictError):
        one.run("BEGIN TRAN; DELETE FROM a; DELETE FROM b; COMMIT")
    assert state(other) == [(2, 2, 3)]


def test_a_base_that_is_no_longer_the_newest_is_refused(
    two: tuple[Session, Session], storage: Storage
) -> None:
    base = open_table(storage, "a").version
    two[0].run("INSERT INTO a VALUES (3, 3)")
    schema = open_table(storage, "a").schema
    with pytest.raises(ConflictError):
        begin_write(storage, "a", mode="overwrite", schema=schema, base=base)
    abort_write(begin_write(storage, "a", mode="overwrite", schema=schema, base=base + 1))
