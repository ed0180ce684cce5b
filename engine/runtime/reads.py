"""What a plan would read: the files that its scans open, without opening any."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.runtime.bound import Stored
from engine.runtime.scans import ArrowOpening, FilesOpening, bytes_of, openings

if TYPE_CHECKING:
    from engine.runtime.bound import BoundTable
    from engine.sql.plan import Plan


@dataclass(frozen=True, slots=True)
class Read:
    """What one scan reads.

    Attributes:
        table: The table's name.
        files: Locations, in order.
        there: Files of the table.
        bytes: Bytes to be fetched, at the most.
    """

    table: str
    files: tuple[str, ...]
    there: int
    bytes: int


def reads_of(plan: Plan, tables: Mapping[str, BoundTable]) -> list[Read]:
    """What every scan of a plan over files would open, after leaving out what statistics rule out."""
    named = {table.facts.name: table for table in tables.values()}
    found = []
    for scan in plan.scans:
        table = named[scan.table]
        if not isinstance(table.rows, Stored):
            continue
        files: set[str] = set()
        size = 0
        for opening, _ in openings(table, scan, plan.nodes):
            size += bytes_of(opening)
            if isinstance(opening, FilesOpening):
                files |= {one.location for one in opening.files}
            elif isinstance(opening, ArrowOpening):
                files |= {one.location for one in opening.partitions}
        there = len({one.location for one in table.rows.source.partitions})
        found.append(Read(scan.table, tuple(sorted(files)), there, size))
    return found
