"""Queries of every kind, one by one, on every layout, against plain DuckDB on whole tables."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import duckdb
import pytest
from compare import rows_of, same_rows
from random_queries import COLUMNS
from simulate import Cluster
from small_tables import LAYOUTS, ordered_facts, sample, small_facts, with_keys
from tpch_tables import qualified

from engine.sql.plan import explain, plan_query

NODES = 3
DATA = sample(seed=7, rows=40)
# Small tables are gathered where large ones are not: both must be right.
SETTINGS = [
    ("hashed", 1e8),
    ("hashed by texts", 1e8),
    ("scattered", 1e8),
    ("scattered", 40),
    ("replicated", 1e8),
]


def cases() -> Iterator[object]:
    text = (Path(__file__).parent / "results.sql").read_text()
    for block in text.split("-- title: ")[1:]:
        title, sql = block.split("\n", 1)
        yield pytest.param(sql.strip().rstrip(";"), id=title)


@pytest.fixture(scope="module")
def clusters() -> Iterator[dict[str, Cluster]]:
    with ExitStack() as stack:
        yield {
            name: stack.enter_context(Cluster(NODES, DATA, small_facts(layout, 40)))
            for name, layout in LAYOUTS.items()
        }


@pytest.mark.parametrize("sql", list(cases()))
def test_a_query_gives_what_duckdb_gives(
    oracle: duckdb.DuckDBPyConnection, clusters: dict[str, Cluster], sql: str
) -> None:
    for name, table in DATA.items():
        oracle.register(name, table)
    expected = oracle.sql(sql).to_arrow_table()
    wanted = rows_of(oracle, expected)
    for name, rows in SETTINGS:
        plan = plan_query(qualified(sql, COLUMNS), small_facts(LAYOUTS[name], rows), nodes=NODES)
        result = clusters[name].run(plan)
        assert same_rows(rows_of(oracle, result), wanted), f"{name}\n{explain(plan)}"
        assert result.schema.types == expected.schema.types


@pytest.fixture(scope="module")
def in_order() -> Iterator[Cluster]:
    with Cluster(NODES, with_keys(DATA), ordered_facts(40)) as cluster:
        yield cluster


@pytest.mark.parametrize("sql", list(cases()))
def test_a_query_of_files_in_order_of_a_key_gives_what_duckdb_gives(
    oracle: duckdb.DuckDBPyConnection, in_order: Cluster, sql: str
) -> None:
    for name, table in with_keys(DATA).items():
        oracle.register(name, table)
    wanted = rows_of(oracle, oracle.sql(sql).to_arrow_table())
    for rows in (1e8, 40):
        plan = plan_query(qualified(sql, COLUMNS), ordered_facts(rows), nodes=NODES)
        assert same_rows(rows_of(oracle, in_order.run(plan)), wanted), explain(plan)


def test_a_scalar_subquery_of_two_rows_is_an_error_here_too(
    oracle: duckdb.DuckDBPyConnection, clusters: dict[str, Cluster]
) -> None:
    plan = plan_query(
        qualified("SELECT t.a, (SELECT u.c FROM u WHERE u.a = t.a) AS c FROM t", COLUMNS),
        small_facts(LAYOUTS["scattered"], 1e8),
        nodes=NODES,
    )
    with pytest.raises(duckdb.Error, match="More than one row"):
        clusters["scattered"].run(plan)
