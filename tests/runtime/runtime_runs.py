"""Run a query of DuckDB's dialect through planner and runtime, and by plain DuckDB."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
from sqlglot import exp, parse_one
from sqlglot.optimizer.qualify import qualify

from engine.runtime import Answer, BoundTable, InlineTasks, Tasks, execute
from engine.sql.plan import plan_query

INLINE = InlineTasks()
TPCH = Path(__file__).resolve().parents[2] / "benchmarks" / "tpch" / "standard"


def qualified(query: str, tables: Mapping[str, BoundTable]) -> exp.Query:
    schema = {
        name: {column: facts.type for column, facts in table.facts.columns.items()}
        for name, table in tables.items()
    }
    return qualify(parse_one(query, dialect="duckdb"), schema=schema, dialect="duckdb")


def answered(
    query: str, tables: Mapping[str, BoundTable], *, nodes: int = 1, tasks: Tasks = INLINE, **options: Any
) -> Answer:
    facts = {name: table.facts for name, table in tables.items()}
    return execute(tasks, plan_query(qualified(query, tables), facts, nodes=nodes), tables, **options)


def rows(
    query: str, tables: Mapping[str, BoundTable], *, nodes: int = 1, tasks: Tasks = INLINE
) -> list[tuple]:
    return tuples(answered(query, tables, nodes=nodes, tasks=tasks).to_arrow())


def tuples(table: pa.Table) -> list[tuple]:
    return list(zip(*(column.to_pylist() for column in table.columns), strict=True))


def plain(query: str, data: Mapping[str, pa.Table | str]) -> list[tuple]:
    """The oracle: DuckDB alone, over Arrow tables or files that a pattern names."""
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'").fetchall()
        for name, source in data.items():
            if isinstance(source, str):
                connection.read_parquet(source).create_view(name)
            else:
                connection.register(name, source)
        return connection.sql(query).fetchall()


def same(left: list[tuple], right: list[tuple], *, ordered: bool = False) -> bool:
    """Whether rows are equal; sums of floats may differ in their last digits."""
    one, other = ([tuple(map(_rounded, row)) for row in found] for found in (left, right))
    return one == other if ordered else sorted(one, key=repr) == sorted(other, key=repr)


def _rounded(value: Any) -> Any:
    if isinstance(value, Decimal):
        value = float(value)
    if isinstance(value, bool) or not isinstance(value, float | int):
        return value
    return float(f"{float(value):.9e}") + 0.0
