"""Rows that lie on workers become a table: each part is written where it lies, one commit shows all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from sqlglot import exp

from engine.errors import NotFoundError, OptionError, WriteError
from engine.lake import (
    DISTRIBUTION,
    Table,
    TableName,
    TableWriter,
    abort_write,
    begin_write,
    commit_write,
    delta_schema,
    open_table,
)
from engine.runtime.distribution import with_distribution, with_node
from engine.runtime.fragments import FragmentTask, Input
from engine.runtime.kernel import Settings
from engine.runtime.layouts import is_of_this_function, spell_layout
from engine.runtime.output import part_of
from engine.runtime.tables import layout_of
from engine.runtime.types import duckdb_name
from engine.runtime.write_tasks import ClusterTask, WriteTask
from engine.sql.plan import ColumnFacts, Hash, Layout, RoundRobin, TableFacts, placing_keys

if TYPE_CHECKING:
    from engine.lake import Storage, WrittenPart
    from engine.lake.ranges import Ranges
    from engine.runtime.bound import Held
    from engine.runtime.tasks import Tasks

_HIDDEN = pa.field(DISTRIBUTION, pa.int8())
_INPUT = "rows"
_ROWS = exp.Select(expressions=[exp.Star()]).from_(_INPUT)


def write_rows(
    pool: Tasks,
    storage: Storage,
    rows: Held,
    name: str | TableName,
    *,
    distribution: Layout | None = None,
    ranges: Ranges | None = None,
    mode: str = "create",
    base: int | None = None,
    metadata: Mapping[str, Any] | None = None,
) -> tuple[Table, int]:
    """Write rows that lie on workers into a table: each part where it lies, one commit for all.

    Args:
        pool: Where the rows are.
        storage: The workspace's files.
        rows: `Answer.held()`, or a few rows of the client's; each column has a name of its own.
        name: The table.
        distribution: `Hash`, `RoundRobin` or `Replicate`; by default as the table is, or round robin.
        ranges: The table's partitions: no file holds rows of two.
        mode: `create`, `overwrite` or `append`.
        base: The version that the rows of an `overwrite` were computed from; no later one is replaced.
        metadata: What the table's history tells of this version.

    Returns:
        The table at the new version, and the rows written.

    Raises:
        ConflictError: Another write committed since `base`, or while this one ran.
        WriteError: The mode does not fit, a column or value that the table cannot hold, or the commit was
            refused; the table is as it was, and no file of this write is left.
        NotFoundError: There is no table to append to.
        OptionError: A hash column that there is not, or of a type that is not hashed.
    """
    target = _target(storage, rows, TableName.parse(name), distribution, mode)
    adds = mode == "append"
    writer = begin_write(
        storage,
        name,
        mode=mode,
        schema=None if adds else target.stored,
        description=None if adds else spell_layout(target.layout),
        base=base,
    )
    try:
        written = pool.gather(_sent(pool, rows, writer, target, ranges))
        version = commit_write(writer, written, metadata=metadata)
    except BaseException:
        abort_write(writer)
        raise
    return open_table(storage, writer.name, version), sum(part.rows for part in written)


def write_parts(
    pool: Tasks, storage: Storage, rows: Held, writer: TableWriter, *, ranges: Ranges | None = None
) -> list[WrittenPart]:
    """Write rows of a table's columns as files that no commit names yet, laid out as the table is.

    Args:
        pool: Where the rows are.
        storage: The workspace's files.
        rows: What to write.
        writer: Of a table that is there; whoever has it commits the parts.
        ranges: See `write_rows`.

    Raises:
        WriteError: A column or value that the table cannot hold.
    """
    target = _target(storage, rows, writer.name, None, "append")
    written: list[WrittenPart] = pool.gather(_sent(pool, rows, writer, target, ranges))
    return written


@dataclass(frozen=True, slots=True)
class _Target:
    """What is written to: the columns that users see, and how rows are to lie."""

    name: TableName
    shown: pa.Schema
    layout: Layout

    @property
    def stored(self) -> pa.Schema:
        """All columns of the files."""
        return self.shown.append(_HIDDEN) if isinstance(self.layout, Hash) else self.shown

    def keys(self) -> tuple[exp.Expr, ...]:
        """What decides the distribution of a row that is yet to be cast to the table's columns."""
        columns = {field.name: ColumnFacts(duckdb_name(field.type)) for field in self.shown}
        facts = TableFacts(str(self.name), columns, self.layout)
        keys = placing_keys(facts)
        if not keys:
            raise OptionError(
                f"{self.name} cannot be distributed by {self.layout}.",
                "Distribute by columns of numbers, texts, dates or times, or use ROUND_ROBIN.",
                table=str(self.name),
            )
        return tuple(key.transform(_stored_value, facts) for key in keys)


