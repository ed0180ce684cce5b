"""Files in order of a key: nodes read ranges of it, and what has one key is together."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlglot import parse_one
from sqlglot.optimizer.qualify import qualify

from engine.sql.plan import ColumnFacts, Files, Order, Plan, RoundRobin, Scan, TableFacts, explain, plan_query
from engine.sql.plan.explain import operation_of

NODES = 3
ORDER = Order(tuple(range(1000, 60_000, 1000)), overlap=0.02)
DAYS = Order(tuple(date(2020, 1, 1) + timedelta(days=30 * at) for at in range(59)), overlap=0.02)


def files(name: str, rows: float, key: str, order: Order | None, **kinds: str) -> TableFacts:
    columns = {column: ColumnFacts(kind, distinct=1000) for column, kind in kinds.items()}
    columns[key] = replace(columns[key], distinct=6e4, order=order)
    return TableFacts(name, columns, Files(), rows=rows)


TABLES = {
    "orders": files("orders", 2e7, "okey", ORDER, okey="BIGINT", who="BIGINT", price="DOUBLE"),
    "lines": files("lines", 1e8, "okey", ORDER, okey="INT", item="BIGINT", price="DOUBLE"),
    "heap": files("heap", 1e8, "okey", replace(ORDER, overlap=0.9), okey="BIGINT", price="DOUBLE"),
    "days": files("days", 1e8, "day", DAYS, day="DATE", price="DOUBLE"),
    "weather": files("weather", 1e8, "day", DAYS, day="DATE", degrees="DOUBLE"),
}
SCHEMA = {name: {column: facts.type for column, facts in t.columns.items()} for name, t in TABLES.items()}


def plan(sql: str, tables: dict[str, TableFacts] = TABLES) -> Plan:
    tree = qualify(parse_one(sql, dialect="duckdb"), schema=SCHEMA, dialect="duckdb")
    return plan_query(tree, tables, nodes=NODES)


def scans(sql: str) -> dict[str, Scan]:
    return {scan.alias: scan for scan in plan(sql).scans}


CASES = {
    "a join": ("SELECT o.who, l.item FROM orders AS o JOIN lines AS l ON o.okey = l.okey", []),
    "a left join": ("SELECT o.who, l.item FROM orders AS o LEFT JOIN lines AS l ON o.okey = l.okey", []),
    "a full join": ("SELECT o.who, l.item FROM orders AS o FULL JOIN lines AS l ON o.okey = l.okey", []),
    "days": ("SELECT d.price, w.degrees FROM days AS d JOIN weather AS w ON d.day = w.day", []),
    "groups by the key": ("SELECT l.okey, SUM(l.price) AS p FROM lines AS l GROUP BY l.okey", []),
    "windows by the key": ("SELECT SUM(l.price) OVER (PARTITION BY l.okey, l.item) AS p FROM lines AS l", []),
    "exists": (
        "SELECT o.who FROM orders AS o WHERE EXISTS (SELECT 1 FROM lines AS l WHERE l.okey = o.okey)",
        [],
    ),
    "none exists": (
        "SELECT o.who FROM orders AS o WHERE NOT EXISTS "
        "(SELECT 1 FROM lines AS l WHERE l.okey = o.okey AND l.price > o.price)",
        [],
    ),
    "groups of a subquery": (
        "SELECT o.who FROM orders AS o WHERE o.okey IN "
        "(SELECT l.okey FROM lines AS l GROUP BY l.okey HAVING SUM(l.price) > 300)",
        [],
    ),
    "through a derived table": (
        "SELECT d.p, o.who FROM orders AS o JOIN "
        "(SELECT l.okey AS k, SUM(l.price) AS p FROM lines AS l GROUP BY l.okey) AS d ON d.k = o.okey",
        [],
    ),
    "rows of other files go to the ranges": (
        "SELECT o.who, h.price, l.item FROM orders AS o JOIN lines AS l ON l.okey = o.okey "
        "JOIN heap AS h ON h.okey = o.okey",
        ["SHUFFLE_MOVE"],
    ),
    "another key": (
        "SELECT h.price, l.price FROM heap AS h JOIN lines AS l ON h.okey = l.item",
        ["SHUFFLE_MOVE", "SHUFFLE_MOVE"],
    ),
}


@pytest.mark.parametrize(("sql", "expected"), CASES.values(), ids=CASES.keys())
def test_what_moves(sql: str, expected: list[str]) -> None:
    assert [operation_of(step) for step in plan(sql).moves] == expected, explain(plan(sql))


def test_nodes_have_as_many_of_the_60_ranges() -> None:
    found = scans(CASES["a join"][0])
    assert [one.span for one in found.values()] == [found["o"].span] * 2
    assert found["o"].span is not None
    assert found["o"].span.cuts == (20_000, 40_000)


def test_without_an_order_or_a_use_of_it_nodes_share_the_files_as_they_lie() -> None:
    assert scans("SELECT h.okey, COUNT(*) AS n FROM heap AS h GROUP BY h.okey")["h"].span is None
    assert scans("SELECT o.who, COUNT(*) AS n FROM orders AS o GROUP BY o.who")["o"].span is None
    assert scans("SELECT o.okey FROM orders AS o WHERE o.okey = o.who")["o"].span is None


def test_few_values_make_no_ranges() -> None:
    few = replace(TABLES["lines"].columns["okey"], distinct=500.0)
    tables = {**TABLES, "lines": replace(TABLES["lines"], columns={**TABLES["lines"].columns, "okey": few})}
    (step, *_) = plan("SELECT l.okey, COUNT(*) AS n FROM lines AS l GROUP BY l.okey", tables).steps
    assert step.fragment.scans[0].span is None


def test_a_table_with_distributions_keeps_them() -> None:
    tables = {**TABLES, "lines": replace(TABLES["lines"], layout=RoundRobin())}
    found = {scan.table: scan for scan in plan(CASES["a join"][0], tables).scans}
    assert found["lines"].span is None


def test_the_plan_tells_of_ranges() -> None:
    assert "reads lines by ranges of okey as lines (okey, item)" in explain(plan(CASES["a join"][0]))
