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

    from engine.sql.plan.steps import Size

# measured: a stage of tasks has a floor of about 15 ms; at 250 MB/s between workers that is worth 4 MB.
STAGE_BYTES = 4e6


@dataclass(frozen=True, slots=True)
class ToKeys:
    """Rows go to the node of (value, canonical form) pairs."""

    keys: tuple[tuple[exp.Expr, str], ...]


@dataclass(frozen=True, slots=True)
class ToAll:
    """Every node gets all rows."""


@dataclass(frozen=True, slots=True)
class ToControl:
    """The control node gets all rows."""


Travel = ToKeys | ToAll | ToControl


def arrival(travel: Travel) -> Spread:
    """Where rows are after they travelled."""
    if isinstance(travel, ToKeys):
        return hashed_by(travel.keys)
    return Replicated() if isinstance(travel, ToAll) else Single()


def is_there(spread: Spread, travel: Travel) -> bool:
    """Whether nothing has to travel."""
    if isinstance(travel, ToControl):
        return not is_apart(spread)
    return isinstance(travel, ToAll) and isinstance(spread, Replicated)


def cost_of(travel: Travel | None, spread: Spread, size: Size, nodes: int) -> float:
    """Bytes that cross the network, and the price of the stage itself.

    Rows at control are handled by one node while the others wait, which costs as much as if each handled them
    all: a gather is priced like a broadcast.
    """
    if travel is None or is_there(spread, travel):
        return 0.0
    if isinstance(travel, ToKeys):
        if isinstance(spread, Replicated):
            return STAGE_BYTES  # a trim: nothing travels
        return STAGE_BYTES + size.bytes * (nodes - 1) / nodes
    return STAGE_BYTES + size.bytes * (nodes - 1)
