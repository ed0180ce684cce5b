"""What the event log costs: the main job with the log on, and off."""

from __future__ import annotations

from typing import Final

from benchmarks.case import Answer, Case, Parameters, Verdict
from benchmarks.suites.loop import agree, check

# The question of a log is its cost: in time and in CPU of all processes as the ratio off / on of pairs, and
# as the CPU seconds of its own parts within the runs that have it.
_MOST_EVENTS_WHEN_OFF: Final = 0


def _check(answer: Answer, parameters: Parameters) -> Verdict:
    """A right run of the job, with a log that tells of it, or with none."""
    wrong = check(answer, parameters)
    if wrong is None and answer["silent"] != (answer["events"] == _MOST_EVENTS_WHEN_OFF):
        return f"{answer['events']} entries in a log that is {'off' if answer['silent'] else 'on'}"
    return wrong


def _check_tasks(answer: Answer, parameters: Parameters) -> Verdict:
    if answer["value"] != sum(range(parameters["tasks"])):
        return f"answered {answer['value']}"
    return None if answer["silent"] == (answer["events"] == 0) else f"{answer['events']} entries in the log"


def _check_pages(answer: Answer, parameters: Parameters) -> Verdict:
    silent = [name for name, sent in answer["sent"].items() if not sent]
    if silent or answer["entries"] < 10 * parameters["trials"]:
        return f"pages {silent} showed nothing of {answer['entries']} entries"
    return None


CASES: Final = (
    Case(
        package=__name__,
        name="demo",
        what="the main job with its event log, samples and pages (ours) and without them (silent)",
        check=_check,
        agree=agree,
        peers=("silent",),
        parameters={"rows": 200_000, "trials": 6, "rounds": 40, "nodes": 2, "seed": 7},
        toy={"rows": 4_000, "trials": 2, "rounds": 20},
        repeat=7,
        timeout=900.0,
    ),
    Case(
        package=__name__,
        name="steady",
        what="the same on one node, whose search is the same each time: pairs differ by the machine alone",
        check=_check,
        agree=agree,
        peers=("silent",),
        parameters={"rows": 60_000, "trials": 6, "rounds": 40, "nodes": 1, "seed": 7},
        toy={"rows": 4_000, "trials": 2, "rounds": 20},
        repeat=10,
        timeout=900.0,
    ),
    Case(
        package=__name__,
        name="tasks",
        what="many tasks that do nothing, with a pool that is sampled into its log, and without",
        check=_check_tasks,
        peers=("silent",),
        parameters={"tasks": 3_000, "workers": 2},
        toy={"tasks": 40},
        repeat=7,
    ),
    Case(
        package=__name__,
        name="pages",
        what="one update of every page of a large log, by its seconds off and on the scheduler's event loop",
        check=_check_pages,
        parameters={"trials": 10_000},
        toy={"trials": 100},
        repeat=15,
    ),
)
