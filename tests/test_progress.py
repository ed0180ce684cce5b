"""What bars say of pace and time left."""

from __future__ import annotations

import io

import pytest

from engine.progress import LogBar, Pace


def test_the_pace_is_that_of_late_without_what_came_before_the_first_unit() -> None:
    pace = Pace()
    assert pace.rate(0.0) is None
    pace.add(1, 30.0)  # half a minute of loading
    assert pace.rate(31.0) is None
    assert pace.left(10, 31.0) is None
    for at in range(1, 5):
        pace.add(1, 30.0 + at)
    assert pace.rate(34.0) == pytest.approx(1.0)
    assert pace.left(10, 34.0) == pytest.approx(10.0)
    assert pace.rate(38.0) == pytest.approx(0.5)  # nothing has come for as long again
    for at in range(200):
        pace.add(5, 40.0 + at)
    assert pace.rate(239.0) == pytest.approx(5.0, rel=0.05)  # what was slow is forgotten


def test_a_job_that_goes_on_is_not_as_fast_as_what_is_done_already() -> None:
    pace = Pace()
    pace.add(1_000_000, 0.1)
    pace.add(10, 1.1)
    assert pace.rate(1.1) == pytest.approx(10.0)


def test_a_plain_log_has_no_time_left_before_anybody_can_say() -> None:
    clock = iter([0.0, 6.0, 12.0, 18.0, 24.0])
    out = io.StringIO()
    bar = LogBar("verify tip", 4, out, clock=lambda: next(clock))
    bar.advance()
    bar.advance(note="fine")
    bar.advance()
    lines = out.getvalue().splitlines()
    assert lines == [
        "verify tip:  25%",
        "verify tip:  50%, 0.167/s, about 12 s left (fine)",
        "verify tip:  75%, 0.167/s, about 6 s left",
    ]
