"""Only the rows of a subquery that some row outside asks for travel, where that is less."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import duckdb
import pytest
from compare import rows_of, same_rows
from random_queries import COLUMNS
from simulate import Cluster
from small_tables import LAYOUTS, sample, small_facts
from tpch_tables import qualified

from engine.sql.plan import ColumnFacts, Plan, TableFacts, explain, plan_query
from engine.sql.plan.explain import operation_of

NODES = 3
DATA = sample(seed=11, rows=60)
ASKS = "SELECT t.a, t.b FROM t WHERE {}"


def facts(asking: float) -> dict[str, TableFacts]:
    """`u` has a hundred million rows of as many `a`; so many rows of `t` ask."""
    found = small_facts(LAYOUTS["scattered"], 1e8)
    for name, rows in (("t", asking), ("u", 1e8)):
        columns = {**found[name].columns, "a": ColumnFacts(COLUMNS[name]["a"], distinct=rows)}
        found[name] = replace(found[name], columns=columns, rows=rows)
    return found


def planned(condition: str, asking: float = 1e5) -> Plan:
    return plan_query(qualified(ASKS.format(condition), COLUMNS), facts(asking), nodes=NODES)


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with Cluster(NODES, DATA, facts(1e5)) as made:
        yield made


REDUCED = (
    "EXISTS (SELECT 1 FROM u WHERE u.a = t.a AND u.c <> t.b)",
    "NOT EXISTS (SELECT 1 FROM u WHERE u.a = t.a AND u.c > t.b)",
    "EXISTS (SELECT 1 FROM u WHERE u.a = t.a AND u.c <> t.b) "
    "AND NOT EXISTS (SELECT 1 FROM u WHERE u.a = t.a AND u.c > t.b)",
    "t.b <= (SELECT COUNT(*) FROM u WHERE u.a = t.a)",
    "t.b > (SELECT AVG(u.c) FROM u WHERE u.a = t.a)",
    "t.a IN (SELECT u.a FROM u WHERE u.c > 0)",
)


@pytest.mark.parametrize("condition", REDUCED)
def test_keys_that_ask_go_first(oracle: duckdb.DuckDBPyConnection, cluster: Cluster, condition: str) -> None:
    plan = planned(condition)
    operations = [operation_of(step) for step in plan.moves]
    assert operations[:3] == ["SHUFFLE_MOVE", "BROADCAST_MOVE", "SHUFFLE_MOVE"], explain(plan)
    assert operations.count("BROADCAST_MOVE") == 1
    assert plan.moves[2].size.rows <= 1e6
    for name, table in DATA.items():
        oracle.register(name, table)
    wanted = oracle.sql(ASKS.format(condition)).to_arrow_table()
    assert same_rows(rows_of(oracle, cluster.run(plan)), rows_of(oracle, wanted)), explain(plan)


@pytest.mark.parametrize(
    ("condition", "asking"),
    [
        (REDUCED[0], 1e8),  # as many ask as there are
        ("EXISTS (SELECT 1 FROM u WHERE u.a IS NOT DISTINCT FROM t.a AND u.c <> t.b)", 1e5),  # NULLs match
        ("t.a NOT IN (SELECT u.a FROM u)", 1e5),  # any NULL matters
    ],
)
def test_rows_travel_as_they_are(condition: str, asking: float) -> None:
    queries = [step.fragment.query.sql() for step in planned(condition, asking).steps]
    assert not any("SELECT DISTINCT m1." in query for query in queries)
