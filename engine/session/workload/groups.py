"""Workload groups: what share of the pool a request takes, how much its group has at least and at most.

A resource class is a group of the system's. Percentages are exact fractions: 3.25 % eight times is 26 %.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from fractions import Fraction
from typing import TYPE_CHECKING

from engine.errors import BindError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from engine.session.workload.levels import Level

_DYNAMIC = {"smallrc": 3, "mediumrc": 10, "largerc": 22, "xlargerc": 70}
_STATIC = {f"staticrc{10 * (power + 1)}": 1 << power for power in range(8)}
# A larger class beats a smaller one, a dynamic one beats a static one.
RESOURCE_CLASSES = (*_STATIC, *_DYNAMIC)
DEFAULT_CLASS = "smallrc"
MOST_GROUPS = 8
_WHOLE = Fraction(100)


class Importance(IntEnum):
    """Who goes first; the names are those of IMPORTANCE = ..."""

    LOW = 0
    BELOW_NORMAL = 1
    NORMAL = 2
    ABOVE_NORMAL = 3
    HIGH = 4

    @property
    def text(self) -> str:
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Group:
    """A workload group as it was written; percent of the pool.

    Attributes:
        least: MIN_PERCENTAGE_RESOURCE: kept for the group, used or not.
        most: CAP_PERCENTAGE_RESOURCE.
        grant: REQUEST_MIN_RESOURCE_GRANT_PERCENT: what each request takes.
        importance: Of its requests, where no classifier says otherwise.
    """

    name: str
    least: Fraction
    most: Fraction
    grant: Fraction
    importance: Importance = Importance.NORMAL


@dataclass(frozen=True, slots=True)
class Share:
    """A group on a pool of a size, beside the other groups.

    Attributes:
        need: Percent of the pool for a request.
        least: Percent that other groups leave to it.
        most: Percent that it may use.
        requests: The most requests at a time, of the group's kind.
        dynamic: Whether it is a dynamic resource class; these are counted together.
        importance: Of its requests.
    """

    name: str
    need: Fraction
    least: Fraction
    most: Fraction
    requests: int
    dynamic: bool = False
    importance: Importance = Importance.NORMAL

    @property
    def guaranteed(self) -> int:
        """Requests that find room whatever the other groups do."""
        return int(self.least / self.need)

    @property
    def widest(self) -> int:
        """Requests that run at a time when nobody else wants to."""
        return min(self.requests, int(self.most / self.need))


def checked(group: Group, others: Collection[Group]) -> Group:
    """The group, if it may stand beside the others.

    Raises:
        BindError: A percentage is out of its bounds, or there are too many groups.
    """
    if group.name.lower() in RESOURCE_CLASSES or len(others) >= MOST_GROUPS:
        raise _refused(group, f"up to {MOST_GROUPS} groups may be added to those of the resource classes")
    if not 0 <= group.least <= _WHOLE or group.least + sum(one.least for one in others) > _WHOLE:
        raise _refused(group, "MIN_PERCENTAGE_RESOURCE of all groups together is 0 to 100")
    if not 1 <= group.most <= _WHOLE or group.most <= group.least:
        raise _refused(group, "CAP_PERCENTAGE_RESOURCE is 1 to 100 and greater than MIN_PERCENTAGE_RESOURCE")
    if not Fraction(3, 4) <= group.grant <= _WHOLE or (group.grant * 4).denominator != 1:
        raise _refused(group, "REQUEST_MIN_RESOURCE_GRANT_PERCENT is 0.75 to 100 in steps of 0.25")
    if group.grant > group.most or (group.least / group.grant).denominator != 1:
        raise _refused(
            group,
            "MIN_PERCENTAGE_RESOURCE is a multiple of REQUEST_MIN_RESOURCE_GRANT_PERCENT, "
            "and that is no greater than CAP_PERCENTAGE_RESOURCE",
        )
    return group


def share_of(group: Group, others: Collection[Group], level: Level) -> Share:
    """What a group has on a pool of this size: values below the level's minimum are raised to it.

    >>> from engine.session.workload.levels import Level
    >>> three = Group("g", Fraction(26), Fraction(100), Fraction("3.25"))
    >>> share_of(three, [], Level(1000)).guaranteed
    8
    """
    need = max(group.grant, level.least_grant)
    taken = sum((_kept(one, level) for one in others), Fraction(0))
    most = max(need, min(group.most, _WHOLE - taken))
    return Share(group.name, need, _kept(group, level), most, level.requests, importance=group.importance)


def _kept(group: Group, level: Level) -> Fraction:
    return group.least if group.least >= level.least_grant else Fraction(0)


def class_share(name: str, level: Level) -> Share:
    """What a resource class has on a pool of this size."""
    dynamic = name in _DYNAMIC
    limit = level.dynamic_requests if dynamic else level.requests
    need = Fraction(100 * slots_of(name, level), level.slots)
    return Share(name, need, Fraction(0), _WHOLE, limit, dynamic)


def slots_of(name: str, level: Level) -> int:
    """Concurrency slots that a request of a resource class takes.

    >>> from engine.session.workload.levels import Level
    >>> [slots_of(name, Level(1000)) for name in ("smallrc", "largerc", "staticrc10", "staticrc80")]
    [1, 8, 1, 32]
    """
    if name in _DYNAMIC:
        return max(1, _DYNAMIC[name] * level.slots // 100)
    return int(min(_STATIC[name], 1 << (level.slots.bit_length() - 1)))


def largest(names: Collection[str]) -> str:
    """The resource class that counts for whoever is a member of several."""
    return max(names, key=RESOURCE_CLASSES.index, default=DEFAULT_CLASS)


def group_of(name: str, body: Mapping[str, object]) -> Group:
    """A group as the catalog keeps it."""
    percent = {key: Fraction(str(body[key])) for key in ("least", "most", "grant")}
    return Group(name, **percent, importance=Importance[str(body["importance"])])


def body_of(group: Group) -> dict[str, str]:
    """What the catalog keeps of a group."""
    return {
        "least": str(group.least),
        "most": str(group.most),
        "grant": str(group.grant),
        "importance": group.importance.name,
    }


def _refused(group: Group, rule: str) -> BindError:
    return BindError(f"The workload group '{group.name}' cannot be created.", f"{rule}.", name=group.name)
