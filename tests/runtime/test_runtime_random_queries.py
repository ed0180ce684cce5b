"""Random queries on random rows: one node, three nodes and plain DuckDB agree, however the rows lie."""

from __future__ import annotations

import contextlib
from decimal import Decimal

import duckdb
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from random_queries import COLUMNS, queries, table_rows
from runtime_runs import INLINE, plain, rows, same

from engine.errors import SqlRuntimeError
from engine.lake import open_storage
from engine.runtime import BoundTable, Held, bind_held, bound_table, write_rows
from engine.sql.plan import Files, Hash, Layout, Replicate, RoundRobin

pytestmark = pytest.mark.slow


ARROW = {
    "INTEGER": pa.int32(),
    "BIGINT": pa.int64(),
    "SMALLINT": pa.int16(),
    "DOUBLE": pa.float64(),
    "VARCHAR": pa.string(),
    "DECIMAL(10,2)": pa.decimal128(10, 2),
}
KEYS = {"t": ("a", "s"), "u": ("a", "c"), "v": ("k",)}


@st.composite
def layouts(draw: st.DrawFn, name: str) -> Layout:
    key = draw(st.sampled_from(KEYS[name]))
    return draw(st.sampled_from([Hash((key,)), RoundRobin(), Replicate(), Files()]))


def arrow(name: str, listed: list[tuple]) -> pa.Table:
    columns = {}
    for at, (column, kind) in enumerate(COLUMNS[name].items()):
        values = [row[at] for row in listed]
        if kind.startswith("DECIMAL"):
            values = [None if value is None else Decimal(str(value)) for value in values]
        columns[column] = pa.array(values, ARROW[kind])
    return pa.table(columns)


def laid_out(folder: str, name: str, table: pa.Table, layout: Layout) -> BoundTable:
    """In several parts: held ones, or those of a table that was written so."""
    parts = tuple(table.slice(at, 4) for at in range(0, max(len(table), 1), 4))
    held = Held(parts, table.schema)
    if isinstance(layout, Files):
        return bind_held(name, held)
    storage = open_storage(folder)
    write_rows(INLINE, storage, held, name, distribution=layout, mode="overwrite")
    bound = bound_table(storage, name, known_as=name)
    assert bound.facts.layout == layout
    return bound


@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
        HealthCheck.function_scoped_fixture,
    ],
)
@given(data=st.data(), query=queries())
def test_every_layout_and_number_of_nodes_gives_what_duckdb_gives(
    data: st.DataObject, query: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = str(tmp_path_factory.getbasetemp() / "random")
    stored = {name: arrow(name, data.draw(table_rows(name))) for name in COLUMNS}
    tables = {name: laid_out(folder, name, table, data.draw(layouts(name))) for name, table in stored.items()}
    expected = None
    with contextlib.suppress(duckdb.Error):
        expected = plain(query, stored)
    for nodes in (1, 3):
        if expected is None:
            with contextlib.suppress(SqlRuntimeError):
                rows(query, tables, nodes=nodes)
        else:
            assert same(rows(query, tables, nodes=nodes), expected), (nodes, query)
