"""The names of the columns that come out of a fitted step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def names_out(fitted: Any, names_in: Sequence[str], width: int) -> tuple[str, ...]:
    """Return scikit-learn's own names of the output, or `x0, x1, ...` where a step of it has none to give.

    Args:
        fitted: A fitted transformer.
        names_in: The names of its input columns.
        width: How many columns it puts out.
    """
    try:
        return tuple(map(str, fitted.get_feature_names_out(list(names_in))))
    except AttributeError:  # scikit-learn's way to say so: FunctionTransformer() names nothing
        return tuple(f"x{i}" for i in range(width))
