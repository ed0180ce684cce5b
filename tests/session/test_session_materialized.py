"""Materialized views against the query that they stand for."""

# ruff: noqa: E501 - SQL reads better unbroken

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine.errors import BindError, NotFoundError, TarnError
from engine.lake import Storage
from engine.runtime import InlineTasks
from engine.session import Session

Rows = list[tuple[Any, ...]]
Ask = Callable[[str], Rows]

QUERY = "SELECT g, COUNT_BIG(*) AS n, SUM(v) AS s FROM dbo.f GROUP BY g"
VIEW = f"CREATE MATERIALIZED VIEW dbo.mv WITH (DISTRIBUTION = HASH(g)) AS {QUERY}"
SHOWN = "SELECT * FROM dbo.mv ORDER BY g"


@pytest.fixture
def session(storage: Storage) -> Session:
    def no_models() -> Any:
        raise NotFoundError("There is no model.", "Register one.")

    made = Session(InlineTasks(), storage, nodes=lambda _: 2, models=no_models)
    made.run(
        "CREATE TABLE f (g INT, v DECIMAL(10, 2)); INSERT INTO f SELECT value % 3, value / 4.0 FROM GENERATE_SERIES(1, 100)"
    )
    return made


def reads_kept(session: Session) -> bool:
    plan = str(session.run("EXPLAIN SELECT * FROM mv").to_pandas().to_string())
    return "dbo_mv" in plan


def test_it_is_always_current(session: Session, ask: Ask) -> None:
    session.run(VIEW)
    for change in (
        "INSERT INTO f VALUES (7, 1)",
        "UPDATE f SET v = 0 WHERE g = 1",
        "DELETE FROM f WHERE g = 2",
        "TRUNCATE TABLE f",
    ):
        session.run("ALTER MATERIALIZED VIEW dbo.mv REBUILD")
        assert reads_kept(session)
        assert ask(SHOWN) == ask(f"{QUERY} ORDER BY g")
        session.run(change)
        assert not reads_kept(session)
        assert ask(SHOWN) == ask(f"{QUERY} ORDER BY g")


def test_a_transaction_sees_its_own_changes_through_it(session: Session, ask: Ask) -> None:
    session.run(VIEW)
    session.run("BEGIN TRAN; INSERT INTO f VALUES (9, 9)")
    assert ask("SELECT n FROM mv WHERE g = 9") == [(1,)]
    session.run("ROLLBACK")
    assert reads_kept(session)
    assert ask("SELECT n FROM mv WHERE g = 9") == []


def test_it_is_disabled_rebuilt_and_dropped(session: Session, ask: Ask, tmp_path: Path) -> None:
    session.run(VIEW)
    session.run("ALTER MATERIALIZED VIEW mv DISABLE")
    assert not reads_kept(session)
    session.run("ALTER MATERIALIZED VIEW mv REBUILD")
    assert reads_kept(session)
    assert len(list((tmp_path / "catalog/sql/materialized").iterdir())) == 1
    session.run("RENAME OBJECT mv TO mw; DROP VIEW mw")
    assert not list((tmp_path / "catalog/sql/materialized").iterdir())
    with pytest.raises(BindError, match="Invalid object name"):
        ask("SELECT * FROM mw")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("CREATE MATERIALIZED VIEW m WITH (DISTRIBUTION = ROUND_ROBIN) AS SELECT g FROM f", "needs an aggregate or GROUP BY"),
        (f"CREATE MATERIALIZED VIEW m AS {QUERY}", "needs DISTRIBUTION"),
        ("CREATE MATERIALIZED VIEW m WITH (DISTRIBUTION = ROUND_ROBIN) AS SELECT g, MAX(v) AS m FROM f GROUP BY g", "need FOR_APPEND"),
        ("CREATE MATERIALIZED VIEW m WITH (DISTRIBUTION = ROUND_ROBIN) AS SELECT COUNT(*) AS n FROM f GROUP BY g", "is not selected"),
        ("CREATE MATERIALIZED VIEW m WITH (DISTRIBUTION = ROUND_ROBIN) AS SELECT COUNT(*) AS n FROM v", "reads tables alone"),
        ("CREATE MATERIALIZED VIEW m WITH (DISTRIBUTION = HASH(x)) AS SELECT COUNT(*) AS n FROM f", "Invalid column name 'x'"),
        ("ALTER MATERIALIZED VIEW v REBUILD", "is not a materialized view"),
    ],
)  # fmt: skip
def test_what_the_documentation_refuses(session: Session, text: str, message: str) -> None:
    session.run("CREATE VIEW v AS SELECT g FROM f")
    with pytest.raises(TarnError, match=message):
        session.run(text)
