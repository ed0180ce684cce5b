"""The three small tables of `random_queries`, with NULLs and duplicates, for tests of meaning."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from random import Random

import pyarrow as pa
import pyarrow.compute as pc
from random_queries import CELLS, COLUMNS

from engine.sql.plan import ColumnFacts, Files, Hash, Layout, Order, Replicate, RoundRobin, TableFacts

ARROW = {
    "INTEGER": pa.int32(),
    "BIGINT": pa.int64(),
    "SMALLINT": pa.int16(),
    "VARCHAR": pa.string(),
    "DOUBLE": pa.float64(),
    "DECIMAL(10,2)": pa.decimal128(10, 2),
}
KEYS = {name: next(iter(columns)) for name, columns in COLUMNS.items()}
LAYOUTS: dict[str, dict[str, Layout]] = {
    "hashed": {"t": Hash(("a",)), "u": Hash(("a",)), "v": Hash(("k",))},
    "hashed by texts": {"t": Hash(("s",)), "u": Hash(("s",)), "v": Hash(("x",))},
    "hashed by two": {"t": Hash(("a", "b")), "u": Hash(("a", "c")), "v": Replicate()},
    "scattered": {"t": RoundRobin(), "u": Files(), "v": RoundRobin()},
    "replicated": {"t": Replicate(), "u": Replicate(), "v": Hash(("k",))},
}


def as_arrow(name: str, rows: Iterable[Sequence[object]]) -> pa.Table:
    """Rows as a table of one of the small tables' types."""
    listed = list(rows)
    columns = COLUMNS[name].items()
    return pa.table(
        {
            column: pa.array([row[at] for row in listed], ARROW[kind])
            for at, (column, kind) in enumerate(columns)
        }
    )


def sample(seed: int, rows: int) -> dict[str, pa.Table]:
    """Random rows for all three."""
    random = Random(seed)

    def cell(kind: str) -> object:
        return None if random.random() < 0.2 else random.choice(CELLS[kind])

    return {
        name: as_arrow(name, ([cell(kind) for kind in columns.values()] for _ in range(rows)))
        for name, columns in COLUMNS.items()
    }


def small_facts(layout: Mapping[str, Layout], rows: float) -> dict[str, TableFacts]:
    """Facts of the small tables, pretending to a number of rows."""
    return {
        name: TableFacts(name, {c: ColumnFacts(kind) for c, kind in columns.items()}, layout[name], rows=rows)
        for name, columns in COLUMNS.items()
    }


def ordered_facts(rows: float) -> dict[str, TableFacts]:
    """Facts of the small tables as files in order of their keys, of which all have many values."""
    order = Order(tuple([1] * 20 + [2] * 20 + [3] * 19), overlap=0.01)
    return {
        name: replace(
            facts,
            columns={
                column: replace(known, distinct=1e6, order=order) if column == KEYS[name] else known
                for column, known in facts.columns.items()
            },
        )
        for name, facts in small_facts({name: Files() for name in COLUMNS}, rows).items()
    }


def with_keys(data: Mapping[str, pa.Table]) -> dict[str, pa.Table]:
    """The same rows with 2 for a key that is NULL: where files are in order of a key, it has none."""
    return {
        name: table.set_column(0, KEYS[name], pc.fill_null(table.column(0), 2))
        for name, table in data.items()
    }
