"""Ways for rows to travel between nodes: where they are afterwards, and what it costs.

Costs are bytes over the network in all. A dedicated SQL pool's cost model counts nothing else, and DuckDB
makes what happens inside a fragment cheap beside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.sql.plan.distribution import Replicated, Single, Spread, hashed_by, is_apart

if TYPE_CHECKING:
    from sqlglot import exp

    from engine.sql.plan.distribution import Cuts
    from engine.sql.plan.steps import Size

# measured: a stage of tasks has a floor of about 15 ms; at 250 MB/s between workers that is worth 4 MB.
STAGE_BYTES = 4e6
# measured on TPC-H: DuckDB reads what a byte of columns is in memory in about a quarter of the time that it
# travels, and puts a row that is left into a hash table in half.
_READ_SHARE = 0.25
_KEPT_SHARE = 0.5
# What each node holds then, it holds for itself: no more than a worker of the smallest size can.
_KEPT_BYTES = 256e6


@dataclass(frozen=True, slots=True)
class ToKeys:
    """Rows go to the node of (value, canonical form) pairs: of their hash, or with `cuts` of the range."""

    keys: tuple[tuple[exp.Expr, str], ...]
    cuts: Cuts = ()


@dataclass(frozen=True, slots=True)
class ToAll:
    """Every node gets all rows."""


@dataclass(frozen=True, slots=True)
class ReadByAll:
    """Nothing travels: every node reads all of the table itself.

    Attributes:
        cost: What that is worth in bytes over the network.
    """

    cost: float


@dataclass(frozen=True, slots=True)
class ToControl:
    """The control node gets all rows."""


Travel = ToKeys | ToAll | ReadByAll | ToControl


def arrival(travel: Travel) -> Spread:
    """Where rows are after they travelled."""
    if isinstance(travel, ToKeys):
        return hashed_by(travel.keys, travel.cuts)
    return Single() if isinstance(travel, ToControl) else Replicated()


def is_there(spread: Spread, travel: Travel) -> bool:
    """Whether nothing has to travel."""
    if isinstance(travel, ToControl):
        return not is_apart(spread)
    return isinstance(travel, ToAll | ReadByAll) and isinstance(spread, Replicated)


def read_by_all(raw: float, kept: Size, nodes: int) -> ReadByAll | None:
    """That each node reads so many bytes and keeps some rows, not its share alone; None for too many."""
    if kept.bytes > _KEPT_BYTES:
        return None
    return ReadByAll((raw * _READ_SHARE + kept.bytes * _KEPT_SHARE) * (nodes - 1))


def cost_of(travel: Travel | None, spread: Spread, size: Size, nodes: int) -> float:
    """Bytes that cross the network, and the price of the stage itself.

    Rows at control are handled by one node while the others wait, which costs as much as if each handled them
    all: a gather is priced like a broadcast.
    """
    if travel is None or is_there(spread, travel):
        return 0.0
    if isinstance(travel, ReadByAll):
        return travel.cost
    if isinstance(travel, ToKeys):
        if isinstance(spread, Replicated):
            return STAGE_BYTES  # a trim: nothing travels
        return STAGE_BYTES + size.bytes * (nodes - 1) / nodes
    return STAGE_BYTES + size.bytes * (nodes - 1)
