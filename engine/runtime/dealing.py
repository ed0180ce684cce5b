"""Which node reads which rows of a table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any

from engine.errors import OptionError
from engine.runtime.bound import Held, Stored
from engine.runtime.distribution import range_of
from engine.runtime.path_conditions import passing
from engine.runtime.skipping import may_match
from engine.sql.plan import Hash, Replicate

if TYPE_CHECKING:
    from datetime import date

    from engine.lake import Partition, Source
    from engine.runtime.bound import BoundTable
    from engine.sql.plan import Scan


@dataclass(frozen=True, slots=True)
class Share:
    """What one node reads of a stored table.

    Attributes:
        partitions: The partitions, in the source's order.
        distributions: Of these partitions, the rows of distributions from the first number up to the second;
            None for all rows.
        span: Of these partitions, the rows with such values; None for all rows.
    """

    partitions: tuple[Partition, ...]
    distributions: tuple[int, int] | None = None
    span: Values | None = None


@dataclass(frozen=True, slots=True)
class Values:
    """Values of a column from one up to another; None for no end.

    Attributes:
        column: The column, as it is stored.
        low: The least of them.
        end: What all of them are below.
    """

    column: str
    low: int | date | None
    end: int | date | None

    def among(self, partition: Partition) -> bool:
        """Whether the partition may hold rows with such values."""
        fact = partition.fact(self.column)
        if fact is None or fact.low is None or fact.high is None:
            return True
        below = self.end is not None and fact.low >= self.end
        return not below and not (self.low is not None and fact.high < self.low)


def deal_stored(table: BoundTable, scan: Scan, nodes: int, *, by_rows: bool = False) -> list[Share]:
    """Each node's share of a table in files, without the partitions that no row is needed of.

    A partition is what one Arrow read takes: of TPC-H's orders at scale 1 there are three, which two nodes
    share as 3 to 5. `by_rows` is for who reads by row numbers: shares end within a partition then.
    """
    rows = table.rows
    if not isinstance(rows, Stored):
        raise TypeError(f"{table.facts.name} is not stored")
    needed = _needed(table, rows.source, scan)
    if scan.whole or isinstance(table.facts.layout, Replicate) or nodes == 1:
        return [Share(tuple(needed))] * nodes
    if scan.span is not None:
        column = table.stored_names()[scan.span.column]
        return [_within(needed, Values(column, *ends)) for ends in pairwise((None, *scan.span.cuts, None))]
    if isinstance(table.facts.layout, Hash) and rows.distribution is not None:
        return [_owned(needed, rows.distribution, range_of(node, nodes)) for node in range(nodes)]
    if by_rows:
        needed = [part for one in needed for part in split_by_rows(one)]
    return [Share(tuple(part)) for part in dealt(needed, [_weight(one, scan) for one in needed], nodes)]


def split_by_rows(partition: Partition) -> Iterator[Partition]:
    """A part for each row group, in order, as if all had as many rows.

    That is how most writers make them; where one does not, a part ends within a row group, which whoever
    reads by row numbers then reads twice.
    """
    groups, rows = partition.row_groups or (), partition.rows
    if len(groups) < 2 or rows is None or rows < len(groups):
        yield partition
        return
    for at, group in enumerate(groups):

        def share(whole: int, at: int = at) -> int:
            return whole * (at + 1) // len(groups) - whole * at // len(groups)

        yield replace(
            partition,
            row_groups=(group,),
            rows=share(rows),
            stored=share(partition.stored),
            facts=tuple(replace(fact, stored=share(fact.stored)) for fact in partition.facts),
        )


def deal_held(table: BoundTable, scan: Scan, nodes: int) -> list[tuple[Any, ...]]:
    """Each node's parts of a table that lies on workers."""
    rows = table.rows
    if not isinstance(rows, Held):
        raise TypeError(f"{table.facts.name} is not held")
    if scan.whole or isinstance(table.facts.layout, Replicate) or nodes == 1:
        return [rows.parts] * nodes
    if isinstance(table.facts.layout, Hash) and len(rows.parts) != nodes:
        raise OptionError(
            f"'{table.facts.name}' lies by hash on {len(rows.parts)} nodes; the plan is for {nodes}.",
            "Plan for as many nodes, or bind it without a layout.",
            table=table.facts.name,
        )
    return [tuple(part) for part in dealt(rows.parts, [1.0] * len(rows.parts), nodes)]


def dealt(items: Sequence[Any], weights: Sequence[float], nodes: int) -> list[list[Any]]:
    """Runs of neighbours, one for each node, of about equal weight.

    >>> dealt("abcd", [1, 1, 1, 3], 2), dealt("ab", [1, 1], 3)
    ([['a', 'b', 'c'], ['d']], [['a'], [], ['b']])
    """
    runs: list[list[Any]] = [[] for _ in range(nodes)]
    whole = sum(weights) or 1.0
    ends = accumulate(weights)
    for item, weight, end in zip(items, weights, ends, strict=True):
        middle = (end - weight / 2) / whole
        runs[min(nodes - 1, int(middle * nodes))].append(item)
    return runs


def _needed(table: BoundTable, source: Source, scan: Scan) -> list[Partition]:
    filled = [partition for partition in source.partitions if partition.rows != 0]
    if scan.predicate is None:
        return filled
    names = _as_stored(table)
    kept = [partition for partition in filled if may_match(scan.predicate, partition, names)]
    return passing(scan.predicate, kept, source.schema, table.facts)


def _as_stored(table: BoundTable) -> Mapping[str, str]:
    """Names of the columns that are read as the type that they are stored in: of these bounds are known."""
    from engine.runtime.types import duckdb_name

    return {
        folded: name
        for folded, name in table.stored_names().items()
        if folded in table.facts.columns
        and table.facts.columns[folded].type == duckdb_name(table.schema.field(name).type)
    }


def _owned(partitions: Sequence[Partition], column: str, owned: tuple[int, int]) -> Share:
    first, end = owned
    held = [
        partition
        for partition in partitions
        if (fact := partition.fact(column)) is None
        or fact.low is None
        or (fact.low < end and fact.high >= first)
    ]
    return Share(tuple(held) if first < end else (), owned)


def _within(partitions: Sequence[Partition], values: Values) -> Share:
    return Share(tuple(one for one in partitions if values.among(one)), span=values)


def _weight(partition: Partition, scan: Scan) -> float:
    return float(partition.bytes_read(scan.columns) or partition.rows or 1)
