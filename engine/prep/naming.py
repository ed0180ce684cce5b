"""The names of the columns that come out of a fitted step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from engine.errors import UnsupportedError


def names_out(fitted: Any, names_in: Sequence[str], width: int) -> tuple[str, ...]:
    """Return scikit-learn's own names of the output, or `x0, x1, ...` where a step of it has none to give.

    Args:
        fitted: A fitted transformer.
        names_in: The names of its input columns.
        width: How many columns it puts out.

    Raises:
        UnsupportedError: Two columns would have one name.
    """
    try:
        return tuple(map(str, fitted.get_feature_names_out(list(names_in))))
    except AttributeError:  # scikit-learn's way to say so: FunctionTransformer() names nothing
        return tuple(f"x{i}" for i in range(width))
    except ValueError as problem:
        message = f"the names of the features clash: {str(problem).partition('. ')[0]}"
        raise UnsupportedError(
            message, "Set verbose_feature_names_out=True on the ColumnTransformer."
        ) from problem
