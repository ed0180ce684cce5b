"""The main job: raw trips to a scored table, by stage."""

from __future__ import annotations

import math
from typing import Final

from benchmarks.case import Answer, Case, Parameters, Verdict

# What correct conversions of XGBoost's classifiers to ONNX stay below, tenfold.
_ONNX_TOLERANCE: Final = 1e-5


def check(answer: Answer, parameters: Parameters) -> Verdict:
    """Every row has a score, ONNX says what XGBoost says, and the model has learned something."""
    if answer["scored_rows"] != parameters["rows"]:
        return f"scored {answer['scored_rows']} of {parameters['rows']} rows"
    if not answer["onnx_max_abs_diff"] <= _ONNX_TOLERANCE:
        return f"ONNX differs from XGBoost by {answer['onnx_max_abs_diff']:.3g}"
    if not 0.9 <= answer["auc"] < 1:
        return f"AUC {answer['auc']:.4f} is not what these trips allow"
    return None


def agree(ours: Answer, theirs: Answer) -> Verdict:
    """The same rows survive the preparation, and no side has the better model.

    Each side tests on a random fifth of its rows: below 160,000 rows that alone explains more than 0.005.
    """
    if ours["prepared_rows"] != theirs["prepared_rows"]:
        return f"prepared {theirs['prepared_rows']} rows, not {ours['prepared_rows']}"
    allowed = max(0.005, 2 / math.sqrt(ours["prepared_rows"]))
    if abs(ours["auc"] - theirs["auc"]) > allowed:
        return f"AUC {theirs['auc']:.4f}, not {ours['auc']:.4f} within {allowed:.3f}"
    return None


CASES: Final = (
    Case(
        package=__name__,
        name="demo",
        what="raw trips to prepared table, tuned model, verified ONNX and a score for every row",
        check=check,
        agree=agree,
        peers=("single",),
        parameters={"rows": 1_000_000, "trials": 8, "rounds": 80, "nodes": 2, "seed": 7},
        toy={"rows": 4_000, "trials": 2, "rounds": 20},
        fresh=True,
        repeat=3,
        timeout=3600.0,
    ),
)
