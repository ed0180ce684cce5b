"""Queries that are asked again: what was found for them is found anew when anything of it has changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlglot import exp

from engine.lake import Storage, sightings
from engine.runtime import InlineTasks
from engine.session import Session
from engine.session.binding.binder import Binder

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def session(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> Session:
    """One whose files are old enough at once; how fresh ones are met has a test of its own."""
    monkeypatch.setattr(sightings, "_TOO_FRESH", 0)
    return Session(InlineTasks(), storage, nodes=lambda _: 1, models=lambda: None)


@pytest.fixture
def other(storage: Storage) -> Session:
    """Somebody else, on the same files."""
    return Session(InlineTasks(), storage, nodes=lambda _: 1, models=lambda: None)


@pytest.fixture
def bindings(monkeypatch: pytest.MonkeyPatch) -> list[exp.Query]:
    """The queries that were bound, none of those that were known."""
    bound: list[exp.Query] = []
    real = Binder.bind

    def counted(binder: Binder, query: exp.Query) -> Any:
        bound.append(query)
        return real(binder, query)

    monkeypatch.setattr(Binder, "bind", counted)
    return bound


def put(path: Path, **columns: list[Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(columns), path)


def ask(session: Session, text: str, **variables: Any) -> list[tuple[Any, ...]]:
    table = session.run(text, variables).to_arrow()
    return list(zip(*(column.to_pylist() for column in table.columns), strict=True))


COUNT = "SELECT SUM(a) AS s FROM OPENROWSET(BULK 'raw/*.parquet', FORMAT = 'PARQUET') AS r"


def test_a_query_that_is_asked_again_is_not_bound_again(
    session: Session, tmp_path: Path, bindings: list[exp.Query]
) -> None:
    put(tmp_path / "raw/one.parquet", a=[1, 2])
    session.run("CREATE TABLE t (a INT); INSERT INTO t VALUES (5)")
    session.run(f"CREATE VIEW v AS {COUNT}")
    text = "SELECT v.s + t.a FROM v CROSS JOIN t"
    assert ask(session, text) == [(8,)]
    bindings.clear()
    assert [ask(session, text) for _ in range(3)] == [[(8,)]] * 3
    assert not bindings


def test_files_that_come_change_and_go_are_seen(session: Session, tmp_path: Path) -> None:
    put(tmp_path / "raw/one.parquet", a=[1, 2])
    assert ask(session, COUNT) == [(3,)]
    put(tmp_path / "raw/two.parquet", a=[10])
    assert ask(session, COUNT) == [(13,)]
    put(tmp_path / "raw/two.parquet", a=[20, 20])
    assert ask(session, COUNT) == [(43,)]
    (tmp_path / "raw/one.parquet").unlink()
    assert ask(session, COUNT) == [(40,)]


def test_what_others_commit_and_define_is_seen(session: Session, other: Session, tmp_path: Path) -> None:
    put(tmp_path / "raw/one.parquet", a=[1, 2])
    other.run(f"CREATE TABLE t (a INT); INSERT INTO t VALUES (5); EXEC('CREATE VIEW v AS {quoted(COUNT)}')")
    text = "SELECT (SELECT SUM(a) FROM t), (SELECT s FROM v)"
    assert ask(session, text) == [(5, 3)]
    other.run("INSERT INTO t VALUES (6)")
    assert ask(session, text) == [(11, 3)]
    other.run("ALTER VIEW v AS SELECT 7 AS s")
    assert ask(session, text) == [(11, 7)]
    other.run("DROP TABLE t; EXEC('CREATE VIEW t AS SELECT 1 AS a')")
    assert ask(session, text) == [(1, 7)]


def quoted(text: str) -> str:
    return text.replace("'", "''")


def test_a_transactions_own_rows_are_seen_and_gone_when_it_is_rolled_back(session: Session) -> None:
    session.run("CREATE TABLE t (a INT); INSERT INTO t VALUES (1)")
    text = "SELECT SUM(a) AS s FROM t"
    assert ask(session, text) == [(1,)]
    session.run("BEGIN TRANSACTION; INSERT INTO t VALUES (2)")
    assert ask(session, text) == [(3,)]
    session.run("ROLLBACK")
    assert ask(session, text) == [(1,)]


def test_temporary_tables_and_the_catalog_are_those_of_the_moment(session: Session) -> None:
    session.run("SELECT 1 AS a INTO #t")
    text, named = "SELECT SUM(a) AS s FROM #t", "SELECT COUNT(*) FROM sys.tables WHERE name = 'u'"
    assert ask(session, text) == [(1,)]
    assert ask(session, named) == [(0,)]
    session.run("DROP TABLE #t; SELECT 2 AS a INTO #t; CREATE TABLE u (a INT)")
    assert ask(session, text) == [(2,)]
    assert ask(session, named) == [(1,)]


def test_a_path_that_is_asked_for_by_a_variable_is_found_for_each_value(
    session: Session, tmp_path: Path
) -> None:
    for name in ("one", "two"):
        put(tmp_path / f"raw/{name}.parquet", a=[len(name) if name == "one" else 20])
    text = f"{COUNT} WHERE r.filepath(1) = @name"
    assert [ask(session, text, name=name) for name in ("one", "two", "one")] == [[(3,)], [(20,)], [(3,)]]


def test_what_has_changed_this_moment_is_looked_at_again(
    session: Session, tmp_path: Path, bindings: list[exp.Query], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sightings, "_TOO_FRESH", 3600 * 10**9)
    put(tmp_path / "raw/one.parquet", a=[1, 2])
    for _ in range(2):
        assert ask(session, COUNT) == [(3,)]
    assert len(bindings) == 2


def test_a_link_that_leads_elsewhere_is_followed_anew(session: Session, tmp_path: Path) -> None:
    put(tmp_path / "old/one.parquet", a=[1])
    put(tmp_path / "new/one.parquet", a=[2])
    (tmp_path / "raw").symlink_to(tmp_path / "old")
    assert ask(session, COUNT) == [(1,)]
    (tmp_path / "raw").unlink()
    (tmp_path / "raw").symlink_to(tmp_path / "new")
    assert ask(session, COUNT) == [(2,)]
