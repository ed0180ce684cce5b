"""What a preparation costs: the fit of one ColumnTransformer over numbers and categories with gaps."""

from __future__ import annotations

import math
from typing import Any, Final

from benchmarks.case import Answer, Case, Parameters, Verdict

# Medians of more values than a summary keeps are off by a rank error, which `engine.prep.summaries.quantiles`
# states; means and variances agree to 1e-9, everything that is counted exactly.
_MEDIAN_TOLERANCE: Final = 2e-3
_MEAN_TOLERANCE: Final = 1e-9


def check(answer: Answer, parameters: Parameters) -> Verdict:
    """All rows were seen, and every category was found."""
    if answer["rows"] != parameters["rows"]:
        return f"fitted on {answer['rows']} of {parameters['rows']} rows"
    return None if answer["categories"] else "no category was found"


def agree(ours: Answer, theirs: Answer) -> Verdict:
    """The fitted attributes are those of scikit-learn on all rows."""
    for name in ("rows", "categories", "least", "most"):
        if ours[name] != theirs[name]:
            return f"{name}: {theirs[name]}, not {ours[name]}"
    for name, tolerance in (("means", _MEAN_TOLERANCE), ("medians", _MEDIAN_TOLERANCE)):
        if not _close(ours[name], theirs[name], tolerance):
            return f"{name}: {theirs[name]}, not {ours[name]}"
    return None


def _close(ours: list[Any], theirs: list[Any], tolerance: float) -> bool:
    """Within the tolerance relative to the values, which have a spread of 1."""
    pairs = zip(ours, theirs, strict=True)
    return all(math.isclose(a, b, rel_tol=tolerance, abs_tol=tolerance) for a, b in pairs)


CASES: Final = (
    Case(
        package=__name__,
        name="fit",
        what="fit a ColumnTransformer of numbers and texts with gaps; theirs on one core, rows in memory",
        check=check,
        agree=agree,
        peers=("single",),
        parameters={"rows": 10_000_000, "files": 40, "workers": 2, "seed": 5},
        toy={"rows": 20_000, "files": 4},
        repeat=3,
        timeout=900.0,
    ),
)
