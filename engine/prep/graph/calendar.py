"""Year, month, day, ... of microseconds since 1970, as int64 nodes of a graph.

The days are turned into a date of the proleptic Gregorian calendar by Howard Hinnant's `civil_from_days`:
years that begin in March, in eras of 400 years, each of 146,097 days.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from onnx import TensorProto

if TYPE_CHECKING:
    from engine.prep.graph.cells import Graph

_DAY = 86_400_000_000
_ERA = 146_097
_BEFORE_MONTH = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334]


class Calendar:
    """The parts of one column of times; nodes are added for those that are asked for.

    Args:
        graph: Where the nodes go.
        times: int64 `[N, 1]`, microseconds since 1970.
    """

    def __init__(self, graph: Graph, times: str) -> None:
        self._graph = graph
        self._times = times
        self._made: dict[str, str] = {}

    def part(self, name: str) -> str:
        """The tensor of a part, int64 `[N, 1]`."""
        if name not in self._made:
            self._made[name] = getattr(self, f"_{name}")()
        return self._made[name]

    def _do(self, kind: str, left: str, right: int | str) -> str:
        return self._graph.node(kind, left, self._graph.integer(right) if isinstance(right, int) else right)

    def _floor(self, value: str, divisor: int) -> str:
        """Divide and round down, where Div would round towards 0."""
        return self._do("Div", self._do("Sub", value, self._do("Mod", value, divisor)), divisor)

    @cached_property
    def _days(self) -> str:
        return self._floor(self._times, _DAY)

    @cached_property
    def _microseconds(self) -> str:
        return self._do("Mod", self._times, _DAY)

    @cached_property
    def _march_days(self) -> tuple[str, str, str]:
        """The era, the year in it and the day in that year, which begins in March."""
        days = self._do("Add", self._days, 719_468)
        era = self._floor(days, _ERA)
        day = self._do("Sub", days, self._do("Mul", era, _ERA))
        leaps = self._do("Sub", day, self._do("Div", day, 1_460))
        leaps = self._do("Add", leaps, self._do("Div", day, 36_524))
        leaps = self._do("Sub", leaps, self._do("Div", day, 146_096))
        year = self._do("Div", leaps, 365)
        before = self._do("Add", self._do("Mul", year, 365), self._do("Div", year, 4))
        before = self._do("Sub", before, self._do("Div", year, 100))
        return era, year, self._do("Sub", day, before)

    @cached_property
    def _march_month(self) -> str:
        return self._do("Div", self._do("Add", self._do("Mul", self._march_days[2], 5), 2), 153)

    def _month(self) -> str:
        early = self._do("Less", self._march_month, 10)
        later = self._do("Sub", self._march_month, 9)
        return self._graph.node("Where", early, self._do("Add", self._march_month, 3), later)

    def _day(self) -> str:
        before = self._do("Div", self._do("Add", self._do("Mul", self._march_month, 153), 2), 5)
        return self._do("Add", self._do("Sub", self._march_days[2], before), 1)

    def _year(self) -> str:
        era, year, _ = self._march_days
        full = self._do("Add", self._do("Mul", era, 400), year)
        return self._do("Add", full, self._one_if(self._do("Less", self.part("month"), 3)))

    def _quarter(self) -> str:
        return self._do("Div", self._do("Add", self.part("month"), 2), 3)

    def _dayofyear(self) -> str:
        graph = self._graph
        place = self._do("Sub", self.part("month"), 1)
        before = graph.node("Gather", graph.constant(np.array(_BEFORE_MONTH, dtype=np.int64)), place)
        day = self._do("Add", before, self.part("day"))
        fourth, century, era = (
            self._do("Equal", self._do("Mod", self.part("year"), n), 0) for n in (4, 100, 400)
        )
        leap = graph.node("Or", graph.node("And", fourth, graph.node("Not", century)), era)
        late = graph.node("And", leap, graph.node("Not", self._do("Less", self.part("month"), 3)))
        return self._do("Add", day, self._one_if(late))

    def _weekday(self) -> str:
        return self._do("Mod", self._do("Add", self._days, 3), 7)  # 1 January 1970 was a Thursday

    def _hour(self) -> str:
        return self._do("Div", self._microseconds, 3_600_000_000)

    def _minute(self) -> str:
        return self._do("Mod", self._do("Div", self._microseconds, 60_000_000), 60)

    def _second(self) -> str:
        return self._do("Mod", self._do("Div", self._microseconds, 1_000_000), 60)

    def _one_if(self, condition: str) -> str:
        return self._graph.node("Cast", condition, to=TensorProto.INT64)
