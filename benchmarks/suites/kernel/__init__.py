"""The tree kernel in memory: a matrix of floats, a booster of XGBoost, and as many threads on every side."""

from __future__ import annotations

from typing import Final

from benchmarks.case import Answer, Case, Parameters, Verdict

# What a sum of as many floats in another order leaves open of a probability.
_TOLERANCE: Final = 1e-5


def check(answer: Answer, parameters: Parameters) -> Verdict:
    """Every row has a probability."""
    if answer["rows"] != parameters["rows"]:
        return f"scored {answer['rows']} of {parameters['rows']} rows"
    return None


def agree(ours: Answer, theirs: Answer) -> Verdict:
    """The same rows have the same probabilities."""
    worst = max(abs(one - other) for one, other in zip(ours["sample"], theirs["sample"], strict=True))
    return None if worst < _TOLERANCE else f"a probability is off by {worst:.3g}"


def _case(trees: int, depth: int, rows: int) -> Case:
    return Case(
        package=__name__,
        name=f"memory_{trees}x{depth}",
        what=f"{trees} trees of depth {depth} over 28 floats in memory",
        check=check,
        agree=agree,
        peers=("onnxruntime", "xgboost"),
        parameters={
            "rows": rows,
            "columns": 28,
            "trees": trees,
            "depth": depth,
            "threads": 2,
            "train": 30_000,
        },
        toy={"rows": 5_000, "trees": 5, "depth": 3, "train": 2_000},
        repeat=5,
        timeout=600.0,
    )


_TEXTS: Final = Case(
    package=__name__,
    name="texts_100x6",
    what="six columns of texts and eight of floats through encoders into 100 trees of depth 6, in memory",
    check=check,
    agree=agree,
    peers=("onnxruntime",),
    parameters={"rows": 500_000, "columns": 8, "trees": 100, "depth": 6, "threads": 2, "train": 20_000},
    toy={"rows": 5_000, "trees": 5, "depth": 3, "train": 2_000},
    repeat=5,
    timeout=600.0,
)

CASES: Final = (_case(100, 6, 1_000_000), _case(500, 8, 200_000), _TEXTS)
