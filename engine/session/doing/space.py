"""DBCC PDW_SHOWSPACEUSED: rows and kilobytes of tables by distribution."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from engine.errors import BindError
from engine.lake import DISTRIBUTION, TableName, open_table
from engine.runtime import answer_of, layout_of
from engine.runtime.distribution import DISTRIBUTIONS
from engine.session.result import ResultSet
from engine.session.system.objects import stored_tables
from engine.session.types import sql_type
from engine.sql.plan import Replicate
from engine.sql.syntax import Name

if TYPE_CHECKING:
    from engine.lake import Partition, Source, Table
    from engine.session.doing.run import Run
    from engine.sql.syntax.statements.flow import Dbcc

_REPLICATED = -1


def show_table_space(run: Run, statement: Dbcc) -> None:
    """One row for each distribution of a table, or without a table for each node."""
    nodes = max(1, run.world.machine.nodes(0.0))
    if not statement.arguments:
        names = [TableName(found.key.schema, found.key.name) for found in stored_tables(run.world)]
        used = sum(_kilobytes(open_table(run.world.storage, name).source_with_hidden()) for name in names)
        _show(run, {**_spaces([used / nodes] * nodes), "pdw_node_id": list(range(1, nodes + 1))})
        return
    parts = statement.arguments[0].name.replace("[", "").replace("]", "").split(".")
    name = Name(parts[-1], parts[-2] if len(parts) > 1 else "")
    key = run.world.key(name)
    if run.world.table(key) is None:
        raise BindError(f"Invalid object name '{name}'.", 'Name a table: "schema.table".', name=str(name))
    table = open_table(run.world.storage, TableName(key.schema, key.name))
    source = table.source_with_hidden()
    if isinstance(layout_of(table), Replicate):
        rows, kilobytes = [source.rows or 0] * nodes, [float(_kilobytes(source))] * nodes
        places, ids = list(range(1, nodes + 1)), [_REPLICATED] * nodes
    else:
        rows = _rows_by_distribution(run, table, source)
        share = _kilobytes(source) / max(1, sum(rows))
        kilobytes = [count * share for count in rows]
        places = [number * nodes // DISTRIBUTIONS + 1 for number in range(DISTRIBUTIONS)]
        ids = list(range(1, DISTRIBUTIONS + 1))
    _show(run, {"rows": rows, **_spaces(kilobytes), "pdw_node_id": places, "distribution_id": ids})


def _rows_by_distribution(run: Run, table: Table, source: Source) -> list[int]:
    """Of a hash table as they are placed; of another one as a round robin would deal them."""
    if not table.has_hidden:
        whole, rest = divmod(source.rows or 0, DISTRIBUTIONS)
        return [whole + (at < rest) for at in range(DISTRIBUTIONS)]
    pool = run.world.machine.pool
    counted = pool.gather([pool.submit(_counts, source, one, label="sql-space") for one in source.partitions])
    return [int(count) for count in sum(counted, np.zeros(DISTRIBUTIONS, np.int64))]


def _counts(source: Source, partition: Partition) -> np.ndarray:
    numbers = source.read(partition, [DISTRIBUTION]).column(0).to_numpy()
    return np.bincount(numbers, minlength=DISTRIBUTIONS)


def _kilobytes(source: Source) -> int:
    return -(-sum(one.stored for one in source.partitions) // 1024)


def _spaces(kilobytes: list[float]) -> dict[str, list[int]]:
    used = [math.ceil(one) for one in kilobytes]
    nothing = [0] * len(used)
    return {"reserved_space": used, "data_space": used, "index_space": nothing, "unused_space": nothing}


def _show(run: Run, columns: dict[str, list[int]]) -> None:
    table = pa.table({name: pa.array(values, pa.int64()) for name, values in columns.items()})
    kinds = tuple((name, sql_type(pa.int64())) for name in columns)
    run.results.append(ResultSet(kinds, answer_of(run.world.machine.pool, table)))
    run.counted(len(table))
