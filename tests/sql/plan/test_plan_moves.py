"""What moves, and what need not: the shapes of plans over a small warehouse."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlglot import parse_one
from sqlglot.optimizer.qualify import qualify

from engine.sql.plan import (
    ColumnFacts,
    Files,
    Hash,
    Keep,
    Layout,
    Plan,
    Replicate,
    RoundRobin,
    Site,
    TableFacts,
    plan_query,
)
from engine.sql.plan.explain import operation_of

NODES = 4


def table(title: str, layout: Layout, rows: float, **kinds: str) -> TableFacts:
    keys = {column: rows for column in kinds if column.endswith("_key")}
    return TableFacts(
        title,
        {column: ColumnFacts(kind, distinct=keys.get(column, 1000)) for column, kind in kinds.items()},
        layout,
        rows=rows,
    )


TABLES = {
    # facts of 100 M rows, hashed alike
    "sales": table(
        "sales", Hash(("order_key",)), 1e8, order_key="BIGINT", item_key="INT", day="DATE", price="DOUBLE"
    ),
    "returned": table("returned", Hash(("order_key",)), 1e7, order_key="INT", item_key="INT", price="DOUBLE"),
    "lines": table("lines", RoundRobin(), 1e8, order_key="BIGINT", item_key="INT", price="DOUBLE"),
    "landed": table("landed", Files(), 1e8, order_key="BIGINT", item_key="INT", price="DOUBLE"),
    # dimensions
    "dates": table("dates", Replicate(), 3e3, day="DATE", year="INT"),
    "regions": table("regions", RoundRobin(), 1e3, item_key="INT", region="VARCHAR"),
    "codes": table("codes", Files(), 1e3, item_key="INT", name="VARCHAR"),
    "texts": replace(table("texts", Files(), 1e3, item_key="INT", name="VARCHAR"), rows=None, bytes=1e6),
    "items": table("items", Hash(("item_key",)), 1e6, item_key="INT", name="VARCHAR"),
}
SCHEMA = {name: {column: facts.type for column, facts in t.columns.items()} for name, t in TABLES.items()}


def plan(sql: str, nodes: int = NODES) -> Plan:
    return plan_query(
        qualify(parse_one(sql, dialect="duckdb"), schema=SCHEMA, dialect="duckdb"), TABLES, nodes=nodes
    )


def moves(sql: str) -> list[str]:
    """The operations before RETURN."""
    return [operation_of(step) for step in plan(sql).moves]


CASES = {
    "tables hashed on the join key, of two integer types": (
        "SELECT s.price, r.price FROM sales AS s JOIN returned AS r ON s.order_key = r.order_key",
        [],
    ),
    "the join key through a derived table and a rename": (
        "SELECT s.price FROM sales AS s JOIN (SELECT r.order_key AS k FROM returned AS r) AS d ON d.k = s.order_key",
        [],
    ),
    "the join key through another join": (
        "SELECT COUNT(*) OVER (PARTITION BY s.order_key) AS n FROM sales AS s JOIN returned AS r "
        "ON s.order_key = r.order_key JOIN sales AS x ON x.order_key = r.order_key",
        [],
    ),
    "a replicated dimension": ("SELECT s.price FROM sales AS s JOIN dates AS d ON s.day = d.day", []),
    "a dimension dealt out in turn": (
        "SELECT s.price FROM sales AS s JOIN regions AS r ON s.item_key = r.item_key",
        ["BROADCAST_MOVE"],
    ),
    "a small table by the wrong key is read by every node": (
        "SELECT s.price FROM sales AS s JOIN items AS i ON s.item_key = i.item_key",
        [],
    ),
    "files of few rows are read by every node": (
        "SELECT s.price FROM sales AS s JOIN codes AS c ON s.item_key = c.item_key",
        [],
    ),
    "files whose rows nobody has counted are not": (
        "SELECT s.price FROM sales AS s JOIN texts AS x ON s.item_key = x.item_key AND x.name = 'a'",
        ["BROADCAST_MOVE"],
    ),
    "a replicated dimension beside one dealt out in turn": (
        "SELECT s.price FROM sales AS s JOIN dates AS d ON s.day = d.day JOIN regions AS r ON s.item_key = r.item_key",
        ["BROADCAST_MOVE"],
    ),
    "a left join to a replicated table": (
        "SELECT d.year FROM sales AS s LEFT JOIN dates AS d ON s.day = d.day",
        [],
    ),
    "a left join from a replicated table": (
        "SELECT d.year, s.price FROM dates AS d LEFT JOIN sales AS s ON s.day = d.day",
        ["TRIM_MOVE", "SHUFFLE_MOVE"],
    ),
    "two large tables, one by the wrong key": (
        "SELECT s.price FROM sales AS s JOIN lines AS l ON s.order_key = l.order_key",
        ["SHUFFLE_MOVE"],
    ),
    "two large tables, both by the wrong key": (
        "SELECT s.price FROM sales AS s JOIN lines AS l ON s.item_key = l.item_key",
        ["SHUFFLE_MOVE", "SHUFFLE_MOVE"],
    ),
    "a full join on the key": (
        "SELECT s.price, r.price FROM sales AS s FULL JOIN returned AS r ON s.order_key = r.order_key",
        [],
    ),
    "groups by the key": (
        "SELECT s.order_key, SUM(s.price) AS p FROM sales AS s GROUP BY s.order_key, s.day",
        [],
    ),
    "groups by something else, many": (
        "SELECT s.item_key, SUM(s.price) AS p FROM sales AS s GROUP BY s.item_key",
        ["SHUFFLE_MOVE"],
    ),
    "groups by something else, few": (
        "SELECT s.day, SUM(s.price) AS p FROM sales AS s GROUP BY s.day",
        ["PARTITION_MOVE"],
    ),
    "no groups": ("SELECT SUM(s.price) AS p FROM sales AS s", ["PARTITION_MOVE"]),
    "medians by something else": (
        "SELECT s.item_key, MEDIAN(s.price) AS p FROM sales AS s GROUP BY s.item_key",
        ["SHUFFLE_MOVE"],
    ),
    "distinct values of the key": (
        "SELECT COUNT(DISTINCT s.order_key) AS n FROM sales AS s",
        ["PARTITION_MOVE"],
    ),
    "distinct values of something else": (
        "SELECT COUNT(DISTINCT s.item_key) AS n FROM sales AS s",
        ["SHUFFLE_MOVE", "PARTITION_MOVE"],
    ),
    "distinct rows with the key": ("SELECT DISTINCT s.order_key, s.day FROM sales AS s", []),
    "windows by the key": (
        "SELECT SUM(s.price) OVER (PARTITION BY s.order_key, s.day) AS p FROM sales AS s",
        [],
    ),
    "windows by something else": (
        "SELECT SUM(s.price) OVER (PARTITION BY s.item_key) AS p FROM sales AS s",
        ["SHUFFLE_MOVE"],
    ),
    "a window over all": ("SELECT RANK() OVER (ORDER BY s.price) AS r FROM sales AS s", ["PARTITION_MOVE"]),
    "exists by the key": (
        "SELECT s.price FROM sales AS s WHERE EXISTS (SELECT 1 FROM returned AS r WHERE r.order_key = s.order_key)",
        [],
    ),
    "not exists by the key": (
        "SELECT s.price FROM sales AS s WHERE NOT EXISTS "
        "(SELECT 1 FROM returned AS r WHERE r.order_key = s.order_key AND r.price > s.price)",
        [],
    ),
    "in, by the key": (
        "SELECT s.price FROM sales AS s WHERE s.order_key IN (SELECT r.order_key FROM returned AS r)",
        [],
    ),
    "not in, which asks for every NULL": (
        "SELECT s.price FROM sales AS s WHERE s.order_key NOT IN (SELECT l.order_key FROM lines AS l)",
        ["BROADCAST_MOVE"],
    ),
    "a correlated average by the key": (
        "SELECT s.price FROM sales AS s WHERE s.price > "
        "(SELECT AVG(r.price) FROM returned AS r WHERE r.order_key = s.order_key)",
        [],
    ),
    "a value of a whole table": (
        "SELECT s.price - (SELECT MAX(r.price) FROM returned AS r) AS p FROM sales AS s",
        ["PARTITION_MOVE", "BROADCAST_MOVE"],
    ),
    "union all": ("SELECT s.price FROM sales AS s UNION ALL SELECT l.price FROM landed AS l", []),
    "union of hashed tables by their keys": (
        "SELECT s.order_key FROM sales AS s UNION SELECT r.order_key FROM returned AS r",
        [],
    ),
    "except by something else": (
        "SELECT s.item_key FROM sales AS s EXCEPT SELECT r.item_key FROM returned AS r",
        ["SHUFFLE_MOVE", "SHUFFLE_MOVE"],
    ),
    "the first rows in order": (
        "SELECT s.price FROM sales AS s ORDER BY s.price LIMIT 5",
        ["PARTITION_MOVE"],
    ),
    "a query read twice": (
        "WITH c AS (SELECT s.order_key, SUM(s.price) AS p FROM sales AS s GROUP BY s.order_key) "
        "SELECT x.p FROM c AS x JOIN c AS y ON x.order_key = y.order_key",
        ["ON"],
    ),
    "the same rows wanted twice": (
        "SELECT s.price FROM sales AS s JOIN regions AS r ON s.item_key = r.item_key "
        "JOIN regions AS q ON s.item_key + 1 = q.item_key",
        ["BROADCAST_MOVE"],
    ),
    "only small tables": ("SELECT d.year, COUNT(*) AS n FROM dates AS d GROUP BY d.year", []),
}


@pytest.mark.parametrize(("sql", "expected"), CASES.values(), ids=CASES.keys())
def test_the_moves_of_a_query(sql: str, expected: list[str]) -> None:
    assert moves(sql) == expected


@pytest.mark.parametrize(("sql", "_"), CASES.values(), ids=CASES.keys())
def test_on_one_node_nothing_moves(sql: str, _: object) -> None:
    single = plan(sql, nodes=1)
    assert not single.moves
    assert single.steps[0].site is Site.CONTROL


def test_the_documented_case_of_a_dedicated_pool() -> None:
    """FactInternetSales with DimDate and DimSalesTerritory: a broadcast goes away when the table is replicated."""

    def facts(date: Layout, territory: Layout) -> dict[str, TableFacts]:
        return {
            "factinternetsales": table(
                "FactInternetSales",
                Hash(("ProductKey",)),
                6e4,
                ProductKey="INT",
                OrderDateKey="INT",
                SalesTerritoryKey="INT",
                SalesAmount="DECIMAL(19,4)",
            ),
            "dimdate": table("DimDate", date, 2e3, DateKey="INT", CalendarYear="SMALLINT"),
            "dimsalesterritory": table(
                "DimSalesTerritory", territory, 11, SalesTerritoryKey="INT", SalesTerritoryGroup="VARCHAR"
            ),
        }

    sql = """SELECT t.salesterritorygroup, SUM(f.salesamount) AS total
             FROM factinternetsales AS f
             JOIN dimdate AS d ON f.orderdatekey = d.datekey
             JOIN dimsalesterritory AS t ON f.salesterritorykey = t.salesterritorykey
             WHERE d.calendaryear = 2004
             GROUP BY t.salesterritorygroup"""

    def broadcasts(date: Layout, territory: Layout) -> int:
        tables = facts(date, territory)
        steps = plan_query(parse_one(sql, dialect="duckdb"), tables, nodes=NODES).steps
        return [operation_of(step) for step in steps].count("BROADCAST_MOVE")

    assert broadcasts(RoundRobin(), RoundRobin()) == 2
    assert broadcasts(RoundRobin(), Replicate()) == 1
    assert broadcasts(Replicate(), Replicate()) == 0


def test_only_columns_and_rows_that_are_needed_are_read_and_sent() -> None:
    steps = plan(
        "SELECT s.price FROM sales AS s JOIN (SELECT * FROM regions AS r) AS d ON s.item_key = d.item_key "
        "WHERE d.region = 'north' AND s.day >= DATE '2020-01-01'"
    ).steps
    regions, sales = (scan for step in steps for scan in step.fragment.scans)
    assert regions.columns == ("item_key", "region")
    assert regions.predicate is not None
    assert regions.predicate.sql() == "region = 'north'"
    assert steps[0].fragment.query.named_selects == ["item_key"]
    assert sales.columns == ("item_key", "day", "price")
    assert sales.predicate is not None
    assert not sales.whole


def test_a_count_of_rows_reads_no_column() -> None:
    (scan,) = plan("SELECT COUNT(*) AS n FROM sales").scans
    assert scan.columns == ()


def test_a_filter_on_a_padded_table_does_not_skip_its_files() -> None:
    scans = {scan.table: scan for scan in plan(
        "SELECT s.price FROM sales AS s LEFT JOIN returned AS r ON s.order_key = r.order_key AND r.price > 1 "
        "WHERE r.item_key IS NULL"
    ).scans}  # fmt: skip
    assert scans["returned"].predicate is not None
    assert scans["returned"].predicate.sql() == "price > 1"


def test_steps_name_what_they_wait_for() -> None:
    whole = plan(CASES["a value of a whole table"][0])
    names = [step.name for step in whole.steps]
    for at, step in enumerate(whole.steps):
        assert set(step.fragment.inputs) <= set(names[:at])
    assert [step.fragment.inputs for step in whole.steps] == [(), ("m1",), ("m2",)]


def test_a_kept_query_stays_where_it_is() -> None:
    kept = plan(CASES["a query read twice"][0]).steps[0]
    assert isinstance(kept.move, Keep)
    assert kept.site is Site.NODES


@pytest.mark.parametrize(
    ("sql", "note"),
    [
        ("SELECT DISTINCT ON (s.day) s.day, s.price FROM sales AS s ORDER BY s.day, s.price", "DISTINCT ON"),
        ("SELECT s.price FROM sales AS s ORDER BY RANDOM() LIMIT 3", "differs from call to call"),
        ("WITH RECURSIVE r AS (SELECT 1 AS x UNION ALL SELECT r.x + 1 FROM r WHERE r.x < 3) SELECT r.x FROM r", "recursive"),
        ("SELECT s.price FROM sales AS s TABLESAMPLE 10%", "SAMPLE"),
        ("SELECT s.price FROM sales AS s ASOF JOIN dates AS d ON s.day >= d.day", "asof join"),
    ],
)  # fmt: skip
def test_what_has_no_rule_runs_on_one_node_and_the_plan_says_why(sql: str, note: str) -> None:
    whole = plan(sql)
    assert any(note in one for one in whole.notes)
    assert whole.steps[-1].site is Site.CONTROL


def test_what_has_no_rule_still_reads_queries_that_have_one() -> None:
    whole = plan(
        "SELECT DISTINCT ON (d.day) d.day, d.p FROM "
        "(SELECT s.day, s.item_key, SUM(s.price) AS p FROM sales AS s GROUP BY s.day, s.item_key) AS d ORDER BY d.day"
    )
    assert [operation_of(step) for step in whole.moves] == ["SHUFFLE_MOVE", "PARTITION_MOVE"]
