"""Rows of a subquery that a small table outside rules out stay where they are, without a move of their own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import duckdb
import pytest
from compare import rows_of, same_rows
from random_queries import COLUMNS
from simulate import Cluster
from small_tables import sample, small_facts
from tpch_tables import qualified

from engine.sql.plan import ColumnFacts, Files, Hash, Plan, TableFacts, explain, plan_query

NODES = 3
DATA = sample(seed=5, rows=60)
FEW, MANY = 1e4, 1e8


def facts(few: float = FEW) -> dict[str, TableFacts]:
    """`t` and `u` are large, by keys that nobody asks for; `v` has few rows in files, of as many `k`."""
    found = small_facts({"t": Hash(("b",)), "u": Hash(("c",)), "v": Files()}, MANY)
    rows = {"t": MANY, "u": MANY, "v": few}
    keys = {"t": "a", "u": "a", "v": "k"}
    for name, key in keys.items():
        columns = {**found[name].columns, key: ColumnFacts(COLUMNS[name][key], distinct=rows[name] / 2)}
        found[name] = replace(found[name], columns=columns, rows=rows[name])
    return found


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with Cluster(NODES, DATA, facts()) as made:
        yield made


def planned(sql: str, few: float = FEW) -> Plan:
    return plan_query(qualified(sql, COLUMNS), facts(few), nodes=NODES)


JOINED = "SELECT t.a, t.b, v.x FROM t JOIN v ON v.k = t.a WHERE {}"
MEMBER = "SELECT t.a, t.b FROM t WHERE t.a IN (SELECT v.k FROM v WHERE v.x >= 0) AND {}"
ASKING = (
    "EXISTS (SELECT 1 FROM u WHERE u.a = t.a AND u.c <> t.b)",
    "NOT EXISTS (SELECT 1 FROM u WHERE u.a = t.a AND u.c > t.b)",
    "t.b > (SELECT AVG(u.c) FROM u WHERE u.a = t.a)",
    "t.b <= (SELECT COUNT(*) FROM u WHERE u.a = t.a)",
    "t.a IN (SELECT u.a FROM u WHERE u.c > 0)",
)


@pytest.mark.parametrize("frame", [JOINED, MEMBER], ids=["a join", "a list of keys"])
@pytest.mark.parametrize("asking", ASKING)
def test_rows_without_a_key_of_the_small_table_do_not_travel(
    oracle: duckdb.DuckDBPyConnection, cluster: Cluster, frame: str, asking: str
) -> None:
    sql = frame.format(asking)
    plan = planned(sql)
    moved = [step for step in plan.moves if any(scan.table == "u" for scan in step.fragment.scans)]
    assert [{scan.table for scan in step.fragment.scans} for step in moved] == [{"u", "v"}], explain(plan)
    assert all(scan.whole for scan in moved[0].fragment.scans if scan.table == "v")
    for name, table in DATA.items():
        oracle.register(name, table)
    wanted = rows_of(oracle, oracle.sql(sql).to_arrow_table())
    assert same_rows(rows_of(oracle, cluster.run(plan)), wanted), explain(plan)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT t.a FROM t LEFT JOIN v ON v.k = t.a WHERE NOT EXISTS (SELECT 1 FROM u WHERE u.a = t.a)",
        "SELECT t.a FROM t WHERE t.a NOT IN (SELECT v.k FROM v) AND EXISTS (SELECT 1 FROM u WHERE u.a = t.a)",
        "SELECT t.a FROM t JOIN v ON v.k = t.b WHERE EXISTS (SELECT 1 FROM u WHERE u.a = t.a)",
        "SELECT t.a FROM t JOIN v ON v.k = t.a WHERE (SELECT MAX(u.c) FROM u WHERE u.a IS NOT DISTINCT FROM t.a) > 1",
    ],
    ids=["a padded table", "no member", "another column", "equality of NULLs"],
)
def test_rows_that_may_be_asked_for_are_kept(
    oracle: duckdb.DuckDBPyConnection, cluster: Cluster, sql: str
) -> None:
    plan = planned(sql)
    for step in plan.moves:
        assert {scan.table for scan in step.fragment.scans} != {"u", "v"}, explain(plan)
    for name, table in DATA.items():
        oracle.register(name, table)
    wanted = rows_of(oracle, oracle.sql(sql).to_arrow_table())
    assert same_rows(rows_of(oracle, cluster.run(plan)), wanted), explain(plan)


def test_a_large_table_is_not_read_by_every_node_for_that() -> None:
    plan = planned(JOINED.format(ASKING[0]), few=MANY)
    assert not any(scan.whole for scan in plan.scans), explain(plan)
