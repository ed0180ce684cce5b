"""TPC-H for the planner's tests: tables, queries, statistics of any scale, data of a small one, layouts."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from sqlglot import exp, parse_one
from sqlglot.optimizer.qualify import qualify

from engine.sql.plan import ColumnFacts, Files, Hash, Layout, Replicate, RoundRobin, TableFacts

STANDARD = Path(__file__).resolve().parents[3] / "benchmarks" / "tpch" / "standard"
QUERIES = {path.stem: path.read_text() for path in sorted(STANDARD.glob("q*.sql"))}

# Per table: rows at scale 1 (negative: at any scale), and per column its type and distinct values, likewise.
_MONEY = "DECIMAL(15,2)"
TABLES: dict[str, tuple[int, dict[str, tuple[str, int]]]] = {
    "region": (-5, {"r_regionkey": ("BIGINT", -5), "r_name": ("VARCHAR", -5), "r_comment": ("VARCHAR", -5)}),
    "nation": (
        -25,
        {
            "n_nationkey": ("BIGINT", -25),
            "n_name": ("VARCHAR", -25),
            "n_regionkey": ("BIGINT", -5),
            "n_comment": ("VARCHAR", -25),
        },
    ),
    "supplier": (
        10_000,
        {
            "s_suppkey": ("BIGINT", 10_000),
            "s_name": ("VARCHAR", 10_000),
            "s_address": ("VARCHAR", 10_000),
            "s_nationkey": ("BIGINT", -25),
            "s_phone": ("VARCHAR", 10_000),
            "s_acctbal": (_MONEY, 9_955),
            "s_comment": ("VARCHAR", 10_000),
        },
    ),
    "customer": (
        150_000,
        {
            "c_custkey": ("BIGINT", 150_000),
            "c_name": ("VARCHAR", 150_000),
            "c_address": ("VARCHAR", 150_000),
            "c_nationkey": ("BIGINT", -25),
            "c_phone": ("VARCHAR", 150_000),
            "c_acctbal": (_MONEY, -1_100_000),
            "c_mktsegment": ("VARCHAR", -5),
            "c_comment": ("VARCHAR", 150_000),
        },
    ),
    "part": (
        200_000,
        {
            "p_partkey": ("BIGINT", 200_000),
            "p_name": ("VARCHAR", 200_000),
            "p_mfgr": ("VARCHAR", -5),
            "p_brand": ("VARCHAR", -25),
            "p_type": ("VARCHAR", -150),
            "p_size": ("INTEGER", -50),
            "p_container": ("VARCHAR", -40),
            "p_retailprice": (_MONEY, -120_000),
            "p_comment": ("VARCHAR", 130_000),
        },
    ),
    "partsupp": (
        800_000,
        {
            "ps_partkey": ("BIGINT", 200_000),
            "ps_suppkey": ("BIGINT", 10_000),
            "ps_availqty": ("INTEGER", -9_999),
            "ps_supplycost": (_MONEY, -99_901),
            "ps_comment": ("VARCHAR", 800_000),
        },
    ),
    "orders": (
        1_500_000,
        {
            "o_orderkey": ("BIGINT", 1_500_000),
            "o_custkey": ("BIGINT", 100_000),
            "o_orderstatus": ("VARCHAR", -3),
            "o_totalprice": (_MONEY, 1_460_000),
            "o_orderdate": ("DATE", -2_406),
            "o_orderpriority": ("VARCHAR", -5),
            "o_clerk": ("VARCHAR", 1_000),
            "o_shippriority": ("INTEGER", -1),
            "o_comment": ("VARCHAR", 1_480_000),
        },
    ),
    "lineitem": (
        6_000_000,
        {
            "l_orderkey": ("BIGINT", 1_500_000),
            "l_partkey": ("BIGINT", 200_000),
            "l_suppkey": ("BIGINT", 10_000),
            "l_linenumber": ("INTEGER", -7),
            "l_quantity": (_MONEY, -50),
            "l_extendedprice": (_MONEY, 930_000),
            "l_discount": (_MONEY, -11),
            "l_tax": (_MONEY, -9),
            "l_returnflag": ("VARCHAR", -3),
            "l_linestatus": ("VARCHAR", -2),
            "l_shipdate": ("DATE", -2_526),
            "l_commitdate": ("DATE", -2_466),
            "l_receiptdate": ("DATE", -2_554),
            "l_shipinstruct": ("VARCHAR", -4),
            "l_shipmode": ("VARCHAR", -7),
            "l_comment": ("VARCHAR", 4_500_000),
        },
    ),
}
RANGES = {
    "o_orderdate": ("1992-01-01", "1998-08-02"),
    "l_shipdate": ("1992-01-02", "1998-12-01"),
    "l_commitdate": ("1992-01-31", "1998-10-31"),
    "l_receiptdate": ("1992-01-04", "1998-12-31"),
    "l_quantity": (1, 50),
    "l_discount": (0, 0.1),
    "p_size": (1, 50),
    "c_acctbal": (-999.99, 9999.99),
    "ps_availqty": (1, 9999),
}
SCHEMA = {
    table: {name: kind for name, (kind, _) in columns.items()} for table, (_, columns) in TABLES.items()
}

_KEYS = {
    "region": "r_regionkey",
    "nation": "n_nationkey",
    "supplier": "s_suppkey",
    "customer": "c_custkey",
    "part": "p_partkey",
    "partsupp": "ps_partkey",
    "orders": "o_orderkey",
    "lineitem": "l_orderkey",
}
_OTHERS = {
    "region": "r_name",
    "nation": "n_regionkey",
    "supplier": "s_nationkey",
    "customer": "c_phone",
    "part": "p_size",
    "partsupp": "ps_suppkey",
    "orders": "o_custkey",
    "lineitem": "l_partkey",
}
LAYOUTS: dict[str, dict[str, Layout]] = {
    "hashed on join keys": {name: Hash((key,)) for name, key in _KEYS.items()},
    "hashed on others": {name: Hash((key,)) for name, key in _OTHERS.items()},
    "round robin": {name: RoundRobin() for name in TABLES},
    "files": {name: Files() for name in TABLES},
    "dimensions replicated": {
        name: Hash((_KEYS[name],)) if name in ("orders", "lineitem", "partsupp") else Replicate()
        for name in TABLES
    },
    "warehouse": {
        name: Replicate() if name in ("region", "nation", "supplier") else Hash((_KEYS[name],))
        for name in TABLES
    },
}


def facts(layout: Mapping[str, Layout], scale: float) -> dict[str, TableFacts]:
    """The eight tables with the statistics of a scale."""
    return {
        name: TableFacts(
            name,
            {column: _column(column, *of_column, scale) for column, of_column in columns.items()},
            layout[name],
            rows=_scaled(rows, scale),
        )
        for name, (rows, columns) in TABLES.items()
    }


def _column(name: str, kind: str, distinct: int, scale: float) -> ColumnFacts:
    low, high = RANGES.get(name, (None, None))
    return ColumnFacts(kind, distinct=_scaled(distinct, scale), minimum=low, maximum=high, nulls=0.0)


def _scaled(count: int, scale: float) -> float:
    return float(-count) if count < 0 else max(count * scale, 1.0)


def qualified(sql: str, schema: Mapping[str, Mapping[str, str]] = SCHEMA) -> exp.Query:
    """The query as the planner takes it."""
    tree = qualify(parse_one(sql, dialect="duckdb"), schema=schema, dialect="duckdb")
    assert isinstance(tree, exp.Query)
    return tree


def generator() -> Path | None:
    """The data generator, if it is installed beside the interpreter."""
    found = Path(sys.executable).with_name("tpchgen-cli")
    return found if found.exists() else None


def generate(folder: Path, scale: float) -> dict[str, pa.Table]:
    """The eight tables at a scale."""
    command = [str(generator()), "parquet", "-s", str(scale), "-o", str(folder), "--quiet"]
    subprocess.run(command, check=True, capture_output=True)
    return {name: pq.read_table(folder / f"{name}.parquet") for name in TABLES}
