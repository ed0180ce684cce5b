"""The harness: what it times, what it counts, and that nothing that goes wrong passes for a result."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from benchmarks.case import Answer, Case, Parameters, Verdict
from benchmarks.launch import Side
from benchmarks.measure import Tree, adopt_orphans
from benchmarks.run import run_case

if TYPE_CHECKING:
    from benchmarks.record import Sample

PYTHON = Path(sys.executable)
OURS = Side("ours", PYTHON)
THEIRS = Side("theirs", PYTHON)


def is_one(answer: Answer, _: Parameters) -> Verdict:
    return None if answer.get("value") == 1 else f"{answer} is not 1"


def anything(_: Answer, __: Parameters) -> Verdict:
    return None


def trouble(name: str, **settings: Any) -> Case:
    defaults: dict[str, Any] = {"check": is_one, "repeat": 1, "timeout": 30.0}
    return Case(package="tests.benchmarks.troubles", name=name, what="a trouble", **{**defaults, **settings})


def play(case: Case, *sides: Side, warm_ups: int = 0) -> list[Sample]:
    return list(run_case(case, sides or (OURS,), warm_ups=warm_ups))


@pytest.fixture(autouse=True)
def no_process_left() -> Iterator[None]:
    before = set(psutil.Process().children(recursive=True))
    yield
    assert set(psutil.Process().children(recursive=True)) <= before


@pytest.mark.parametrize("fresh", [True, False])
def test_sides_take_turns(fresh: bool) -> None:
    case = trouble("right", fresh=fresh, repeat=2, peers=("theirs",))
    samples = play(case, OURS, THEIRS, warm_ups=1)
    assert [(sample.repetition, sample.side) for sample in samples] == [
        (0, "ours"),
        (0, "theirs"),
        (1, "ours"),
        (1, "theirs"),
    ]
    assert all(sample.problem is None and sample.seconds > 0 for sample in samples)


def test_a_peer_that_has_no_side_of_a_case_sits_it_out() -> None:
    assert [sample.side for sample in play(trouble("right"), OURS, THEIRS)] == ["ours"]


def test_a_warm_process_serves_all_repetitions_and_a_fresh_one_a_single_one() -> None:
    warm = play(trouble("counting", check=anything, repeat=3), warm_ups=1)
    assert [sample.answer["value"] for sample in warm] == [2, 3, 4]
    assert max(sample.seconds for sample in warm) < 0.2, "the tear-down of 0.3 s is not to be timed"
    fresh = play(trouble("counting", check=anything, repeat=2, fresh=True))
    assert [sample.answer["value"] for sample in fresh] == [1, 1]
    assert min(sample.seconds for sample in fresh) > 0.3, "a whole process is timed to its end"


@pytest.mark.parametrize("fresh", [True, False])
def test_parameters_reach_the_side(fresh: bool) -> None:
    case = trouble("right", fresh=fresh, check=anything, parameters={"value": 7})
    assert play(case)[0].answer == {"value": 7}


def test_stages_are_set_apart_and_output_is_not_taken_for_a_reply() -> None:
    (sample,) = play(trouble("talking", fresh=True))
    assert (sample.answer, sample.stages, sample.problem) == ({"value": 1}, {"talk": 0.5}, None)


# -- what it costs ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("fresh", [True, False])
def test_cpu_time_of_descendants_counts(fresh: bool) -> None:
    (sample,) = play(trouble("burn_reaped", fresh=fresh, parameters={"seconds": 0.6}))
    assert 0.6 <= sample.cpu_seconds < 0.6 + 1.0


def test_the_set_up_of_a_warm_process_costs_nothing() -> None:
    (sample,) = play(trouble("slow_to_prepare", parameters={"seconds": 0.6}))
    assert sample.seconds < 0.2
    assert sample.cpu_seconds < 0.2
    (sample,) = play(trouble("slow_to_prepare", fresh=True, parameters={"seconds": 0.6}))
    assert sample.seconds >= 0.6
    assert sample.cpu_seconds >= 0.6


def test_writing_down_the_answer_of_a_warm_process_costs_nothing() -> None:
    (sample,) = play(trouble("slow_to_tell", parameters={"seconds": 0.6}))
    assert sample.problem is None
    assert sample.seconds < 0.2
    assert sample.cpu_seconds < 0.2


def test_cpu_time_of_orphans_counts() -> None:
    (sample,) = play(trouble("burn_orphaned", fresh=True, parameters={"seconds": 0.6}))
    assert sample.problem is None
    assert 0.6 <= sample.cpu_seconds < 0.6 + 1.0


@pytest.mark.parametrize("fresh", [True, False])
def test_memory_of_descendants_counts(fresh: bool) -> None:
    size = 200 * 2**20
    (sample,) = play(trouble("hold", fresh=fresh, parameters={"bytes": size, "seconds": 2.0}))
    assert size <= sample.peak_bytes < size + 120 * 2**20


COME_AND_GO = """
import subprocess, sys, time
end = time.monotonic() + 2.5
while time.monotonic() < end:
    subprocess.run([sys.executable, "-S", "-c",
                    "import time\\nend = time.process_time() + .03\\nwhile time.process_time() < end: pass"])
