"""What the event log costs: the main job with the log on, and off."""

from __future__ import annotations

from typing import Final

from benchmarks.case import Answer, Case, Parameters, Verdict
from benchmarks.suites.loop import agree, check

# The issue of a log is its cost: at most so much of the job's time. The report shows the ratio off / on.
_MOST_EVENTS_WHEN_OFF: Final = 0


def _check(answer: Answer, parameters: Parameters) -> Verdict:
    """A right run of the job, with a log that tells of it, or with none."""
    wrong = check(answer, parameters)
    if wrong is None and answer["silent"] != (answer["events"] == _MOST_EVENTS_WHEN_OFF):
        return f"{answer['events']} entries in a log that is {'off' if answer['silent'] else 'on'}"
    return wrong


CASES: Final = (
    Case(
        package=__name__,
        name="demo",
        what="the main job with its event log on (ours) and off (silent)",
        check=_check,
        agree=agree,
        peers=("silent",),
        parameters={"rows": 200_000, "trials": 6, "rounds": 40, "nodes": 2, "seed": 7},
        toy={"rows": 4_000, "trials": 2, "rounds": 20},
        repeat=5,
        timeout=900.0,
    ),
)
