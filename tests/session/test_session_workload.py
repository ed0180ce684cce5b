"""Sessions of one dedicated pool that wait for each other: who waits, in which order, and how it ends."""

# ruff: noqa: E501 - SQL reads better unbroken

from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from waiting import eventually

from engine import Workspace
from engine.errors import BindError, UnsupportedSqlError, WorkCancelledError
from engine.events import Event, RequestQueued, RequestStarted, open_log
from engine.runtime import InlineTasks
from engine.session import Session
from engine.session.catalog.definitions import Definitions
from engine.session.profile import Profile
from engine.session.workload.admission import Ticket
from engine.session.workload.gate import Workload
from engine.session.workload.groups import Importance, class_share
from engine.session.workload.levels import Level
from engine.session.workload.queue import SlotQueue
from engine.session.workload.rules import KnownRules

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from engine.lake import Storage


class Pool:
    """Sessions that share a queue of DW100c: four slots. Every record can be waited for."""

    def __init__(self, storage: Storage) -> None:
        self.storage = storage
        self.workload = Workload(SlotQueue(lambda: Level(100)), KnownRules(Definitions(storage)))
        self.events: list[Event] = []
        self._log = open_log(storage.home.location).bind(pool="p")
        self._told = threading.Condition()
        self.threads = ThreadPoolExecutor(8)

    def session(self, user: str = "dbo") -> Session:
        profile = Profile("dedicated", "p", user=user, emit=self._take)
        return Session(
            InlineTasks(),
            self.storage,
            nodes=lambda _: 1,
            models=lambda: None,
            profile=profile,
            workload=self.workload,
        )

    def _take(self, event: Event) -> None:
        self._log(event)
        with self._told:
            self.events.append(event)
            self._told.notify_all()

    def seen(self, kind: type[Event], count: int = 1) -> list[Any]:
        """Wait until so many records of a kind are there."""
        with self._told:
            find: Callable[[], list[Event]] = lambda: [one for one in self.events if isinstance(one, kind)]  # noqa: E731
            assert self._told.wait_for(lambda: len(find()) >= count, timeout=30)
            return find()

    @contextmanager
    def full(self, resource_class: str = "staticrc80") -> Iterator[None]:
        """Within the block somebody else has this share of the pool."""
        ticket = Ticket("OTHER", class_share(resource_class, Level(100)), Importance.NORMAL, resource_class)
        self.workload.queue.enter(ticket, {}, lambda _: None)
        try:
            yield
        finally:
            self.workload.queue.leave(ticket)

    def sent(self, text: str, user: str = "dbo") -> Future[Any]:
        """A script in a thread and a session of its own; its rows."""
        return self.threads.submit(lambda: self.session(user).run(text).to_arrow().to_pylist())


@pytest.fixture
def pool(storage: Storage) -> Iterator[Pool]:
    made = Pool(storage)
    made.session().run("CREATE TABLE t (a INT); INSERT INTO t VALUES (1), (2)")
    made.events.clear()
    yield made
    made.workload.queue.cancel("The test is over.")
    made.threads.shutdown()


STATUS = "SELECT status, start_time, submit_time, importance, group_name FROM sys.dm_pdw_exec_requests WHERE command LIKE 'SELECT SUM%'"


def test_a_request_waits_for_its_share_and_the_views_say_so(pool: Pool) -> None:
    with pool.full():
        sent = pool.sent("SELECT SUM(a) AS s FROM t")
        [queued] = pool.seen(RequestQueued)
        assert (queued.ahead, queued.group, queued.importance) == (0, "smallrc", "normal")
        [row] = pool.session().run(STATUS).to_arrow().to_pylist()
        assert (row["status"], row["start_time"], row["group_name"]) == ("Suspended", None, "smallrc")
        pool.session().run("INSERT INTO t VALUES (40)")
    assert sent.result(30) == [{"s": 43}], "it reads what is there when its turn has come"
    [row] = pool.session().run(STATUS).to_arrow().to_pylist()
    assert row["status"] == "Completed"
    assert row["start_time"] >= row["submit_time"]
    started = next(
        one for one in pool.events if isinstance(one, RequestStarted) and one.request == queued.request
    )
    assert started.queued_seconds > 0
    assert (started.resource_class, started.percent) == ("smallrc", 25.0)


