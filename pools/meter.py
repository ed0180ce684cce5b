"""What a pool has used: pure arithmetic over moments and levels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Usage:
    """What a pool has used so far.

    Args:
        worker_seconds: Of a dedicated pool the time for which its nodes were provisioned, of a serverless
        one the
            time for which workers were alive; paused time costs nothing.
        counts: What tasks have added with `pools.worker.count`, by name.
    """

    worker_seconds: float
    counts: Mapping[str, float]

    def __sub__(self, before: Usage) -> Usage:
        """What was used between two moments."""
        counts = {name: total - before.counts.get(name, 0.0) for name, total in self.counts.items()}
        return Usage(self.worker_seconds - before.worker_seconds, counts)


@dataclass(frozen=True, slots=True)
class Meter:
    """Worker-seconds up to the moment `since`, and the number of workers that are paid for from then on."""

    since: float
    level: int = 0
    seconds: float = 0.0
    counts: Mapping[str, float] = field(default_factory=dict)

    def at(self, now: float, level: int) -> Meter:
        """From `now` on, `level` workers are paid for."""
        if level == self.level:
            return self
        return replace(self, since=now, level=level, seconds=self._seconds(now))

    def plus(self, amounts: Mapping[str, float]) -> Meter:
        """With what a task has counted."""
        counts = dict(self.counts)
        for name, amount in amounts.items():
            counts[name] = counts.get(name, 0.0) + amount
        return replace(self, counts=counts)

    def usage(self, now: float) -> Usage:
        """Everything up to `now`."""
        return Usage(self._seconds(now), MappingProxyType(dict(self.counts)))

    def _seconds(self, now: float) -> float:
        return self.seconds + self.level * (now - self.since)
