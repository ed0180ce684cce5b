"""What the machine in `pools.state` is told, and what it asks for: plain values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pools.policy import Load, Policy


@dataclass(frozen=True, slots=True)
class Start:
    """`start` was called."""


@dataclass(frozen=True, slots=True)
class Resume:
    """`resume` was called."""


@dataclass(frozen=True, slots=True)
class Failed:
    """Neither scheduler nor workers came up; all of it has been undone."""


@dataclass(frozen=True, slots=True)
class Pause:
    """`pause` was called."""


@dataclass(frozen=True, slots=True)
class Close:
    """`close` was called."""


@dataclass(frozen=True, slots=True)
class Scale:
    """`scale` was called."""

    nodes: int


@dataclass(frozen=True, slots=True)
class Unscale:
    """What `scale` asked for cannot be had; this is how it was before."""

    policy: Policy


@dataclass(frozen=True, slots=True)
class Hold:
    """A `hold` block was opened."""


@dataclass(frozen=True, slots=True)
class Release:
    """A `hold` block was left."""


@dataclass(frozen=True, slots=True)
class Observed:
    """The driver was looked at."""

    load: Load
    now: float


@dataclass(frozen=True, slots=True)
class Grown:
    """Workers that were asked for have come up, or have not."""

    count: int
    now: float
    trouble: str | None = None


@dataclass(frozen=True, slots=True)
class Retired:
    """A worker that was to leave is gone, or stays because it could not leave."""

    worker: str
    now: float
    gone: bool


@dataclass(frozen=True, slots=True)
class Spared:
    """A worker that was to leave need not; if it was too late the next look will tell."""

    worker: str


Command = Start | Resume | Failed | Pause | Close
Sight = Observed | Grown | Retired | Spared
Event = Command | Scale | Unscale | Hold | Release | Sight


@dataclass(frozen=True, slots=True)
class Grow:
    """Ask the driver for so many more workers."""

    count: int


@dataclass(frozen=True, slots=True)
class Retire:
    """Ask the driver to let a worker go."""

    worker: str


@dataclass(frozen=True, slots=True)
class Spare:
    """Take back a `Retire`."""

    worker: str


@dataclass(frozen=True, slots=True)
class GiveUp:
    """No worker comes up, so nobody should go on waiting for one."""

    reason: str


Action = Grow | Retire | Spare | GiveUp
