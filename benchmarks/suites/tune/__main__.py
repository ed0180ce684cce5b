"""Core-seconds until a search comes within 0.0005 of the AUC of the plain loop, from a file of results."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.case import OURS
from benchmarks.record import read_results
from benchmarks.suites.tune import TOLERANCE
from benchmarks.summary import markdown_table

_LOOP = "optuna"


def reached(steps: Sequence[tuple[float, float]], target: float) -> float | None:
    """Core-seconds at the first step that is as good; None where none is."""
    return next((spent for spent, auc in steps if auc >= target), None)


def rows_of(samples: Sequence[Any]) -> list[list[str]]:
    """A row per repetition that both sides have played, and one of medians."""
    sides = {
        side: {s.repetition: s.answer for s in samples if s.side == side and "steps" in s.answer}
        for side in (OURS, _LOOP)
    }
    rows, ratios = [], []
    for repetition in sorted(sides[OURS].keys() & sides[_LOOP].keys()):
        ours, loop = sides[OURS][repetition], sides[_LOOP][repetition]
        target = loop["auc"] - TOLERANCE
        mine, theirs = reached(ours["steps"], target), reached(loop["steps"], target)
        figures = (mine / theirs, mine / loop["core_seconds"]) if mine and theirs else (float("inf"),) * 2
        ratios.append(figures)
        rows.append(
            [
                str(repetition),
                f"{loop['auc']:.5f}",
                f"{ours['auc']:.5f}",
                f"{theirs or 0:.1f}",
                f"{loop['core_seconds']:.1f}",
                "never" if mine is None else f"{mine:.1f}",
                f"{ours['core_seconds']:.1f}",
                *(f"{figure:.2f}" for figure in figures),
            ]
        )
    if ratios:
        middle = [f"{median(column):.2f}" for column in zip(*ratios, strict=True)]
        rows.append(["median", *[""] * 6, *middle])
    return rows


def peers_of(samples: Sequence[Any]) -> list[list[str]]:
    """A row per repetition and other peer: our core-seconds until we are as good, and its whole run."""
    ours = {s.repetition: s.answer for s in samples if s.side == OURS and "steps" in s.answer}
    rows = []
    for sample in samples:
        if sample.side in (OURS, _LOOP) or sample.problem or sample.repetition not in ours:
            continue
        mine = ours[sample.repetition]
        spent = reached(mine["steps"], sample.answer["auc"] - TOLERANCE)
        whole = sample.answer.get("core_seconds", sample.cpu_seconds)
        rows.append(
            [
                sample.side,
                str(sample.repetition),
                f"{sample.answer['auc']:.5f}",
                f"{mine['auc']:.5f}",
                f"{whole:.1f}",
                "never" if spent is None else f"{spent:.1f}",
                f"{mine['core_seconds']:.1f}",
                "never" if spent is None else f"{spent / whole:.2f}",
                f"{mine['core_seconds'] / whole:.2f}",
            ]
        )
    return rows


_LOOP_HEADER = [
    "repetition", "loop AUC", "our AUC", "loop to target", "loop whole", "ours to target", "ours whole",
    "ours / loop to target", "ours / loop whole",
]  # fmt: skip
_PEER_HEADER = [
    "peer", "repetition", "peer AUC", "our AUC", "peer whole", "ours to its AUC", "ours whole",
    "ours to its AUC / peer", "ours whole / peer",
]  # fmt: skip


def main(paths: Sequence[str]) -> int:
    """Print the tables of each file."""
    for path in paths:
        results = read_results(Path(path))
        samples = [sample for sample in results.samples if sample.case == "tune/search"]
        sys.stdout.write(f"{results.name}\n\n")
        for header, rows in ((_LOOP_HEADER, rows_of(samples)), (_PEER_HEADER, peers_of(samples))):
            if rows:
                sys.stdout.write(f"{markdown_table(header, rows)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
