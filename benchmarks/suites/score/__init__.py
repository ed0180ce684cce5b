"""Scoring from files to a table: floats in Parquet, an ensemble of trees in ONNX, scores in a lake.

What is measured is the job alone, on every side: from files to scores that whoever opens the output finds,
begun on a warm pool, session or pair of processes. Reading the scores back to judge them, looking at how much
memory the workers took, and removing the output for the next repetition come after it, in nobody's time.
"""

from __future__ import annotations

from typing import Final

from benchmarks.case import Answer, Case, Parameters, Verdict

# Sums of as many floats as there are trees, in another order: what single precision leaves open.
_TOLERANCE: Final = 1e-5


def check(answer: Answer, parameters: Parameters) -> Verdict:
    """Every row has a score."""
    if answer["rows"] != parameters["rows"]:
        return f"scored {answer['rows']} of {parameters['rows']} rows"
    return None


def agree(ours: Answer, theirs: Answer) -> Verdict:
    """The scores are the same."""
    for what in ("mean", "deviation"):
        if abs(ours[what] - theirs[what]) > _TOLERANCE * max(1.0, abs(ours[what])):
            return f"{what} of the scores is {theirs[what]:.8g}, not {ours[what]:.8g}"
    return None


def _case(name: str, trees: int, depth: int) -> Case:
    return Case(
        package=__name__,
        name=name,
        what=f"Parquet to table: {trees} trees of depth {depth} over 28 floats",
        check=check,
        agree=agree,
        peers=("ortloop", "sparkonnx", "memory"),
        parameters={
            "rows": 10_000_000,
            "columns": 28,
            "file": 1_000_000,
            "group": 250_000,
            "trees": trees,
            "depth": depth,
            "workers": 2,
        },
        toy={"rows": 20_000, "file": 10_000, "group": 5_000, "trees": 5, "depth": 4},
        repeat=3,
        timeout=3600.0,
    )


CASES: Final = (_case("files_100x6", 100, 6), _case("files_500x8", 500, 8))
