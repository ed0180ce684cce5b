"""Requests in the event log and in the views of a pool; what serverless queries are billed and refused."""

# ruff: noqa: E501 - SQL reads better unbroken

from __future__ import annotations

import contextlib
import datetime as dt
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from engine.errors import BindError, BudgetExceededError, SqlRuntimeError, TarnError
from engine.events import (
    Entry,
    FilesOpened,
    MemoryLog,
    PlanMade,
    PoolState,
    RequestFailed,
    RequestFinished,
    RequestStarted,
    RequestSubmitted,
    StepFinished,
    open_log,
)
from engine.runtime import InlineTasks
from engine.session import Session
from engine.session.profile import Profile
from engine.session.requests.budget import Period, billed_mb, overdrawn, spent_mb
from engine.session.requests.history import KEPT_REQUESTS, KEPT_STEPS, History

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Rows

    from engine.lake import Storage

OPEN = "OPENROWSET(BULK 'raw/**', FORMAT = 'PARQUET') AS r"
TB = 10**12


def rows_of(result: Any) -> Rows:
    table = result.to_arrow()
    return list(zip(*(column.to_pylist() for column in table.columns), strict=True))


def session_of(storage: Storage, kind: str, *, nodes: int = 2, emit: Any = None, pool: str = "p") -> Session:
    log = open_log(storage.home.location)
    profile = Profile(kind, pool, emit=log.bind(pool=pool) if emit is None else emit)
    return Session(InlineTasks(), storage, nodes=lambda _: nodes, models=lambda: None, profile=profile)


@pytest.fixture
def memory() -> MemoryLog:
    return MemoryLog()


@pytest.fixture
def files(storage: Storage, tmp_path: Path) -> list[Path]:
    folder = tmp_path / "raw"
    folder.mkdir()
    made = [folder / f"{number}.parquet" for number in range(3)]
    for number, path in enumerate(made):
        pq.write_table(pa.table({"a": list(range(number * 100, number * 100 + 100)), "b": ["x"] * 100}), path)
    return made


def test_a_request_tells_of_its_plan_steps_files_and_end(
    storage: Storage, memory: MemoryLog, files: list[Path]
) -> None:
    asked = session_of(storage, "dedicated", emit=memory.bind(pool="p"))
    result = asked.run(
        f"SELECT b, COUNT(*) AS n FROM {OPEN} WHERE a >= 100 GROUP BY b OPTION (LABEL = 'count them')"
    )
    assert rows_of(result) == [("x", 200)]
    submitted, *_, finished = memory.events
    assert isinstance(submitted, RequestSubmitted)
    assert submitted.text.startswith("SELECT b, COUNT(*)")
    assert submitted.label == "count them"
    assert isinstance(finished, RequestFinished)
    assert (finished.request, finished.rows) == (submitted.request, 1)
    [plan] = [event for event in memory.events if isinstance(event, PlanMade)]
    done = [event for event in memory.events if isinstance(event, StepFinished)]
    assert [step.step for step in plan.steps] == [step.step for step in done]
    assert len(done) > 1
    assert done[-1].rows == 1
    assert all(sum(node.rows for node in step.nodes) == step.rows for step in done)
    [opened] = [event for event in memory.events if isinstance(event, FilesOpened)]
    assert opened.files == 2, "the footer of the first file says that nothing of it is wanted"
    assert 0 < opened.bytes <= sum(path.stat().st_size for path in files)
    assert finished.bytes_read == opened.bytes
    assert finished.bytes_moved > 0


def test_a_failure_a_secret_and_silence(storage: Storage, memory: MemoryLog) -> None:
    asked = session_of(storage, "dedicated", emit=memory.bind())
    asked.run("DECLARE @a INT = 1; SET @a = 2; PRINT @a; SET NOCOUNT ON")
    assert memory.events == []
    with pytest.raises(SqlRuntimeError):
        asked.run("SELECT 1 / 0 AS a")
    failed = memory.events[-1]
    assert isinstance(failed, RequestFailed)
    assert failed.message == "Divide by zero error encountered."
    with contextlib.suppress(TarnError):  # whatever becomes of it, the secret is not told
        asked.run("COPY INTO t FROM 'x' WITH (CREDENTIAL = (IDENTITY = 'me', SECRET = 'hush''hush'))")
    assert "hush" not in str(memory.events)


def test_statements_within_statements_are_requests_of_their_own(storage: Storage, memory: MemoryLog) -> None:
    asked = session_of(storage, "dedicated", emit=memory.bind())
    asked.run("CREATE TABLE t (a INT); INSERT INTO t VALUES (1)")
    memory.entries.clear()
    asked.run("IF (SELECT COUNT(*) FROM t) = 1 BEGIN SELECT a FROM t END")
    texts = [event.text for event in memory.events if isinstance(event, RequestSubmitted)]
    assert [text.split()[0] for text in texts] == ["IF", "SELECT"]
    assert {event.request for event in memory.events if isinstance(event, RequestFinished)} == {
        event.request for event in memory.events if isinstance(event, RequestSubmitted)
    }


