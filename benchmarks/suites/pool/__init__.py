"""How long a pool lets one wait: to start, to grow, to the first task, to any task."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from benchmarks.case import Answer, Case, Parameters, Verdict


def _expect(wanted: Callable[[Parameters], Any]) -> Callable[[Answer, Parameters], Verdict]:
    """Judges an answer by what its only value should be."""

    def check(answer: Answer, parameters: Parameters) -> Verdict:
        right = {"value": wanted(parameters)}
        return None if answer == right else f"answered {answer}, not {right}"

    return check


def _case(name: str, what: str, wanted: Callable[[Parameters], Any], **settings: Any) -> Case:
    return Case(
        package=__name__, name=name, what=what, check=_expect(wanted), peers=("localcluster",), **settings
    )


# What a task of the engine needs first; a worker that has it loaded already answers at once.
_MODULES: Final = ["pandas", "pyarrow.parquet", "xgboost"]

CASES: Final = (
    _case(
        "start_cold",
        "a new process starts a pool, sees its workers and closes it",
        lambda parameters: parameters["workers"],
        parameters={"workers": 2},
        fresh=True,
    ),
    _case(
        "start_warm",
        "a process that has had a pool starts another",
        lambda parameters: parameters["workers"],
        parameters={"workers": 2},
    ),
    _case(
        "first_task_cold",
        "a new process starts a pool and has a task import and answer",
        lambda parameters: len(parameters["modules"]),
        parameters={"workers": 1, "modules": _MODULES},
        fresh=True,
    ),
    _case(
        "first_task_warm",
        "a process that has had a pool starts another and has a task import and answer",
        lambda parameters: len(parameters["modules"]),
        parameters={"workers": 1, "modules": _MODULES},
    ),
    _case(
        "grow",
        "a pool of one worker gets another",
        lambda _: 2,
        parameters={"workers": 1},
    ),
    _case(
        "round_trips",
        "tasks that do nothing, each sent when the one before is back",
        lambda parameters: sum(range(parameters["tasks"])),
        parameters={"workers": 1, "tasks": 50},
        toy={"tasks": 3},
        repeat=10,
    ),
    _case(
        "map_tasks",
        "many tasks that do nothing, sent together",
        lambda parameters: sum(range(parameters["tasks"])),
        parameters={"workers": 2, "tasks": 1000},
        toy={"tasks": 20},
        repeat=10,
    ),
)
