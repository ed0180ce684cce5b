"""Which rows train, which validate, which test: by the row itself, never by its place.

The same rows land in the same fold on any number of workers and in any layout of files, and equal rows never
sit on both sides.
"""

from __future__ import annotations

from engine.ml.split.assign import Assignment, plan_split
from engine.ml.split.spec import (
    FIRST_PART,
    FOLD_NAMES,
    TEST,
    TRAIN,
    UNUSED,
    VALID,
    Split,
)

__all__ = [
    "FIRST_PART",
    "FOLD_NAMES",
    "TEST",
    "TRAIN",
    "UNUSED",
    "VALID",
    "Assignment",
    "Split",
    "plan_split",
]
