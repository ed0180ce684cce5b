"""TPC-H on pools: the same rows as plain DuckDB, read from files and from tables distributed by hash."""

from __future__ import annotations

import pytest
from runtime_runs import TPCH, answered, plain, rows, same, tuples

from engine.lake import Storage, open_dataset, open_storage
from engine.runtime import BoundTable, Held, bind_source, bound_table, write_rows
from engine.sql.plan import Hash, Replicate, RoundRobin
from pools import Pool

pytestmark = pytest.mark.slow


LAYOUTS = {
    "lineitem": Hash(("l_orderkey",)),
    "orders": Hash(("o_orderkey",)),
    "customer": Hash(("c_custkey",)),
    "part": Hash(("p_partkey",)),
    "partsupp": Hash(("ps_partkey", "ps_suppkey")),
    "supplier": RoundRobin(),
    "nation": Replicate(),
    "region": Replicate(),
}
QUERIES = sorted(path.stem for path in TPCH.glob("q*.sql"))


@pytest.fixture(scope="module")
def files(tpch: Storage) -> dict[str, BoundTable]:
    # Small partitions, so that nodes share files.
    return {
        name: bind_source(name, open_dataset(tpch, name, partition_bytes=100_000).source())
        for name in LAYOUTS
    }


@pytest.fixture(scope="module")
def tables(
    tpch: Storage, pool: Pool, files: dict[str, BoundTable], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, BoundTable]:
    """The same data in tables of each layout, written through the pool."""
    storage = open_storage(tmp_path_factory.mktemp("tables"))
    for name, layout in LAYOUTS.items():
        columns = ", ".join(files[name].facts.columns)
        copied = answered(f"SELECT {columns} FROM {name}", files, nodes=pool.worker_count, tasks=pool)
        _, written = write_rows(pool, storage, copied.held(), f"dbo.{name}", distribution=layout)
        assert written == files[name].facts.rows
    return {name: bound_table(storage, name) for name in LAYOUTS}


def expected(tpch: Storage, query: str) -> list[tuple]:
    return plain(query, {name: f"{tpch.resolve(name)}/*.parquet" for name in LAYOUTS})


@pytest.mark.parametrize("pool", [1, pytest.param(2, marks=pytest.mark.slow)], indirect=True)
@pytest.mark.parametrize("name", QUERIES)
def test_files_give_what_duckdb_gives(
    name: str, tpch: Storage, pool: Pool, files: dict[str, BoundTable]
) -> None:
    query = (TPCH / f"{name}.sql").read_text()
    found = rows(query, files, nodes=pool.worker_count, tasks=pool)
    assert same(found, expected(tpch, query)), name


@pytest.mark.parametrize("pool", [2, pytest.param(1, marks=pytest.mark.slow)], indirect=True)
@pytest.mark.parametrize("name", QUERIES)
def test_tables_give_what_duckdb_gives(
    name: str, tpch: Storage, pool: Pool, tables: dict[str, BoundTable]
) -> None:
    query = (TPCH / f"{name}.sql").read_text()
    found = rows(query, tables, nodes=pool.worker_count, tasks=pool)
    assert same(found, expected(tpch, query)), name


def test_tables_hashed_by_the_join_key_are_joined_where_they_lie(
    pool: Pool, tables: dict[str, BoundTable]
) -> None:
    query = (
        "SELECT l_orderkey, COUNT(*) AS n FROM lineitem JOIN orders ON l_orderkey = o_orderkey "
        "GROUP BY l_orderkey"
    )
    answer = answered(query, tables, nodes=pool.worker_count, tasks=pool)
    assert [step.move for step in answer.steps] == ["Return"]
    assert len(answer.parts) == pool.worker_count
    assert answer.num_rows == tables["orders"].facts.rows


def test_rows_stay_on_the_workers_until_they_are_asked_for(pool: Pool, tables: dict[str, BoundTable]) -> None:
    everything = answered(
        "SELECT l_orderkey, l_linenumber, l_comment FROM lineitem",
        tables,
        nodes=pool.worker_count,
        tasks=pool,
    )
    assert all(report.table is None for report in everything.reports)
    assert isinstance(everything.held(), Held)
    frame = everything.to_dask()
    assert frame.npartitions == pool.worker_count
    assert pool.client.compute(frame["l_orderkey"].sum()).result() == sum(
        row[0] for row in tuples(everything.to_arrow())
    )
    batches = list(everything.fetch_batches(1000))
    assert max(map(len, batches)) <= 1000
    assert sum(map(len, batches)) == everything.num_rows == len(everything.to_pandas())
