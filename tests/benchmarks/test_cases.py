"""Every case at its smallest size, for its answer alone; how long it takes is for benchmarks to say."""

from __future__ import annotations

import importlib

import pytest

from benchmarks.case import OURS, Case, Verdict
from benchmarks.plan import Plan
from benchmarks.run import run_case

CASES = {case.id: case for case in Plan.make([], peers=[], toy=True).cases}
# What it does is part of what another case does.
COVERED = {
    "events/demo",
    "events/steady",
    "kernel/memory_500x8",
    "pool/first_task_cold",
    "pool/first_task_warm",
    "pool/round_trips",
    "pool/start_warm",
    "score/files_500x8",
    "sql/tpch_tables",
}
# The memory of a process of its own is what it is about.
APART = {"tune/memory"}
HERE = [
    pytest.param(name, marks=pytest.mark.slow if name in COVERED | APART else ()) for name in sorted(CASES)
]
# One that runs as `python -m benchmarks` runs it; the others do so in the slow tests.
IN_PROCESSES = [
    pytest.param(name, marks=() if name == "pool/start_cold" else pytest.mark.slow) for name in sorted(CASES)
]
PEERS = [(case.id, peer) for case in CASES.values() for peer in case.peers]


def answered_here(case: Case) -> Verdict:
    """Play our side in this process, whose warm server is there already: 6 s of CPU less for each case."""
    prepare = getattr(importlib.import_module(f"{case.package}.{OURS}"), case.name)
    with prepare(case.parameters) as once, once() as answer:
        return case.check(answer() if callable(answer) else answer, case.parameters)


def problems(case: Case, plan: Plan) -> dict[str, str | None]:
    samples = list(run_case(case, plan.sides, warm_ups=0))
    return {sample.side: sample.problem for sample in samples}


@pytest.mark.parametrize("case", HERE)
def test_our_side_answers_rightly(case: str) -> None:
    assert answered_here(CASES[case]) is None


@pytest.mark.parametrize("case", IN_PROCESSES)
def test_our_side_answers_rightly_in_processes_of_its_own(case: str) -> None:
    assert problems(CASES[case], Plan.make([CASES[case].suite], peers=[])) == {OURS: None}


@pytest.mark.slow
@pytest.mark.parametrize(("case", "peer"), PEERS)
def test_a_peer_answers_as_we_do(case: str, peer: str) -> None:
    plan = Plan.make([CASES[case].suite], peers=[peer])
    assert problems(CASES[case], plan) == {OURS: None, peer: None}