def test_the_views_show_requests_and_their_steps(storage: Storage, files: list[Path]) -> None:
    assert files
    asked = session_of(storage, "dedicated")
    asked.run(f"SELECT b, SUM(a) AS s FROM {OPEN} GROUP BY b OPTION (LABEL = 'sum')")
    with pytest.raises(SqlRuntimeError):
        asked.run("SELECT 1 / 0 AS a OPTION (LABEL = 'bad')")
    other = session_of(storage, "dedicated", pool="other")
    other.run("SELECT 1 AS a OPTION (LABEL = 'other')")
    [(request, status, command)] = rows_of(
        asked.run("SELECT request_id, status, command FROM sys.dm_pdw_exec_requests WHERE label = 'SUM'")
    )
    assert status == "Completed"
    assert command.startswith("SELECT b, SUM(a)")
    steps = rows_of(
        asked.run(
            "SELECT s.step_index, s.operation_type, s.row_count, s.status FROM sys.dm_pdw_request_steps AS s JOIN sys.dm_pdw_exec_requests AS r"
            " ON s.request_id = r.request_id WHERE r.label = 'sum' ORDER BY s.step_index"
        )
    )
    assert [index for index, *_ in steps] == list(range(len(steps)))
    assert steps[-1][1:] == ("ReturnOperation", 1, "Complete")
    places = asked.run(
        "SELECT operation_type, location_type FROM sys.dm_pdw_request_steps WHERE request_id = ?", (request,)
    )
    assert ("ReturnOperation", "Control") in rows_of(places)
    assert ("PartitionMoveOperation", "Compute") in rows_of(places)
    assert any(kind.endswith("MoveOperation") for _, kind, *_ in steps)
    moved = rows_of(
        asked.run(
            "SELECT SUM(bytes_processed) AS b, COUNT(DISTINCT pdw_node_id) AS n FROM sys.dm_pdw_dms_workers WHERE request_id = ?",
            (request,),
        )
    )
    assert moved[0][0] > 0
    text = "SELECT r.status, e.details FROM sys.dm_pdw_exec_requests AS r LEFT JOIN sys.dm_pdw_errors AS e ON r.error_id = e.error_id WHERE r.label = ?"
    assert rows_of(asked.run(text, ("bad",))) == [("Failed", "Divide by zero error encountered.")]
    assert rows_of(asked.run(text, ("other",))) == []
    [(running,)] = rows_of(
        asked.run("SELECT COUNT(*) AS n FROM sys.dm_pdw_exec_requests WHERE status = 'Running'")
    )
    assert running == 1, "the one that asks"


def entry(event: Any, second: float, pool: str = "p") -> Entry:
    return Entry(event, dt.datetime(2026, 11, 28, 12, tzinfo=dt.UTC).timestamp() + second, pool=pool)


def test_the_history_keeps_what_is_documented_and_forgets_at_a_pause() -> None:
    history = History()
    for number in range(KEPT_REQUESTS + 5):
        history.take(entry(RequestSubmitted(f"q{number}", "SELECT 1"), number))
        history.take(entry(RequestStarted(f"q{number}"), number))
        history.take(entry(StepFinished(f"q{number}", "result", rows=1), number))
        history.take(entry(RequestFinished(f"q{number}", 0.1, counts={"data_processed_mb": 10}), number))
    found = history.of_pool("p")
    assert (len(found), found[0].id, found[-1].id) == (KEPT_REQUESTS, f"q{KEPT_REQUESTS + 4}", "q5")
    assert sum(bool(one.steps) for one in found) == KEPT_STEPS
    assert all(one.status == "Completed" for one in found)
    history.take(entry(RequestSubmitted("elsewhere", "SELECT 1"), 1, "other"))
    history.take(entry(PoolState("paused"), 2))
    assert history.of_pool("p") == []
    assert [one.id for one in history.of_pool("other")] == ["elsewhere"]
    assert sum(history.by_day.values()) == 10 * (KEPT_REQUESTS + 5), "what was billed stays billed"


@pytest.mark.parametrize(
    ("size", "mb"),
    [(0, 10), (100_000, 10), (10_000_000, 10), (10_000_001, 11), (5 * TB, 5_000_000), (0.2 * TB, 200_000)],
)
def test_bytes_are_rounded_up_to_the_mb_and_ten_at_least(size: float, mb: int) -> None:
    assert billed_mb(size) == mb


