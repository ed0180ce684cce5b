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


def main(paths: Sequence[str]) -> int:
    """Print the table of each file."""
    header = [
        "repetition", "loop AUC", "our AUC", "loop to target", "loop whole", "ours to target", "ours whole",
        "ours / loop to target", "ours / loop whole",
    ]  # fmt: skip
    for path in paths:
        results = read_results(Path(path))
        samples = [sample for sample in results.samples if sample.case == "tune/search"]
        sys.stdout.write(f"{results.name}\n\n{markdown_table(header, rows_of(samples))}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