def test_what_takes_no_share_never_waits(pool: Pool) -> None:
    with pool.full():
        session = pool.session()
        session.run("""CREATE TABLE u (a INT); INSERT INTO u VALUES (1); TRUNCATE TABLE u; SELECT 1 AS one;
            SELECT name FROM sys.tables; CREATE STATISTICS s ON t (a); DBCC SHOW_STATISTICS ('t', 's');
            CREATE VIEW v AS SELECT a FROM t; DROP TABLE u""")
        session.run("EXPLAIN SELECT SUM(a) AS s FROM t")
    assert not [one for one in pool.events if isinstance(one, RequestQueued)]


def test_an_answer_from_the_cache_takes_no_share(pool: Pool) -> None:
    asked = "SELECT SUM(a) AS s FROM t"
    pool.session().run(f"ALTER DATABASE tarn SET RESULT_SET_CACHING ON\nGO\n{asked}")
    with pool.full():
        assert pool.session().run(asked).scalar() == 3


@pytest.mark.parametrize(
    "text",
    ["INSERT INTO t SELECT a FROM t", "UPDATE t SET a = 0", "DELETE FROM t", "SELECT a INTO u FROM t",
     "CREATE TABLE u WITH (DISTRIBUTION = ROUND_ROBIN) AS SELECT a FROM t",
     "DECLARE @a INT = (SELECT MAX(a) FROM t)", "IF EXISTS (SELECT 1 FROM t) PRINT 'x'"],
)  # fmt: skip
def test_what_computes_on_data_waits(pool: Pool, text: str) -> None:
    with pool.full():
        sent = pool.threads.submit(pool.session().run, text)
        pool.seen(RequestQueued)
    sent.result(30)
    assert pool.workload.queue.seen() == ((), ())


def test_the_more_important_goes_first_then_who_came_first(pool: Pool) -> None:
    pool.session().run("""
        CREATE WORKLOAD CLASSIFIER boss WITH (WORKLOAD_GROUP = 'staticrc80', MEMBERNAME = 'boss', IMPORTANCE = HIGH);
        CREATE WORKLOAD CLASSIFIER crew WITH (WORKLOAD_GROUP = 'staticrc80', MEMBERNAME = 'crew', IMPORTANCE = LOW)""")
    with pool.full():
        sent = []
        for number, user in enumerate(["crew", "crew", "boss"], 1):
            sent.append(pool.sent(f"SELECT {number} AS n, a FROM t", user))
            pool.seen(RequestQueued, number)
        order = [one.request for one in pool.seen(RequestQueued)]
    for one in sent:
        one.result(30)
    started = [one.request for one in pool.seen(RequestStarted) if one.queued_seconds]
    assert started == [order[2], order[0], order[1]]
    rows = pool.session().run(
        "SELECT classifier_name, importance FROM sys.dm_pdw_exec_requests WHERE classifier_name = 'boss'"
    )
    assert rows.to_arrow().to_pylist() == [{"classifier_name": "boss", "importance": "high"}]


def test_a_resource_class_decides_how_much_of_the_pool_a_request_takes(pool: Pool) -> None:
    pool.session().run("EXEC sp_addrolemember 'staticrc80', 'loader'")
    with pool.full("smallrc"):
        small = pool.sent("SELECT SUM(a) AS s FROM t", "ann")
        assert small.result(30) == [{"s": 3}], "three slots are free"
        large = pool.sent("SELECT SUM(a) AS s FROM t", "loader")
        pool.seen(RequestQueued)
    assert large.result(30) == [{"s": 3}]
    pool.session().run("EXEC sp_droprolemember 'staticrc80', 'loader'")
    with pool.full("smallrc"):
        assert pool.sent("SELECT SUM(a) AS s FROM t", "loader").result(30) == [{"s": 3}]


def test_kill_cancels_what_waits_and_the_rest_goes_on(pool: Pool) -> None:
    with pool.full():
        first = pool.sent("SELECT SUM(a) AS s FROM t")
        pool.seen(RequestQueued)
        second = pool.sent("SELECT MAX(a) AS s FROM t")
        pool.seen(RequestQueued, 2)
        [session] = pool.session().run(
            "SELECT session_id FROM sys.dm_pdw_exec_requests WHERE status = 'Suspended' AND command LIKE '%SUM(%'"
        ).to_arrow().column(0).to_pylist()  # fmt: skip
        pool.session().run(f"KILL '{session}'")
        with pytest.raises(WorkCancelledError, match="KILL"):
            first.result(30)
        with pytest.raises(BindError, match="No request"):
            pool.session().run(f"KILL '{session}'")
        with pytest.raises(UnsupportedSqlError, match="runs already"):
            pool.session().run("KILL 'OTHER'")
    assert second.result(30) == [{"s": 2}]
    [row] = pool.session().run(STATUS).to_arrow().to_pylist()
    assert (row["status"], row["start_time"]) == ("Cancelled", None)


