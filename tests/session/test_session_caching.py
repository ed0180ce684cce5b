"""The result-set cache of dedicated pools: hits and misses by the documented rules, never a stale answer."""

# ruff: noqa: E501 - SQL reads better unbroken

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest

from engine.errors import BindError
from engine.events import MemoryLog, RequestFinished
from engine.runtime import InlineTasks
from engine.session import Session
from engine.session.caching.store import ResultStore
from engine.session.doing import caching
from engine.session.profile import Profile

if TYPE_CHECKING:
    from engine.lake import Storage

HIT, MISS = 1, 0


class Asker:
    """A session on a dedicated pool that tells the code of every answer."""

    def __init__(self, storage: Storage, kind: str = "dedicated") -> None:
        self.log = MemoryLog()
        profile = Profile(kind, "p", emit=self.log.bind(pool="p"))
        self.session = Session(
            InlineTasks(), storage, nodes=lambda _: 2, models=lambda: None, profile=profile
        )

    def __call__(self, text: str, parameters: Any = ()) -> tuple[int, list[dict[str, Any]]]:
        rows = self.session.run(text, parameters).to_arrow().to_pylist()
        finished = self.log.events[-1]
        assert isinstance(finished, RequestFinished)
        assert finished.cached == (finished.counts["result_cache_hit"] == 1)
        return int(finished.counts["result_cache_hit"]), rows


@pytest.fixture
def ask(storage: Storage) -> Asker:
    made = Asker(storage)
    made.session.run(
        "ALTER DATABASE tarn SET RESULT_SET_CACHING ON; CREATE TABLE t (a INT, b NVARCHAR(10)); INSERT INTO t VALUES (1, 'x'), (2, NULL)"
    )
    return made


SUM = "SELECT SUM(a) AS s, COUNT(b) AS n FROM t"


def test_the_same_text_is_answered_once(ask: Asker, storage: Storage) -> None:
    assert ask(SUM) == (MISS, [{"s": 3, "n": 1}])
    assert ask(SUM) == (HIT, [{"s": 3, "n": 1}])
    assert ask(f"{SUM} ")[0] == HIT, "blanks around it are not text"
    assert ask(SUM.lower())[0] == MISS, "identical text is what is asked for"
    assert Asker(storage)(SUM)[0] == HIT, "another session, as if in another process"


@pytest.mark.parametrize(
    ("change", "rows"),
    [
        ("INSERT INTO t VALUES (10, 'y')", [{"s": 13, "n": 2}]),
        ("UPDATE t SET a = 5 WHERE a = 1", [{"s": 7, "n": 1}]),
        ("DELETE FROM t", [{"s": None, "n": 0}]),
        (
            "DROP TABLE t; CREATE TABLE t (a INT, b NVARCHAR(10)); INSERT INTO t VALUES (4, 'x'), (4, NULL)",
            [{"s": 8, "n": 1}],
        ),
    ],
)
def test_a_change_of_the_data_is_a_miss(ask: Asker, change: str, rows: list[dict[str, Any]]) -> None:
    ask(SUM)
    assert ask(SUM)[0] == HIT
    ask.session.run(change)
    assert ask(SUM) == (MISS, rows)
    assert ask(SUM) == (HIT, rows)


def test_a_view_that_was_changed_is_a_miss(ask: Asker) -> None:
    ask.session.run("CREATE VIEW v AS SELECT a FROM t")
    assert [ask("SELECT MAX(a) AS m FROM v")[0] for _ in range(2)] == [MISS, HIT]
    ask.session.run("ALTER VIEW v AS SELECT a * 10 AS a FROM t")
    assert ask("SELECT MAX(a) AS m FROM v") == (MISS, [{"m": 20}])


def test_values_of_variables_and_parameters_count(ask: Asker) -> None:
    assert ask("SELECT b FROM t WHERE a = ?", (1,)) == (MISS, [{"b": "x"}])
    assert ask("SELECT b FROM t WHERE a = ?", (2,)) == (MISS, [{"b": None}])
    assert ask("SELECT b FROM t WHERE a = ?", (2,)) == (HIT, [{"b": None}])
    script = "DECLARE @x INT = {}; SELECT COUNT(*) AS n FROM t WHERE a >= @x"
    assert [ask(script.format(value)) for value in (1, 2, 2)] == [
        (MISS, [{"n": 2}]),
        (MISS, [{"n": 1}]),
        (HIT, [{"n": 1}]),
    ]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("SELECT 1 AS a", -4),
        ("SELECT GETDATE() AS a", -36),
        ("SELECT COUNT(*) AS n FROM sys.tables", -16),
        ("SELECT COUNT(*) AS n FROM #temp", -16),
        ("SELECT a FROM t WHERE GETDATE() > '2000-01-01'", -32),
        ("SELECT NEWID() AS i FROM t", -32),
        ("SELECT RAND() AS r FROM t", -32),
        ("SELECT REPLICATE(CAST('x' AS VARCHAR(MAX)), 70000) AS wide FROM t", -128),
        ("SELECT t.a FROM t JOIN sys.schemas AS s ON s.schema_id = t.a WHERE GETDATE() > '2000-01-01'", -48),
    ],
)
def test_what_is_not_kept_says_why(ask: Asker, text: str, code: int) -> None:
    ask.session.run("CREATE TABLE #temp (a INT)")
    assert [ask(text)[0] for _ in range(2)] == [code, code]


