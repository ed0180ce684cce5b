"""Runs cases: all sides in turn, there and back, so that a machine's moods meet all alike."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.case import OURS, Answer, Case, Verdict
from benchmarks.launch import Fresh, Measured, Player, Side, Warm
from benchmarks.measure import adopt_orphans
from benchmarks.record import Recorder, Sample, default_path, describe_run
from benchmarks.summary import by_side, format_seconds, median_seconds

if TYPE_CHECKING:
    from benchmarks.plan import Plan


def run_plan(plan: Plan, *, path: Path | None, note: Callable[[str], None]) -> bool:
    """Runs every case and writes what comes in.

    Args:
        plan: What to run.
        path: File of results, made anew; by default one in `benchmarks/results` named by suites and time.
        note: Takes a line for whoever waits.

    Returns:
        Whether every answer was right.
    """
    circumstances = describe_run(plan.sides)
    path = path or default_path(plan.cases, circumstances)
    right = True
    with contextlib.closing(Recorder(path, circumstances)) as recorder:
        for case in plan.cases:
            samples = []
            for sample in run_case(case, plan.sides, warm_ups=plan.warm_ups):
                recorder.add(sample)
                samples.append(sample)
            right &= all(sample.problem is None for sample in samples)
            for line in _tell(case, samples):
                note(line)
    note(f"Results: {path}")
    return right


def _tell(case: Case, samples: Sequence[Sample]) -> Iterator[str]:
    for (_, side), series in by_side(samples).items():
        yield f"{case.id:<24} {side:<14} {format_seconds(median_seconds(series)):>9}"
    for sample in samples:
        if sample.problem:
            yield f"{case.id:<24} {sample.side:<14} WRONG: {sample.problem}"


def run_case(case: Case, sides: Sequence[Side], *, warm_ups: int) -> Iterator[Sample]:
    """Runs one case on those sides that play in it, interleaved.

    Args:
        case: With its parameters and repetitions set.
        sides: Ours first.
        warm_ups: Repetitions before those recorded: they fill the page cache and compile modules.

    Yields:
        A sample per repetition and side. A side that fails is left out from then on; its last sample tells
        the problem, and its repetition is negative where a warm-up failed.
    """
    adopt_orphans()
    players = {
        side.name: (Fresh if case.fresh else Warm)(case, side)
        for side in sides
        if side.name in (OURS, *case.peers)
    }
    try:
        for repetition in range(-warm_ups if case.warm_up else 0, case.repeat):
            for sample in _play_round(case, players, repetition):
                if sample.problem:
                    players.pop(sample.side).close()
                if sample.problem or repetition >= 0:
                    yield sample
    finally:
        closing = {name: player.close() for name, player in players.items()}
    yield from (
        _sample(case, name, case.repeat, Measured(), problem) for name, problem in closing.items() if problem
    )


def _play_round(case: Case, players: Mapping[str, Player], repetition: int) -> Iterator[Sample]:
    """All sides once, every other time in reverse: none always has the machine as another leaves it."""
    names = list(players)
    order = names[::-1] if repetition % 2 else names
    played = {name: players[name].once() for name in order}
    ours: Answer | None = None
    for name in names:
        measured = played[name]
        problem = measured.problem or case.check(measured.answer, case.parameters)
        if name == OURS:
            ours = None if problem else measured.answer
        elif case.agree and ours is not None and not problem:
            problem = case.agree(ours, measured.answer)
        yield _sample(case, name, repetition, measured, problem)


def _sample(case: Case, side: str, repetition: int, measured: Measured, problem: Verdict) -> Sample:
    answer = dict(measured.answer)
    return Sample(
        case=case.id,
        side=side,
        repetition=repetition,
        seconds=measured.seconds,
        cpu_seconds=measured.usage.cpu_seconds,
        peak_bytes=measured.usage.peak_bytes,
        parameters=dict(case.parameters),
        stages=answer.pop("stages", {}),
        answer=answer,
        problem=problem,
    )
