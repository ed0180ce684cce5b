"""What callers build on: assignment, variables, the clock, places in errors, pruning, names of tables."""

from __future__ import annotations

import datetime as dt
import pickle
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from meaning_values import SCHEMA, connection
from sqlglot import exp

from engine.errors import BindError, OptionError, SqlError, UnsupportedSqlError
from engine.sql.meaning import (
    BIN2,
    CI,
    MACROS,
    Variable,
    duckdb_type,
    parse_type,
    read_failure,
    result_types,
    to_duckdb,
)
from engine.sql.syntax import parse_query


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    con = connection()
    yield con
    con.close()


def text(sql: str, **options: object) -> str:
    return to_duckdb(parse_query(sql), SCHEMA, **options).sql(dialect="duckdb")  # type: ignore[arg-type]


def column(con: duckdb.DuckDBPyConnection, sql: str) -> list[object]:
    return con.sql(sql).to_arrow_table().column(0).to_pylist()


def test_rows_are_assigned_to_columns_of_other_types(con: duckdb.DuckDBPyConnection) -> None:
    into = [parse_type("varchar(3)"), parse_type("int"), parse_type("decimal(5,1)"), parse_type("char(4)")]
    sql = text("SELECT id, 2.7, '1.25', 'ab' FROM t WHERE id = 1", into=into)
    row = con.sql(sql).to_arrow_table().to_pylist()[0]
    assert list(row.values()) == ["1", 2, Decimal("1.3"), "ab  "]


def test_text_too_long_for_its_column_ends_the_statement(con: duckdb.DuckDBPyConnection) -> None:
    sql = text("SELECT name FROM t", into=[parse_type("varchar(3)")])
    with pytest.raises(duckdb.Error) as caught:
        con.sql(sql).to_arrow_table()
    assert read_failure(str(caught.value)) == (
        2628,
        "String or binary data would be truncated. Truncated value: 'Ali'.",
    )
    blanks = text("SELECT 'ab' + SPACE(5)", into=[parse_type("varchar(3)")])
    assert column(con, blanks) == ["ab "]


def test_assignment_wants_as_many_columns_and_types_that_meet() -> None:
    with pytest.raises(BindError, match="more items"):
        text("SELECT id, id FROM t", into=[parse_type("int")])
    with pytest.raises(BindError, match="datetime to int"):
        text("SELECT CAST(d AS DATETIME) FROM t", into=[parse_type("int")])


def test_types_of_results_have_the_names_that_t_sql_gives() -> None:
    sql = "SELECT id, qty * 2, [price] AS [the price], (name) FROM t"
    assert [(name, str(kind)) for name, kind in result_types(parse_query(sql), SCHEMA)] == [
        ("id", "int"),
        ("", "int"),
        ("the price", "decimal(10,2)"),
        ("name", "varchar(100)"),
    ]


def test_a_query_that_asks_for_the_time_must_be_told_it() -> None:
    with pytest.raises(OptionError, match="time"):
        text("SELECT GETDATE()")
    assert "2024-03-01 10:00:00" in text("SELECT GETDATE()", now=dt.datetime(2024, 3, 1, 10, tzinfo=dt.UTC))


def test_variables_are_constants_and_so_prune_like_them() -> None:
    variables = {
        "@D": Variable(parse_type("date"), dt.date(2024, 2, 1)),
        "@s": Variable(parse_type("varchar(9)"), "x "),
    }
    sql = text("SELECT id FROM t WHERE d >= @d AND code = @S", variables=variables)
    assert "t.d >= CAST('2024-02-01' AS DATE)" in sql
    assert "t.code >= 'x' AND t.code < 'x!'" in sql


@pytest.mark.parametrize(
    ("sql", "line", "place"),
    [
        ("SELECT nothing FROM t", 1, 8),
        ("SELECT id\nFROM t\nWHERE  wrong = 1", 3, 8),
        ("SELECT id FROM\n  missing", 2, 3),
        ("SELECT id,\n CHECKSUM(id) FROM t", 2, 2),
        ("SELECT t.id FROM t JOIN u ON id = 1", 1, 30),
    ],
)
def test_errors_know_their_place_and_travel(sql: str, line: int, place: int) -> None:
    with pytest.raises(SqlError) as caught:
        text(sql)
    assert (caught.value.data["line"], caught.value.data["column"]) == (line, place)
    again = pickle.loads(pickle.dumps(caught.value))
    assert (str(again), again.data) == (str(caught.value), caught.value.data)


def test_tables_are_found_by_all_their_parts_and_named_apart(con: duckdb.DuckDBPyConnection) -> None:
    columns = {"id": parse_type("int")}
    schema = {"dbo.a": columns, "db.x.a": columns, "#a": columns}
    sql = "SELECT dbo.a.id, x.a.id, h.id FROM dbo.a JOIN db.x.a ON dbo.a.id = x.a.id CROSS JOIN #a AS h"
    tree = to_duckdb(parse_query(sql), schema)
    assert tree.sql(dialect="duckdb") == (
        "SELECT a.id AS id, a_2.id AS id, h.id AS id FROM dbo.a AS a JOIN db.x.a AS a_2 ON a.id = a_2.id "
        'CROSS JOIN "#a" AS h'
    )
    with pytest.raises(BindError, match="Invalid object name 'a'"):
        to_duckdb(parse_query("SELECT id FROM a"), schema)


