"""How many rows of an external table are rejected, of all and of those that were read so far."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.errors import SqlRuntimeError
from engine.lake.csv_rows import PLACE, START
from engine.session.binding.rowset_files import FILE_PATH
from engine.session.loading.checking import BAD
from engine.session.loading.rejects import MAX_ERRORS, asked, counted_blocks

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from engine.session.binding.relations import Relation
    from engine.session.binding.rowset_options import Rejecting
    from engine.session.binding.world import World
    from engine.session.loading.rejects import Reject


def refuse_share(world: World, checked: Relation, rejecting: Rejecting, rejects: Sequence[Reject]) -> None:
    """Refuse an external table that rejects more rows than it allows.

    A percentage is held against all rows so far whenever another REJECT_SAMPLE_VALUE rows were read, and at
    the end.

    Args:
        world: The session's.
        checked: All rows, of which `BAD` tells the rejected ones.
        rejecting: What is allowed.
        rejects: The first rejected rows, at least one.

    Raises:
        SqlRuntimeError: So many are rejected; the hint names the first row.
    """
    for total, rows in _shares(world, checked, rejecting.sample):
        if total > rejecting.of(rows):
            threshold = f"{rejecting.allowed:g}{' %' if rejecting.percent else ' rows'}"
            raise SqlRuntimeError(
                f"Query aborted-- the maximum reject threshold ({threshold}) was reached while reading from "
                f"an external source: {total} rows rejected out of total {rows} rows processed.",
                f"The first: {rejects[0].reason}",
                number=MAX_ERRORS,
            )


def _shares(world: World, checked: Relation, sample: int) -> Iterator[tuple[int, int]]:
    """Rejected rows and all rows, after each sample and at the end; a sample of 0 rows is all."""
    blocks = counted_blocks(world, checked)
    rows = sum(count for _, _, count in blocks)
    found = _by_sample(world, checked, blocks, sample or rows)
    total = 0
    for at in sorted(found):
        total += found[at]
        yield total, min((at + 1) * (sample or rows), rows)


def _by_sample(
    world: World, checked: Relation, blocks: Sequence[tuple[str, int, int]], sample: int
) -> dict[int, int]:
    """How many rows each sample that has some rejects, by the sample's number from 0."""
    before, starts = 0, []
    for file, start, count in blocks:
        quoted = file.replace("'", "''")
        starts.append(f"(N'{quoted}', CAST({start} AS BIGINT), CAST({before} AS BIGINT))")
        before += count
    number = f"(b.n + r.[{PLACE}]) / {sample}"
    text = (
        f"SELECT {number} AS sample, COUNT_BIG(*) AS rejected FROM [{checked.name}] AS r "  # noqa: S608
        f"JOIN (VALUES {', '.join(starts)}) AS b(f, s, n) ON b.f = r.[{FILE_PATH}] AND b.s = r.[{START}] "
        f"WHERE r.[{BAD}] <> 0 GROUP BY {number}"
    )
    return {one["sample"]: one["rejected"] for one in asked(world, checked, text).to_pylist()}