def test_periods_begin_anew() -> None:
    saturday = dt.date(2026, 11, 28)
    spent = {
        saturday: 1,
        dt.date(2026, 11, 23): 10,
        dt.date(2026, 11, 22): 100,
        dt.date(2026, 11, 1): 1000,
        dt.date(2026, 10, 31): 10000,
        dt.date(2026, 11, 29): 100000,
    }
    assert [spent_mb(period, spent, saturday) for period in Period] == [1, 11, 1111]
    assert overdrawn({Period.DAILY: 1, Period.MONTHLY: 1}, {saturday: 999_999}, saturday) is None
    found = overdrawn({Period.DAILY: 2, Period.WEEKLY: 1}, {saturday: 1_000_000}, saturday)
    assert str(found) == (
        "Query is rejected because SQL Serverless budget limit for a period is exceeded. "
        "(Period = Weekly: Limit = 1 TB, Data processed = 1 TB))"
    )


def processed(asked: Session) -> int:
    [(amount,)] = rows_of(
        asked.run("SELECT data_processed_mb FROM sys.dm_external_data_processed WHERE type = 'daily'")
    )
    return int(amount)


def test_queries_over_data_are_billed_and_all_else_is_free(
    storage: Storage, files: list[Path], tmp_path: Path
) -> None:
    assert files
    (tmp_path / "small.csv").write_text("a,b\n" + "1,2\n" * 25_000)
    asked = session_of(storage, "serverless")
    asked.run("CREATE SCHEMA s; SELECT 1 AS a; SELECT COUNT(*) AS n FROM sys.tables")
    asked.run(f"EXEC('CREATE VIEW v AS SELECT a FROM {OPEN.replace(chr(39), chr(39) * 2)}')")
    assert processed(asked) == 0
    asked.run(
        "SELECT COUNT(*) AS n FROM OPENROWSET(BULK 'small.csv', FORMAT = 'CSV', HEADER_ROW = TRUE, PARSER_VERSION = '2.0') AS r"
    )
    assert processed(asked) == 10
    asked.run("SELECT a FROM v")
    assert processed(asked) == 20
    session_of(storage, "dedicated").run("SELECT a FROM v")
    assert processed(asked) == 20, "a dedicated pool is not metered"


def test_a_limit_that_is_reached_refuses_the_next_query(storage: Storage, files: list[Path]) -> None:
    assert files
    asked = session_of(storage, "serverless")
    asked.run("EXEC sp_set_data_processed_limit @type = N'weekly', @limit_tb = 1")
    limits = "SELECT name, value FROM sys.configurations WHERE name LIKE 'Data processed %' ORDER BY name"
    assert rows_of(asked.run(limits)) == [
        ("Data processed daily limit in TB", 2**31 - 1),
        ("Data processed monthly limit in TB", 2**31 - 1),
        ("Data processed weekly limit in TB", 1),
    ]
    asked.run(f"SELECT a FROM {OPEN}")
    # another process has used the rest meanwhile
    emit = open_log(storage.home.location).bind(pool="elsewhere")
    emit(RequestFinished("QID0", 1.0, counts={"data_processed_mb": 1_000_000}))
    with pytest.raises(BudgetExceededError) as caught:
        asked.run(f"SELECT a FROM {OPEN}")
    assert caught.value.message == (
        "Query is rejected because SQL Serverless budget limit for a period is exceeded. "
        "(Period = Weekly: Limit = 1 TB, Data processed = 1 TB))"
    )
    assert "@limit_tb = 2" in caught.value.hint
    asked.run("SELECT COUNT(*) AS n FROM sys.objects")
    session_of(storage, "dedicated").run(f"SELECT a FROM {OPEN}")
    asked.run("EXEC sp_set_data_processed_limit N'weekly', 2")
    asked.run(f"SELECT a FROM {OPEN}")
    asked.run("EXEC sys.sp_set_data_processed_limit @limit_tb = NULL, @type = 'weekly'")
    assert rows_of(asked.run(limits))[2][1] == 2**31 - 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("'yearly', 1", "'yearly' is no period"),
        ("'daily', -1", "is no limit"),
        ("'daily'", "expects parameter '@limit_tb'"),
        ("'daily', 1, 2", "too many arguments"),
        ("@kind = 'daily', @limit_tb = 1", "@kind is not a parameter"),
    ],
)
def test_limits_that_make_no_sense(storage: Storage, arguments: str, message: str) -> None:
    with pytest.raises(BindError, match=message):
        session_of(storage, "serverless").run(f"EXEC sp_set_data_processed_limit {arguments}")


def test_requests_of_two_sessions_never_share_an_id(storage: Storage, ask: Callable[[str], Rows]) -> None:
    del ask
    sessions = [session_of(storage, "dedicated") for _ in range(2)]
    for one in sessions * 3:
        one.run("SELECT 1 AS a")
    text = "SELECT COUNT(*) AS n, COUNT(DISTINCT request_id) AS r, COUNT(DISTINCT session_id) AS s FROM sys.dm_pdw_exec_requests WHERE command LIKE 'SELECT 1%'"
    assert rows_of(sessions[0].run(text)) == [(6, 6, 2)]
