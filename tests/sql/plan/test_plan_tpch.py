"""All 22 queries, on several numbers of nodes and layouts, against plain DuckDB on whole tables."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from compare import rows_of, same_rows
from simulate import Cluster
from tpch_tables import LAYOUTS, QUERIES, TABLES, facts, generate, generator, qualified

from engine.sql.plan import explain, plan_query

SCALE = 0.01
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(generator() is None, reason="tpchgen-cli is not installed"),
]
SETTINGS = [(1, "files"), (2, "warehouse"), (3, "round robin")]
REST = [(nodes, layout) for nodes in (1, 2, 3, 4) for layout in LAYOUTS if (nodes, layout) not in SETTINGS]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> dict[str, pa.Table]:
    return generate(Path(tmp_path_factory.mktemp("tpch")), SCALE)


@pytest.fixture(scope="module")
def expected(data: dict[str, pa.Table], oracle: duckdb.DuckDBPyConnection) -> Iterator[dict[str, pa.Table]]:
    for name, table in data.items():
        oracle.register(name, table)
    yield {name: oracle.sql(sql).to_arrow_table() for name, sql in QUERIES.items()}
    for name in TABLES:
        oracle.unregister(name)


def check(
    oracle: duckdb.DuckDBPyConnection,
    data: dict[str, pa.Table],
    expected: dict[str, pa.Table],
    nodes: int,
    layout: str,
) -> None:
    tables = facts(LAYOUTS[layout], SCALE)
    with Cluster(nodes, data, tables) as cluster:
        for name, sql in QUERIES.items():
            plan = plan_query(qualified(sql), tables, nodes=nodes)
            result = cluster.run(plan)
            assert result.schema == expected[name].schema, name
            found, wanted = rows_of(oracle, result), rows_of(oracle, expected[name])
            assert same_rows(found, wanted), f"{name}\n{explain(plan)}"
            assert not plan.notes, name  # every query has a rule


@pytest.mark.parametrize(("nodes", "layout"), SETTINGS)
def test_every_query_gives_what_duckdb_gives(oracle, data, expected, nodes, layout) -> None:
    check(oracle, data, expected, nodes, layout)


@pytest.mark.slow
@pytest.mark.parametrize(("nodes", "layout"), REST)
def test_every_query_gives_what_duckdb_gives_in_every_other_setting(
    oracle, data, expected, nodes, layout
) -> None:
    check(oracle, data, expected, nodes, layout)
