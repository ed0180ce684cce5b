"""Two files of results side by side."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from benchmarks.summary import (
    Key,
    Series,
    by_side,
    format_seconds,
    markdown_table,
    median_seconds,
    noise,
    pairwise,
)

if TYPE_CHECKING:
    from benchmarks.record import Circumstances, Results


def compare_results(before: Results, after: Results) -> str:
    """A Markdown table: a row per case and side that both files have, with the ratio of B to A.

    A ratio below 1 means that B is faster. "Noise" is by what factor neighbouring repetitions of one side
    within one file differ, the greater of both files: what comparing A with A would show. A ratio is called
    faster or slower only if all pairs of repetitions agree and its median lies outside the noise.
    """
    left, right = by_side(before.samples), by_side(after.samples)
    rows = [_row(key, left[key], right[key]) for key in left if key in right]
    header = ["case", "side", "A", "B", "B / A (least - greatest)", "noise", "verdict"]
    table = markdown_table(header, rows)
    notes = "".join(f"\n- {note}" for note in _notes(before, after))
    return f"A = {before.name}, B = {after.name}\n\n{table}{notes}\n"


def _row(key: Key, left: Series, right: Series) -> list[str]:
    times = [format_seconds(median_seconds(series)) for series in (left, right)]
    if left[0].parameters != right[0].parameters:
        return [*key, *times, "", "", "other parameters"]
    ratio = pairwise(right, left)
    noises = [factor for factor in (noise(left), noise(right)) if factor is not None]
    if ratio is None or not noises:
        return [*key, *times, str(ratio or ""), "", "too few repetitions"]
    verdict = "same"
    if ratio.settled and not 1 / max(noises) <= ratio.median <= max(noises):
        verdict = "faster" if ratio.median < 1 else "slower"
    return [*key, *times, str(ratio), f"x {max(noises):.2f}", verdict]


def _notes(before: Results, after: Results) -> Iterator[str]:
    """What else differs, and what could not be compared."""
    left, right = before.circumstances, after.circumstances
    if left.machine != right.machine:
        yield f"Other machine: A {left.machine}, B {right.machine}. Times do not compare."
    yield from _changed_versions(left, right)
    sides = [{(sample.case, sample.side) for sample in results.samples} for results in (before, after)]
    for case, side in sorted(sides[0] ^ sides[1]):
        yield f"{case} on side {side} is in {'A' if (case, side) in sides[0] else 'B'} alone."
    for name, results in (("A", before), ("B", after)):
        for sample in results.samples:
            if sample.problem:
                yield f"{sample.case} on side {sample.side} went wrong in {name}: {sample.problem}"


def _changed_versions(left: Circumstances, right: Circumstances) -> Iterator[str]:
    for side in sorted(left.versions.keys() & right.versions.keys()):
        old, new = left.versions[side], right.versions[side]
        for library in sorted(old.keys() | new.keys()):
            if old.get(library) != new.get(library):
                yield f"{library} of side {side}: A {old.get(library)}, B {new.get(library)}."
