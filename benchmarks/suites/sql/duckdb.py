"""The same queries in DuckDB in this process, over the same files, with all cores."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import duckdb

from benchmarks.suites.sql import tpch

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.case import Once, Parameters


@contextmanager
def tpch_files(parameters: Parameters) -> Iterator[Once]:
    folder, queries = tpch.files(parameters["scale"]), tpch.standard()
    with duckdb.connect(config={"threads": len(os.sched_getaffinity(0))}) as connection:
        for table in tpch.TABLES:
            connection.execute(
                f"CREATE VIEW {table} AS SELECT * FROM read_parquet('{folder / table}.parquet')"
            )

        @contextmanager
        def once() -> Iterator[Callable[[], dict[str, Any]]]:
            found, seconds = {}, {}
            for name, query in queries.items():
                started = time.perf_counter()
                found[name] = connection.sql(query).to_arrow_table()
                seconds[name] = time.perf_counter() - started
            yield lambda: tpch.answered({name: tpch.rows_of(rows) for name, rows in found.items()}, seconds)

        yield once


tpch_tables = tpch_two_nodes = tpch_tables_two_nodes = tpch_files


@contextmanager
def trivial(parameters: Parameters) -> Iterator[Once]:
    del parameters
    with duckdb.connect() as connection:

        @contextmanager
        def once() -> Iterator[dict[str, Any]]:
            yield {"value": connection.sql("SELECT 1 AS one").to_arrow_table().column(0)[0].as_py()}

        yield once
