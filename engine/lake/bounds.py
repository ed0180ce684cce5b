"""What is known of the columns of several partitions without reading their rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from engine.lake.format_table import format_named
from engine.lake.partition import ColumnFacts

if TYPE_CHECKING:
    from engine.lake.partition import Partition
    from engine.lake.storage import Storage


def known_of(storage: Storage, partitions: Sequence[Partition]) -> dict[str, ColumnFacts]:
    """The columns of which all partitions tell bounds and number of nulls, by their files or their paths.

    Each file is opened once, for its footer alone.

    Raises:
        FormatError: A file cannot be read.
    """
    found: dict[str, ColumnFacts] | None = None
    for one in _by_file(partitions):
        here = dict(_bounded(_told(storage, one)))
        if found is not None:
            here = {name: _both(found[name], fact) for name, fact in here.items() if name in found}
        found = here
        if not found:
            break
    return found or {}


def _by_file(partitions: Sequence[Partition]) -> Iterable[Partition]:
    """One partition for each file, of all its row groups."""
    files: dict[str, Partition] = {}
    for one in partitions:
        before = files.get(one.location)
        groups = (*(before.row_groups or () if before else ()), *(one.row_groups or ()))
        files[one.location] = replace(one, row_groups=groups)
    return files.values()


def _told(storage: Storage, partition: Partition) -> Iterable[ColumnFacts]:
    facts = format_named(partition.format).facts
    yield from facts(storage, partition) if facts is not None else ()
    for name, value in partition.hive:  # the path has the last word, as where rows are read
        yield ColumnFacts(name, 0, int(value is None), value, value)


def _bounded(facts: Iterable[ColumnFacts]) -> Mapping[str, ColumnFacts]:
    last = {fact.name: fact for fact in facts}
    return {
        name: fact
        for name, fact in last.items()
        if fact.nulls is not None and fact.low is not None and fact.high is not None
    }


def _both(one: ColumnFacts, other: ColumnFacts) -> ColumnFacts:
    return ColumnFacts(
        one.name,
        one.stored + other.stored,
        (one.nulls or 0) + (other.nulls or 0),
        min(one.low, other.low),
        max(one.high, other.high),
    )