def test_every_column_of_the_result_tree_is_qualified_and_named() -> None:
    for sql in (
        "SELECT *, id + 1 FROM t WHERE EXISTS (SELECT * FROM u WHERE id = t.id) ORDER BY name",
        "SELECT grp, COUNT(*) FROM t GROUP BY grp HAVING MAX(id) > 1",
        "SELECT x.value FROM t CROSS APPLY STRING_SPLIT(name, ',') AS x",
        "SELECT DISTINCT name FROM t UNION SELECT k FROM u ORDER BY 1",
    ):
        tree = to_duckdb(parse_query(sql), SCHEMA)
        assert all(node.table for node in tree.find_all(exp.Column))
        assert all(
            isinstance(item, exp.Alias) for select in tree.find_all(exp.Select) for item in select.expressions
        )


def test_comparisons_leave_raw_bounds_for_pruning(tmp_path: Path) -> None:
    con = duckdb.connect()
    for macro in MACROS:
        con.execute(macro).fetchall()
    file = tmp_path / "names.parquet"
    con.sql("SELECT lpad(CAST(i AS VARCHAR), 6, '0') AS s FROM range(200000) t(i)").to_parquet(
        str(file), row_group_size=20_000
    )
    con.execute(f"CREATE VIEW names AS SELECT * FROM '{file}'").fetchall()
    schema = {"names": {"s": parse_type("varchar(8000)")}}
    for condition, most in (("s = '001234'", 1), ("s LIKE '00123%'", 1), ("s IN ('001234', '001235')", 1)):
        for collation in (BIN2, CI):
            sql = f"SELECT COUNT(*) FROM names WHERE {condition}"
            query = to_duckdb(parse_query(sql), schema, collation=collation).sql(dialect="duckdb")
            assert _groups_read(con, query) <= most, query
    con.close()


def _groups_read(con: duckdb.DuckDBPyConnection, query: str) -> int:
    plan = str(con.sql(f"EXPLAIN ANALYZE {query}").fetchall())
    read = plan.split("Row Groups Scanned:", 1)[1] if "Row Groups Scanned:" in plan else "99"
    return int(read.strip().split()[0])


def test_facts_about_blanks_take_the_keys_away() -> None:
    trimmed = {name: replace(kind, trimmed=kind.is_text) for name, kind in SCHEMA["t"].items()}
    schema = {**SCHEMA, "t": trimmed}
    sql = "SELECT code, MAX(id) AS m FROM t WHERE name = 'x' GROUP BY code"
    assert to_duckdb(parse_query(sql), schema).sql(dialect="duckdb") == (
        "SELECT t.code AS code, MAX(t.id) AS m FROM t AS t WHERE t.name = 'x' GROUP BY t.code"
    )


def test_a_thousand_conditions_are_no_deep_recursion(con: duckdb.DuckDBPyConnection) -> None:
    sql = "SELECT COUNT(*) FROM t WHERE " + " OR ".join(f"id = {number}" for number in range(1000))
    assert column(con, text(sql)) == [3]


def test_nothing_but_queries_is_translated() -> None:
    with pytest.raises(UnsupportedSqlError, match="not supported as a query"):
        to_duckdb(exp.Insert(this=exp.to_table("t")), SCHEMA)
    with pytest.raises(UnsupportedSqlError, match="in an expression"):
        to_duckdb(exp.select(exp.JSONObject()), SCHEMA)
    tree = parse_query("SELECT id FROM t")
    tree.set("sample", exp.TableSample())
    with pytest.raises(UnsupportedSqlError, match="SAMPLE"):
        to_duckdb(tree, SCHEMA)


TPCH = Path(__file__).parents[3] / "benchmarks" / "tpch"
# Columns without their prefix; those without a type are text.
TPCH_COLUMNS = {
    "region": "regionkey bigint, name, comment",
    "nation": "nationkey bigint, name, regionkey bigint, comment",
    "supplier": "suppkey bigint, name, address, nationkey bigint, phone, acctbal money, comment",
    "customer": "custkey bigint, name, address, nationkey bigint, phone, acctbal money, mktsegment, comment",
    "part": "partkey bigint, name, mfgr, brand, type, size int, container, retailprice money, comment",
    "partsupp": "partkey bigint, suppkey bigint, availqty int, supplycost money, comment",
    "orders": "orderkey bigint, custkey bigint, orderstatus, totalprice money, orderdate date, orderpriority,"
    " clerk, shippriority int, comment",
    "lineitem": "orderkey bigint, partkey bigint, suppkey bigint, linenumber int, quantity money,"
    " extendedprice money, discount money, tax money, returnflag, linestatus, shipdate date, commitdate date,"
    " receiptdate date, shipinstruct, shipmode, comment",
}
TPCH_TYPES = {"money": "decimal(15,2)", "": "varchar(8000)"}


def test_the_queries_of_tpch_are_translated_and_bind() -> None:
    con = duckdb.connect()
    for macro in MACROS:
        con.execute(macro).fetchall()
    schema = {}
    for table, columns in TPCH_COLUMNS.items():
        prefix = {"partsupp": "ps"}.get(table, table[0])
        pairs = [part.strip().partition(" ") for part in columns.split(",")]
        kinds = {f"{prefix}_{name}": parse_type(TPCH_TYPES.get(kind, kind)) for name, _, kind in pairs}
        schema[table] = kinds
        shown = ", ".join(f"{name} {duckdb_type(kind).sql('duckdb')}" for name, kind in kinds.items())
        con.execute(f"CREATE TABLE {table}({shown})").fetchall()
    files = sorted(TPCH.glob("q*.sql"))
    assert len(files) == 22
    for file in files:
        lines = [line for line in file.read_text().splitlines() if not line.startswith("--")]
        query = parse_query("\n".join(lines).strip().rstrip(";"))
        con.sql(to_duckdb(query, schema).sql(dialect="duckdb")).to_arrow_table()
    con.close()