def _stored_value(node: exp.Expr, facts: TableFacts) -> exp.Expr:
    """A column as it will be stored; a value that cannot be stored is refused when it is written."""
    if not isinstance(node, exp.Column):
        return node
    kind = exp.DataType.build(facts.columns[node.name.lower()].type, dialect="duckdb")
    return exp.TryCast(this=node.copy(), to=kind)


def _target(storage: Storage, rows: Held, name: TableName, distribution: Layout | None, mode: str) -> _Target:
    known = _known(storage, name)
    if mode != "append" or known is None:
        layout = distribution or (RoundRobin() if known is None else layout_of(known))
        target = _Target(name, delta_schema(rows.schema), layout)
    else:
        target = _Target(name, known.schema, _appended_layout(known, distribution))
    if isinstance(target.layout, Hash):
        target.keys()
    return target


def _known(storage: Storage, name: TableName) -> Table | None:
    try:
        return open_table(storage, name)
    except NotFoundError:
        return None


def _appended_layout(table: Table, distribution: Layout | None) -> Layout:
    layout = layout_of(table)
    if distribution is not None and distribution != layout:
        raise WriteError(
            f"{table.name} is distributed by {spell_layout(layout)}.",
            "Leave the distribution out, or write the table anew.",
            table=table.name,
        )
    if isinstance(layout, Hash) and not is_of_this_function(table.description):
        raise WriteError(
            f"{table.name} was distributed by another version of the hash function.",
            "Write it anew with CREATE TABLE AS SELECT before rows are added.",
            table=table.name,
        )
    return layout


def _sent(pool: Tasks, rows: Held, writer: TableWriter, target: _Target, ranges: Ranges | None) -> list[Any]:
    """A future for each file that is written: by part, or of a `Hash` layout by range of distributions."""
    if not isinstance(target.layout, Hash):
        return [
            pool.submit(WriteTask(writer, number, ranges), part, label="sql-write")
            for number, part in enumerate(rows.parts)
        ]
    keys = target.keys()
    pieces = [[part] for part in rows.parts] if len(rows.parts) == 1 else _placed(pool, rows, keys)
    query = with_distribution(_ROWS, keys).order_by(exp.column(DISTRIBUTION, quoted=True), copy=False)
    sql = query.sql(dialect="duckdb")
    return [
        pool.submit(ClusterTask(writer, _over_rows(sql, number, len(mine)), ranges), *mine, label="sql-write")
        for number, mine in enumerate(pieces)
    ]


def _placed(pool: Tasks, rows: Held, keys: tuple[exp.Expr, ...]) -> list[list[Any]]:
    """For each range of distributions what every part has of it."""
    ranges = len(rows.parts)
    sql = with_node(_ROWS, keys, ranges).sql(dialect="duckdb")
    outputs = [
        pool.submit(replace(_over_rows(sql, at, 1), split=ranges), part, label="sql-place")
        for at, part in enumerate(rows.parts)
    ]
    return [
        [pool.submit(part_of, output, at, label="sql-part") for output in outputs] for at in range(ranges)
    ]


def _over_rows(sql: str, number: int, parts: int) -> FragmentTask:
    return FragmentTask(Settings(), sql, number, inputs=(Input(_INPUT, parts),), plain=True)
