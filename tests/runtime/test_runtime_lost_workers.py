"""Workers that die take nothing along: the answer is that of a run without deaths."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator

import pyarrow as pa
import pytest
from runtime_runs import answered, plain, same, tuples

from engine.lake import Storage
from engine.runtime import Answer, BoundTable, Held, bound_table, write_rows
from engine.sql.plan import Hash
from pools import Pool, PoolSpec

ROWS = 40_000
DATA = pa.table(
    {"k": pa.array(range(ROWS), pa.int64()), "g": pa.array([at % 97 for at in range(ROWS)], pa.int32())}
)
# A hundred million pairs that no index helps with: seconds on each node.
LONG = """
SELECT x.g AS g, COUNT(*) AS n
FROM t AS x JOIN t AS y ON x.k * 7 % 1009 < y.k % 1013 AND x.k <> y.k + 1 AND x.k < 6000 AND y.k < 16000
GROUP BY x.g
"""


@pytest.fixture(scope="module")
def mortal() -> Iterator[Pool]:
    with Pool(PoolSpec.dedicated("mortal", nodes=2, dashboard_port=None)) as started:
        yield started


@pytest.fixture
def tables(lake: Storage, mortal: Pool) -> dict[str, BoundTable]:
    held = Held((DATA,), DATA.schema)
    write_rows(mortal, lake, held, "dbo.t", distribution=Hash(("k",)))
    return {"t": bound_table(lake, "dbo.t", known_as="t")}


def busy_worker(pool: Pool, label: str) -> str | None:
    """A worker that runs a task of this label."""
    for worker, calls in pool.client.call_stack().items():
        if any(label in str(key) for key in calls):
            return str(worker)
    return None


def soon(look: Callable[[], str | None]) -> str:
    limit, pause = time.monotonic() + 60, threading.Event()
    while (found := look()) is None:
        assert time.monotonic() < limit, "it never came to be"
        pause.wait(0.02)
    return found


def kill(pool: Pool, worker: str) -> None:
    os.kill(pool.client.run(os.getpid, workers=[worker])[worker], signal.SIGKILL)


def test_a_worker_killed_in_the_middle_of_a_query(mortal: Pool, tables: dict[str, BoundTable]) -> None:
    found: list[Answer] = []
    runner = threading.Thread(target=lambda: found.append(answered(LONG, tables, nodes=2, tasks=mortal)))
    runner.start()
    kill(mortal, soon(lambda: busy_worker(mortal, "sql-gather") or busy_worker(mortal, "sql-shuffle")))
    runner.join(240)
    assert found
    assert same(tuples(found[0].to_arrow()), plain(LONG, {"t": DATA}))


def test_rows_that_a_dead_worker_held_are_computed_again(mortal: Pool, tables: dict[str, BoundTable]) -> None:
    query = (
        "SELECT x.k AS k, y.g + 1 AS h, x.k * 3 AS three, y.k * 5 AS five "
        "FROM t AS x JOIN t AS y ON x.k = y.k"
    )
    answer = answered(query, tables, nodes=2, tasks=mortal)
    assert all(report.table is None for report in answer.reports)
    holders = {worker for workers in mortal.client.who_has(list(answer.parts)).values() for worker in workers}
    kill(mortal, min(holders))
    assert same(tuples(answer.to_arrow()), plain(query, {"t": DATA}))
