"""T-SQL on a dedicated pool, through the client's API."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from benchmarks.suites.sql import tpch
from engine import Workspace

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.case import Once, Parameters
    from engine.pool import WorkspacePool


@contextmanager
def tpch_files(parameters: Parameters) -> Iterator[Once]:
    with _pool(parameters) as pool:
        for table in tpch.TABLES:
            path = tpch.files(parameters["scale"]) / f"{table}.parquet"
            pool.sql(
                f"CREATE VIEW {table} AS SELECT * FROM OPENROWSET(BULK '{path}', FORMAT = 'PARQUET') AS r"
            )
        yield _all_queries(pool)


@contextmanager
def tpch_tables(parameters: Parameters) -> Iterator[Once]:
    with _pool(parameters) as pool:
        for table, layout in tpch.LAYOUTS.items():
            path = tpch.files(parameters["scale"]) / f"{table}.parquet"
            pool.sql(
                f"CREATE TABLE {table} WITH (DISTRIBUTION = {layout}) AS "
                f"SELECT * FROM OPENROWSET(BULK '{path}', FORMAT = 'PARQUET') AS r"
            )
        yield _all_queries(pool)


tpch_two_nodes = tpch_files
tpch_tables_two_nodes = tpch_tables


@contextmanager
def trivial(parameters: Parameters) -> Iterator[Once]:
    del parameters
    with _pool({"nodes": 1}) as pool:
        pool.sql("SELECT 1 AS one").to_arrow()

        @contextmanager
        def once() -> Iterator[dict[str, Any]]:
            yield {"value": pool.sql("SELECT 1 AS one").to_arrow().column(0)[0].as_py()}

        yield once


@contextmanager
def _pool(parameters: Parameters) -> Iterator[WorkspacePool]:
    roots = [tpch.files(parameters["scale"])] if "scale" in parameters else []
    with tempfile.TemporaryDirectory() as home:
        workspace = Workspace(home, roots=roots)
        with workspace.dedicated("bench", nodes=parameters["nodes"], progress=False) as pool:
            yield pool


def _all_queries(pool: WorkspacePool) -> Once:
    queries = tpch.tsql()

    @contextmanager
    def once() -> Iterator[Callable[[], dict[str, Any]]]:
        found, seconds = {}, {}
        for name, query in queries.items():
            started = time.perf_counter()
            found[name] = pool.sql(query).to_arrow()
            seconds[name] = time.perf_counter() - started
        yield lambda: tpch.answered({name: tpch.rows_of(rows) for name, rows in found.items()}, seconds)

    return once
