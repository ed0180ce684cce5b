"""Units: what a scoring counts. A row group of a file, a range of a text file, a partition of a frame."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from engine.lake.portable import partition_from_json, partition_to_json

if TYPE_CHECKING:
    import pyarrow as pa

    from engine.lake import Partition, Source, Storage


# Rows of a row group that are scored together; only a group of half as many more is divided.
SPAN = 1 << 20


@dataclass(frozen=True, slots=True)
class Unit:
    """Rows that are scored together, once.

    Attributes:
        file: What the table of scores calls the file.
        key: Identity of the rows: file, its stamp, row group. Another content has another key.
        weight: Bytes to read, by which units are packed.
        rows: Number of rows; None where only reading tells. Of row groups read together, an even share.
        partition: Where to read them; None for a partition of a Dask DataFrame.
        number: Which partition of the frame.
    """

    file: str
    key: str
    weight: int
    rows: int | None
    partition: Partition | None
    number: int = 0

    @property
    def origin(self) -> str:
        """The file or frame without its stamp: rows of another state of it take the place of these."""
        return self.file if self.partition is None else self.partition.location

    def to_json(self, schema: pa.Schema) -> dict[str, Any]:
        return {
            "file": self.file,
            "key": self.key,
            "weight": self.weight,
            "rows": self.rows,
            "partition": None if self.partition is None else partition_to_json(self.partition, schema),
            "number": self.number,
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any], schema: pa.Schema) -> Unit:
        found = stored["partition"]
        partition = None if found is None else partition_from_json(found, schema)
        return cls(
            stored["file"], stored["key"], stored["weight"], stored["rows"], partition, stored["number"]
        )


def units_of_source(
    storage: Storage,
    source: Source,
    reads: Sequence[str],
    name: str | None = None,
    contents: Mapping[str, str] | None = None,
) -> list[Unit]:
    """The units of files, in the order of the source.

    Args:
        storage: The workspace's files.
        source: What is scored.
        reads: The columns that are read.
        name: What the table of scores calls every file; by default each by its path.
        contents: Of files that are made anew for every job: what they hold, by their places.
    """
    known = contents or {}
    return [
        unit
        for partition in source.partitions
        for unit in _units(storage, partition, reads, name, known.get(partition.location))
    ]


def _units(
    storage: Storage, partition: Partition, reads: Sequence[str], name: str | None, content: str | None
) -> Iterator[Unit]:
    file = storage.relative(partition.location)
    stamp = content or f"{file}@{partition.stamp.size}:{partition.stamp.mark}"
    groups = partition.row_groups
    if groups is None:
        place = "all" if partition.byte_range is None else "{}-{}".format(*partition.byte_range)
        key = f"{stamp}#bytes {place}"
        yield Unit(name or file, key, partition.stored, partition.rows, replace(partition, facts=()))
        return
    fetched = partition.bytes_read(reads)
    if len(groups) == 1 and (partition.rows or 0) > 1.5 * SPAN:
        yield from _spans(partition, fetched, f"{stamp}#group {groups[0]}", name or file)
        return
    for at, group in enumerate(groups):
        rows = _share(partition.rows, at, len(groups))
        stored = _share(partition.stored, at, len(groups)) or 0
        one = replace(partition, row_groups=(group,), rows=rows, stored=stored, facts=())
        weight = _share(fetched, at, len(groups)) or 0
        yield Unit(name or file, f"{stamp}#group {group}", weight, rows, one)


def _spans(partition: Partition, fetched: int, key: str, file: str) -> Iterator[Unit]:
    """A large row group in stretches of rows: several cores can share it out."""
    rows = partition.rows or 0
    parts = -(-rows // SPAN)
    for at in range(parts):
        span = (rows * at // parts, rows * (at + 1) // parts)
        stored = _share(partition.stored, at, parts) or 0
        one = replace(partition, rows=span[1] - span[0], stored=stored, facts=(), span=span)
        yield Unit(file, f"{key} rows {span[0]}-{span[1]}", _share(fetched, at, parts) or 0, one.rows, one)


def joined(units: Sequence[Unit]) -> list[Unit]:
    """The units as they are read: stretches of one row group that follow each other at one go."""
    made: list[Unit] = []
    for unit in units:
        whole = _together(made[-1].partition, unit.partition) if made else None
        if whole is None:
            made.append(unit)
        else:
            made[-1] = replace(made[-1], partition=whole)
    return made


def _together(one: Partition | None, other: Partition | None) -> Partition | None:
    """Both as one stretch; None where the second does not follow the first."""
    if one is None or other is None or one.span is None or other.span is None:
        return None
    if (one.location, one.row_groups, one.span[1]) != (other.location, other.row_groups, other.span[0]):
        return None
    rows = other.span[1] - one.span[0]
    return replace(one, span=(one.span[0], other.span[1]), rows=rows, stored=one.stored + other.stored)


def _share(total: int | None, at: int, parts: int) -> int | None:
    """An even share, the shares of all parts adding up to the total."""
    return None if total is None else total * (at + 1) // parts - total * at // parts


def units_of_frame(name: str, token: str, partitions: int) -> list[Unit]:
    """The units of a Dask DataFrame; `token` is Dask's own name for what it computes."""
    return [
        Unit(f"{name} partition {number}", f"{token}#partition {number}", 1, None, None, number)
        for number in range(partitions)
    ]
