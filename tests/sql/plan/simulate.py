"""A cluster in one process, for tests: a DuckDB connection per node, moves through Arrow, the plan's own fragments."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Self

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
from sqlglot import exp

from engine.sql.plan import (
    Broadcast,
    Files,
    Gather,
    Hash,
    Keep,
    Plan,
    Replicate,
    Scan,
    Shuffle,
    Site,
    Step,
    TableFacts,
    Trim,
    placing_keys,
)
from engine.sql.plan.distribution import Cuts

DISTRIBUTIONS = 60
CONTROL = 0


def connect() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.sql("SET threads=1")
    connection.sql("SET arrow_lossless_conversion=true")
    return connection


class Cluster:
    """Tables laid out over nodes, and a way to run plans on them."""

    def __init__(self, nodes: int, data: Mapping[str, pa.Table], facts: Mapping[str, TableFacts]) -> None:
        self.nodes = nodes
        self._connections = [connect() for _ in range(nodes)]
        for name, table in data.items():
            shares = self._laid_out(table, facts[name])
            for connection, share in zip(self._connections, shares, strict=True):
                connection.register("incoming", share)
                connection.sql(f'CREATE TABLE "{stored(facts[name].name)}" AS SELECT * FROM incoming')
                connection.unregister("incoming")
                connection.register("incoming", table)
                connection.sql(f'CREATE TABLE "{whole(facts[name].name)}" AS SELECT * FROM incoming')
                connection.unregister("incoming")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for connection in self._connections:
            connection.close()

    def _laid_out(self, table: pa.Table, facts: TableFacts) -> list[pa.Table]:
        if isinstance(facts.layout, Replicate):
            return [table] * self.nodes
        if isinstance(facts.layout, Files):  # contiguous chunks of uneven size; the first node may have none
            cuts = [table.num_rows * at * at // self.nodes**2 for at in range(self.nodes + 1)]
            return [table.slice(start, end - start) for start, end in pairwise(cuts)]
        keys = placing_keys(facts) if isinstance(facts.layout, Hash) else ()
        return self._dealt(self._connections[0], table, keys)

    def _dealt(
        self,
        connection: duckdb.DuckDBPyConnection,
        table: pa.Table,
        keys: Sequence[exp.Expr],
        cuts: Cuts = (),
    ) -> list[pa.Table]:
        """The rows for each node: by the range or the distribution of their keys, or in turn."""
        listed = ", ".join(key.sql(dialect="duckdb") for key in keys)
        number = f"(hash({listed}) % {DISTRIBUTIONS})" if keys else "row_number() OVER ()"
        if cuts:
            assert len(cuts) == self.nodes - 1
            number = f"({' + '.join(f'({listed} >= {sql_of(cut)})::INT' for cut in cuts)})"
        connection.register("dealt", table)
        marked = connection.sql(f"SELECT *, coalesce({number} % {self.nodes}, 0)::INT AS __node FROM dealt")
        whole = marked.to_arrow_table()
        connection.unregister("dealt")
        node = whole.column("__node")
        rows = whole.drop_columns(["__node"])
        return [rows.filter(pc.equal(node, at)) for at in range(self.nodes)]

    def run(self, plan: Plan) -> pa.Table:
        """The plan's result."""
        assert plan.nodes == self.nodes
        try:
            for step in plan.steps[:-1]:
                self._move(step, self._results(step))
            last = plan.steps[-1]
            return pa.concat_tables(self._results(last))
        finally:
            for step in plan.steps:
                for connection in self._connections:
                    connection.sql(f'DROP TABLE IF EXISTS "{step.name}"')

    def _results(self, step: Step) -> list[pa.Table]:
        """What the step's fragment yields on each node that runs it."""
        at = range(self.nodes) if step.site is Site.NODES else [CONTROL]
        return [self._query(self._connections[node], step) for node in at]

    def _query(self, connection: duckdb.DuckDBPyConnection, step: Step) -> pa.Table:
        node = self._connections.index(connection)
        for scan in step.fragment.scans:
            connection.sql(f'CREATE OR REPLACE TEMP VIEW "{scan.name}" AS {scan_sql(scan, node)}')
        try:
            return connection.sql(step.fragment.sql()).to_arrow_table()
        finally:
            for scan in step.fragment.scans:
                connection.sql(f'DROP VIEW temp."{scan.name}"')

    def _move(self, step: Step, results: list[pa.Table]) -> None:
        move = step.move
        everything = pa.concat_tables(results)
        if isinstance(move, Broadcast):
            self._store(step.name, [everything] * self.nodes)
        elif isinstance(move, Gather):
            self._store(step.name, [everything], only=CONTROL)
        elif isinstance(move, Keep):
            self._store(step.name, results)
        elif isinstance(move, Trim):
            assert step.site is Site.NODES
            own = [
                self._dealt(self._connections[0], rows, move.keys, move.cuts)[at]
                for at, rows in enumerate(results)
            ]
            self._store(step.name, own)
        else:
            assert isinstance(move, Shuffle)
            self._store(step.name, self._dealt(self._connections[0], everything, move.keys, move.cuts))

    def _store(self, name: str, shares: Iterable[pa.Table], only: int | None = None) -> None:
        listed = list(shares)
        at = self._connections[: len(listed)] if only is None else [self._connections[only]]
        for connection, share in zip(at, listed, strict=True):
            connection.register("incoming", share)
            connection.sql(f'CREATE TABLE "{name}" AS SELECT * FROM incoming')
            connection.unregister("incoming")


def stored(table: str) -> str:
    """The name of a table's share in a node's database; no scan is called so."""
    return f"stored {table}"


def whole(table: str) -> str:
    """The name of all rows of a table in a node's database."""
    return f"all of {table}"


def sql_of(cut: object) -> str:
    return exp.convert(cut).sql(dialect="duckdb")


def scan_sql(scan: Scan, node: int) -> str:
    """A scan, as strict as the contract allows: no other column, no row that the predicate refuses."""
    columns = ", ".join(f'"{name}"' for name in scan.columns) or "1 AS nothing"
    tests = [scan.predicate.sql(dialect="duckdb")] if scan.predicate is not None else []
    if scan.span is not None:
        ends = (None, *scan.span.cuts, None)
        tests += [f'"{scan.span.column}" >= {sql_of(ends[node])}'] if ends[node] is not None else []
        tests += [f'"{scan.span.column}" < {sql_of(ends[node + 1])}'] if ends[node + 1] is not None else []
    where = f" WHERE {' AND '.join(f'({test})' for test in tests)}" if tests else ""
    rows = stored(scan.table) if scan.span is None and not scan.whole else whole(scan.table)
    return f'SELECT {columns} FROM "{rows}"{where}'
