"""How much a dedicated pool of a size admits at a time: the sixteen levels of dedicated SQL pools.

Figures: "Memory and concurrency limits for dedicated SQL pool" of Azure's documentation.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from engine.errors import OptionError

# DWU: requests at a time with static resource classes and with dynamic ones, least percent for a request.
_LEVELS: dict[int, tuple[int, int, str]] = {
    100: (4, 4, "25"),
    200: (8, 8, "12.5"),
    300: (12, 12, "8"),
    400: (16, 16, "6.25"),
    500: (20, 20, "5"),
    1000: (32, 32, "3"),
    1500: (32, 32, "3"),
    2000: (48, 32, "2"),
    2500: (48, 32, "2"),
    3000: (64, 32, "1.5"),
    5000: (64, 32, "1.5"),
    6000: (128, 32, "0.75"),
    7500: (128, 32, "0.75"),
    10000: (128, 32, "0.75"),
    15000: (128, 32, "0.75"),
    30000: (128, 32, "0.75"),
}
_PER_NODE = 500


@dataclass(frozen=True, slots=True)
class Level:
    """A size of pool.

    Attributes:
        dwu: Data warehouse units, such as 1000 for DW1000c.
    """

    dwu: int

    def __post_init__(self) -> None:
        if self.dwu not in _LEVELS or isinstance(self.dwu, bool):
            known = ", ".join(map(str, _LEVELS))
            raise OptionError(f"dwu={self.dwu!r} is no size of a dedicated pool.", f"Give one of {known}.")

    @property
    def name(self) -> str:
        """As T-SQL calls it."""
        return f"DW{self.dwu}c"

    @property
    def nodes(self) -> int:
        """Compute nodes of a dedicated SQL pool of this size."""
        return max(1, self.dwu // _PER_NODE)

    @property
    def slots(self) -> int:
        """Concurrency slots."""
        return self.dwu // 25

    @property
    def requests(self) -> int:
        """The most requests at a time."""
        return _LEVELS[self.dwu][0]

    @property
    def dynamic_requests(self) -> int:
        """The most requests of dynamic resource classes at a time."""
        return _LEVELS[self.dwu][1]

    @property
    def least_grant(self) -> Fraction:
        """The least share of the pool, in percent, that a request of a workload group is given."""
        return Fraction(_LEVELS[self.dwu][2])


def level_for(nodes: int) -> Level:
    """The largest size that has no more than this many nodes.

    >>> level_for(1).name, level_for(2).name, level_for(7).name
    ('DW500c', 'DW1000c', 'DW3000c')
    """
    return max((Level(dwu) for dwu in _LEVELS if Level(dwu).nodes <= max(1, nodes)), key=lambda one: one.dwu)
