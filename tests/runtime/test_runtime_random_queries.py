"""Random queries on random rows: one node, three nodes and plain DuckDB agree, however the rows lie."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from decimal import Decimal
from uuid import uuid4

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from random_queries import COLUMNS, queries, table_rows
from runtime_runs import INLINE, plain, rows, same

from engine.errors import SqlRuntimeError
from engine.lake import Storage, open_dataset, open_storage
from engine.runtime import BoundTable, Held, bind_held, bind_source, bound_table, write_rows
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
def layouts(draw: st.DrawFn, name: str) -> Layout | None:
    """A layout, or None for files in order of the first column."""
    key = draw(st.sampled_from(KEYS[name]))
    return draw(st.sampled_from([Hash((key,)), RoundRobin(), Replicate(), Files(), None]))


def arrow(name: str, listed: list[tuple]) -> pa.Table:
    columns = {}
    for at, (column, kind) in enumerate(COLUMNS[name].items()):
        values = [row[at] for row in listed]
        if kind.startswith("DECIMAL"):
            values = [None if value is None else Decimal(str(value)) for value in values]
        columns[column] = pa.array(values, ARROW[kind])
    return pa.table(columns)


def laid_out(folder: str, name: str, table: pa.Table, layout: Layout | None) -> BoundTable:
    """In several parts: held ones, or those of a table that was written so."""
    parts = tuple(table.slice(at, 4) for at in range(0, max(len(table), 1), 4))
    held = Held(parts, table.schema)
    if isinstance(layout, Files):
        return bind_held(name, held)
    storage = open_storage(folder)
    if layout is None:
        return in_order(storage, name, table)
    write_rows(INLINE, storage, held, name, distribution=layout, mode="overwrite")
    bound = bound_table(storage, name, known_as=name)
    assert bound.facts.layout == layout
    return bound


def in_order(storage: Storage, name: str, table: pa.Table) -> BoundTable:
    """A file of several row groups in order of the first column, said to have many values and many rows."""
    location = f"{name}-{uuid4().hex}.parquet"
    pq.write_table(
        table.sort_by(table.column_names[0]), f"{storage.resolve('.')}/{location}", row_group_size=3
    )
    bound = bind_source(name, open_dataset(storage, location, partition_bytes=1).source())
    columns = {column: replace(known, distinct=1e6) for column, known in bound.facts.columns.items()}
    return replace(bound, facts=replace(bound.facts, columns=columns, rows=1e8))


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
