"""The same queries in Spark, local, over the same files, with all cores."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from pyspark.sql import SparkSession  # type: ignore[import-not-found, unused-ignore]

from benchmarks.suites.sql import tpch

if TYPE_CHECKING:
    from benchmarks.case import Once, Parameters


@contextmanager
def tpch_files(parameters: Parameters) -> Iterator[Once]:
    folder, queries = tpch.files(parameters["scale"]), tpch.standard()
    cores = len(os.sched_getaffinity(0))
    session = (
        SparkSession.builder.master(f"local[{cores}]")
        .config("spark.ui.enabled", "false")
        .config("spark.driver.memory", "4g")
        # Its default of 200 is for a cluster; this is what its own guide advises for so few cores.
        .config("spark.sql.shuffle.partitions", str(2 * cores))
        .getOrCreate()
    )
    try:
        for table in tpch.TABLES:
            session.read.parquet(str(folder / f"{table}.parquet")).createOrReplaceTempView(table)

        @contextmanager
        def once() -> Iterator[Callable[[], dict[str, Any]]]:
            found, seconds = {}, {}
            for name, query in queries.items():
                started = time.perf_counter()
                found[name] = session.sql(query).collect()
                seconds[name] = time.perf_counter() - started
            yield lambda: tpch.answered(found, seconds)

        yield once
    finally:
        session.stop()