def test_many_sessions_of_all_classes_are_answered(pool: Pool) -> None:
    pool.session().run("EXEC sp_addrolemember 'staticrc20', 'b'; EXEC sp_addrolemember 'xlargerc', 'c'")
    script = "DECLARE @n INT = 0; WHILE @n < (SELECT MAX(a) FROM t) BEGIN SELECT SUM(a) AS s FROM t; SET @n += 1 END"
    sent = [pool.sent(script, "abc"[number % 3]) for number in range(24)]
    assert [one.result(60) for one in sent] == [[{"s": 3}]] * 24
    assert pool.workload.queue.seen() == ((), ())


def test_groups_and_classifiers_are_checked_and_seen(pool: Pool) -> None:
    session = pool.session()
    options = (
        "MIN_PERCENTAGE_RESOURCE = 50, CAP_PERCENTAGE_RESOURCE = 100, REQUEST_MIN_RESOURCE_GRANT_PERCENT = 25"
    )
    session.run(f"CREATE WORKLOAD GROUP loads WITH ({options}, IMPORTANCE = above_normal)")
    session.run(
        "CREATE WORKLOAD CLASSIFIER c WITH (WORKLOAD_GROUP = 'loads', MEMBERNAME = 'loader', WLM_LABEL = 'x')"
    )
    with pytest.raises(BindError, match="already"):
        session.run(f"CREATE WORKLOAD GROUP LOADS WITH ({options})")
    with pytest.raises(BindError, match="nowhere"):
        session.run("CREATE WORKLOAD CLASSIFIER d WITH (WORKLOAD_GROUP = 'nowhere', MEMBERNAME = 'x')")
    with pytest.raises(UnsupportedSqlError, match="TIMEOUT"):
        session.run(f"CREATE WORKLOAD GROUP h WITH ({options}, QUERY_EXECUTION_TIMEOUT_SEC = 5)")
    with pytest.raises(BindError, match="classifier 'c' names it"):
        session.run("DROP WORKLOAD GROUP loads")
    stats = "SELECT name, guaranteed_requests, total_queued_requests FROM sys.dm_workload_management_workload_groups_stats"
    assert session.run(stats).to_arrow().to_pylist() == [
        {"name": "loads", "guaranteed_requests": 2, "total_queued_requests": 0}
    ]
    with pool.full("staticrc20"):
        assert pool.sent("SELECT SUM(a) AS s FROM t OPTION (LABEL = 'x')", "loader").result(30) == [{"s": 3}]
        other = pool.sent("SELECT SUM(a) AS s FROM t", "loader")
        pool.seen(RequestQueued)
    assert other.result(30) == [{"s": 3}], "half of the pool is kept for the group"
    session.run("DROP WORKLOAD CLASSIFIER c; DROP WORKLOAD GROUP loads; DROP WORKLOAD GROUP IF EXISTS loads")
    assert session.run("SELECT name FROM sys.workload_management_workload_groups").to_arrow().num_rows == 0


def test_sessions_of_a_real_pool_wait_for_its_units_and_a_pause_ends_the_wait(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    with workspace.dedicated("small", nodes=1, dwu=100, progress=False) as started:
        started.sql("CREATE TABLE t (a INT); INSERT INTO t VALUES (1), (2)")
        started.sql("EXEC sp_addrolemember 'staticrc30', 'ann'")
        with ThreadPoolExecutor(6) as threads:
            asked = [
                threads.submit(started.session(user="ann").run, "SELECT SUM(a) AS s FROM t") for _ in range(6)
            ]
            assert [one.result(60).scalar() for one in asked] == [3] * 6
            queue = started._workload.queue
            ticket = Ticket("OTHER", class_share("staticrc80", queue.level), Importance.NORMAL, "staticrc80")
            queue.enter(ticket, {}, lambda _: None)
            waits = threads.submit(started.session().run, "SELECT SUM(a) AS s FROM t")
            eventually(lambda: bool(queue.seen()[1]))
            started.pause()
            with pytest.raises(WorkCancelledError, match="paused"):
                waits.result(60)
            queue.leave(ticket)
        assert workspace.pool("small").dwu == 100
