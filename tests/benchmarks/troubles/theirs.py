"""The other party of `troubles.ours`."""

from __future__ import annotations

from tests.benchmarks.troubles.ours import counting, right, simple

__all__ = ["counting", "disagreeing", "right"]

disagreeing = simple(lambda _: {"value": 1.5})
