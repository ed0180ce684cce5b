"""Where preparation reads from and who does its work: two seams, so that it needs neither lake nor pool."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import pyarrow as pa


class Runner(Protocol):
    """Runs one function over many items. `pools.Pool` is one."""

    def stream(
        self, fn: Callable[[Any], Any], items: Iterable[Any], *, label: str
    ) -> Iterator[tuple[int, Any]]:
        """Yield (index of the item, result) as results come; the first failure stops the rest."""
        ...


class InlineRunner:
    """Runs everything here and now, in one thread: for small work, and for whoever has no pool."""

    def stream(
        self, fn: Callable[[Any], Any], items: Iterable[Any], *, label: str
    ) -> Iterator[tuple[int, Any]]:
        del label
        for index, item in enumerate(items):
            yield index, fn(item)


@dataclass(frozen=True, slots=True)
class Blocks:
    """Data in partitions.

    Attributes:
        schema: The columns of every partition.
        parts: One small picklable value per partition.
        read: `read(part, columns)` gives those columns of that partition, in a worker; must pickle.
    """

    schema: pa.Schema
    parts: tuple[Any, ...]
    read: Callable[[Any, Sequence[str]], pa.Table]


class Readable(Protocol):
    """What preparation needs of a source; `engine.lake.source.Source` is one."""

    @property
    def schema(self) -> pa.Schema: ...
    @property
    def partitions(self) -> tuple[Any, ...]: ...
    @property
    def reader(self) -> Any: ...


def blocks_of(source: Readable | Blocks) -> Blocks:
    """See a source of the lake as blocks."""
    if isinstance(source, Blocks):
        return source
    return Blocks(source.schema, source.partitions, source.reader.read)


def blocks_of_tables(tables: Sequence[pa.Table]) -> Blocks:
    """Treat tables in memory, all of one schema, as the partitions of a source."""
    return Blocks(tables[0].schema, tuple(tables), _select)


def _select(table: pa.Table, columns: Sequence[str]) -> pa.Table:
    return table.select(list(columns))
