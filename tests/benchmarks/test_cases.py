"""Every case at its smallest size, for its answer alone; how long it takes is for benchmarks to say."""

from __future__ import annotations

import pytest

from benchmarks.case import OURS, Case
from benchmarks.plan import Plan
from benchmarks.run import run_case

CASES = {case.id: case for case in Plan.make([], peers=[], toy=True).cases}
# Each costs the start of a fork server, and what it does is part of what another case does.
COVERED = {"pool/start_warm", "pool/first_task_cold", "pool/round_trips"}
OURS_ALONE = [pytest.param(name, marks=pytest.mark.slow if name in COVERED else ()) for name in CASES]
PEERS = [(case.id, peer) for case in CASES.values() for peer in case.peers]


def problems(case: Case, plan: Plan) -> dict[str, str | None]:
    samples = list(run_case(case, plan.sides, warm_ups=0))
    return {sample.side: sample.problem for sample in samples}


@pytest.mark.parametrize("case", OURS_ALONE)
def test_our_side_answers_rightly(case: str) -> None:
    assert problems(CASES[case], Plan.make([CASES[case].suite], peers=[])) == {OURS: None}


@pytest.mark.slow
@pytest.mark.parametrize(("case", "peer"), PEERS)
def test_a_peer_answers_as_we_do(case: str, peer: str) -> None:
    plan = Plan.make([CASES[case].suite], peers=[peer])
    assert problems(CASES[case], plan) == {OURS: None, peer: None}
