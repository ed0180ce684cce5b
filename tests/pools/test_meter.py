"""Worker-seconds against a sum by small steps."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pools.meter import Meter, Usage

changes = st.lists(st.tuples(st.integers(1, 50), st.integers(0, 5)), max_size=8)


@given(changes)
def test_seconds_are_the_area_under_the_level(steps: list[tuple[int, int]]) -> None:
    meter, now, level, area = Meter(0.0), 0, 0, 0
    for seconds, then in steps:
        now, area, level = now + seconds, area + level * seconds, then
        meter = meter.at(float(now), level)
    assert meter.usage(now + 7.0).worker_seconds == pytest.approx(area + 7 * level)


def test_counts_add_up_by_name() -> None:
    meter = Meter(0.0).plus({"rows": 2.0}).plus({"rows": 3.0, "bytes": 1.0})
    assert dict(meter.usage(0.0).counts) == {"rows": 5.0, "bytes": 1.0}


def test_usage_between_two_moments() -> None:
    difference = Usage(5.0, {"rows": 7.0, "bytes": 1.0}) - Usage(2.0, {"rows": 3.0})
    assert (difference.worker_seconds, dict(difference.counts)) == (3.0, {"rows": 4.0, "bytes": 1.0})
