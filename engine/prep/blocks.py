"""What preparation reads from: data in partitions, whether in a lake or in memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa

if TYPE_CHECKING:
    from engine.lake import Source


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


def blocks_of(source: Source | Blocks) -> Blocks:
    """See a source of the lake as blocks."""
    if isinstance(source, Blocks):
        return source
    return Blocks(source.schema, source.partitions, source.reader.read)


def blocks_of_tables(tables: Sequence[pa.Table]) -> Blocks:
    """Treat tables in memory, all of one schema, as the partitions of a source."""
    return Blocks(tables[0].schema, tuple(tables), _select)


def _select(table: pa.Table, columns: Sequence[str]) -> pa.Table:
    return table.select(list(columns))