def test_switches_of_the_session_and_the_database(ask: Asker) -> None:
    ask(SUM)
    ask.session.run("SET RESULT_SET_CACHING OFF")
    assert ask(SUM)[0] == -2
    ask.session.run("ALTER DATABASE CURRENT SET RESULT_SET_CACHING OFF")
    assert ask(SUM)[0] == -3
    assert "database level" in ask.session.run("SET RESULT_SET_CACHING ON").messages[0]
    assert ask(SUM)[0] == -1
    assert ask("SELECT is_result_set_caching_on AS o FROM sys.databases")[1] == [{"o": False}]
    ask.session.run("ALTER DATABASE tarn SET RESULT_SET_CACHING ON")
    assert ask(SUM)[0] == HIT
    with pytest.raises(BindError, match="Database 'other' does not exist"):
        ask.session.run("ALTER DATABASE other SET RESULT_SET_CACHING ON")


def test_a_transaction_reads_its_own_writes(ask: Asker) -> None:
    ask(SUM)
    ask.session.run("BEGIN TRANSACTION; INSERT INTO t VALUES (100, 'z')")
    assert ask(SUM)[1] == [{"s": 103, "n": 2}]
    ask.session.run("ROLLBACK TRANSACTION")
    assert ask(SUM) == (HIT, [{"s": 3, "n": 1}])


def test_serverless_pools_keep_no_results(ask: Asker, storage: Storage) -> None:
    ask(SUM)
    assert [Asker(storage, "serverless")(SUM)[0] for _ in range(2)] == [MISS, MISS]


TYPES = """SELECT a, a AS a, CAST(a AS DECIMAL(9, 3)) AS d, CAST('2020-01-02 03:04:05.123456' AS DATETIME2) AS m, CAST('12:13:14' AS TIME) AS t,
    CAST(a AS BIT) AS o, 0xFF AS bytes, CAST(a AS FLOAT) AS f, b, COUNT(*) OVER () AS n, CAST(a AS TINYINT) AS y FROM t ORDER BY t.a DESC"""


@pytest.mark.parametrize("read_here", [True, False], ids=["here", "on_workers"])
def test_a_kept_answer_equals_the_computed_one(
    ask: Asker, monkeypatch: pytest.MonkeyPatch, read_here: bool
) -> None:
    if not read_here:
        monkeypatch.setattr(caching, "_READ_HERE", -1)
    computed, kept = ask.session.run(TYPES), ask.session.run(TYPES)
    assert ask.log.events[-1].cached  # type: ignore[attr-defined]
    assert kept.to_arrow() == computed.to_arrow()
    assert kept.to_arrow().schema == computed.to_arrow().schema
    assert kept.last.types == computed.last.types
    assert str(kept) == str(computed)
    assert kept.to_pandas().dtypes.tolist() == computed.to_pandas().dtypes.tolist()


def test_an_empty_answer_is_kept_too(ask: Asker) -> None:
    text = "SELECT a, b FROM t WHERE a > 100"
    assert [ask(text) for _ in range(2)] == [(MISS, []), (HIT, [])]


def test_space_and_dropping(ask: Asker) -> None:
    space = ask.session.run("DBCC SHOWRESULTCACHESPACEUSED").to_arrow().to_pylist()
    assert space == [{"reserved_space": 0, "data_space": 0, "index_space": 0, "unused_space": 0}]
    ask(SUM)
    [row] = ask.session.run("DBCC SHOWRESULTCACHESPACEUSED").to_arrow().to_pylist()
    assert row["data_space"] > 0
    ask.session.run("DBCC DROPRESULTSETCACHE")
    ask.session.run("DBCC DROPRESULTSETCACHE")
    assert ask(SUM)[0] == MISS
    with pytest.raises(BindError, match="takes no argument"):
        ask.session.run("DBCC DROPRESULTSETCACHE (1)")


def test_what_nobody_uses_for_two_days_goes(ask: Asker, storage: Storage) -> None:
    ask(SUM)
    [kept] = ResultStore(storage).files()
    answer = ask.session.run("SELECT a FROM t").last.answer
    store = ResultStore(storage)
    store.put("q", "s", answer, kept.used + dt.timedelta(hours=47))
    assert kept.name in [one.name for one in store.files()]
    store.put("q", "s", answer, kept.used + dt.timedelta(hours=49))
    assert [one.name for one in store.files()] == ["q-s"]