"""


def test_cpu_time_never_falls_while_processes_come_and_go() -> None:
    """A process that ends between the reading of its parent and its own would be missing, or count twice."""
    adopt_orphans()
    totals = [0.0]
    with subprocess.Popen([sys.executable, "-c", COME_AND_GO], start_new_session=True) as process:
        tree = Tree(process.pid)
        while process.poll() is None:
            totals.append(round(tree.sample()[0], 3))
    rising = totals[:-1]  # after the last sample the root itself may be gone
    assert len(rising) > 50
    assert rising == sorted(rising)


# -- what goes wrong -------------------------------------------------------------------------------------


@pytest.mark.parametrize("fresh", [True, False])
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("wrong", "is not 1"),
        ("raising", "ValueError: no luck"),
        ("unable_to_tell", "ValueError: no luck"),
        ("dying", "ended without an answer: last words"),
        ("failing_at_the_end", "could not tear down"),
        ("not_written", "no attribute 'not_written'"),
    ],
)
def test_whatever_goes_wrong_is_the_result(name: str, words: str, fresh: bool) -> None:
    *_, last = play(trouble(name, fresh=fresh))
    assert last.problem is not None
    assert words in last.problem


@pytest.mark.parametrize("fresh", [True, False])
def test_a_side_that_hangs_is_ended(fresh: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.launch._GRACE", 0.2)
    (sample,) = play(trouble("hanging", fresh=fresh, timeout=0.5))
    assert sample.problem == "no answer within 0.5 s"


@pytest.mark.parametrize("fresh", [True, False])
def test_processes_left_behind_are_ended_and_told(fresh: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.launch._GRACE", 0.2)
    *_, last = play(trouble("leaving_behind", fresh=fresh))
    assert last.problem is not None
    assert "left behind: python" in last.problem


def test_a_side_that_failed_is_out_and_the_other_plays_on() -> None:
    case = trouble("counting", check=lambda answer, _: "bad" if answer["value"] == 2 else None)
    case = trouble("counting", check=case.check, repeat=3, peers=("theirs",))
    samples = play(case, OURS)
    assert [sample.problem for sample in samples] == [None, "bad"]


def test_a_warm_up_that_fails_is_told() -> None:
    (sample,) = play(trouble("wrong", repeat=3), warm_ups=1)
    assert sample.repetition == -1
    assert sample.problem is not None


def test_sides_that_disagree_are_told() -> None:
    def agree(ours: Answer, theirs: Answer) -> Verdict:
        return None if ours == theirs else f"{theirs} is not {ours}"

    case = trouble("counting", check=anything, agree=agree, peers=("theirs",))
    assert [sample.problem for sample in play(case, OURS, THEIRS)] == [None, None]
    case = trouble("disagreeing", check=anything, agree=agree, peers=("theirs",))
    samples = play(case, OURS, THEIRS)
    assert [sample.problem for sample in samples] == [None, "{'value': 1.5} is not {'value': 1}"]
