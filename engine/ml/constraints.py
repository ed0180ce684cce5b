"""Constraints by the names of features, as XGBoost wants them: by their places in the matrix."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from engine.errors import NotFoundError, OptionError

_MONOTONE, _INTERACTION = "monotone_constraints", "interaction_constraints"


def placed(
    params: Mapping[str, Any], names: Sequence[str], categorical: Sequence[int] = ()
) -> dict[str, Any]:
    """Parameters with their constraints by place.

    Args:
        params: `monotone_constraints` as a mapping of names to -1, 0 or 1 (or one number per column), and
            `interaction_constraints` as lists of names; everything else stays.
        names: Columns of the matrix.
        categorical: Which of them hold category codes.

    Raises:
        NotFoundError: A name that is no column.
        OptionError: A direction that is none, or one for a column of categories, which have no order.
    """
    made = dict(params)
    if _MONOTONE in params:
        made[_MONOTONE] = _directions(params[_MONOTONE], names, categorical)
    groups = params.get(_INTERACTION)
    if groups is not None and not isinstance(groups, str):
        made[_INTERACTION] = [[_place(name, names) for name in group] for group in groups]
    return made


def _directions(given: Any, names: Sequence[str], categorical: Sequence[int]) -> str:
    if isinstance(given, Mapping):
        directions = [0] * len(names)
        for name, direction in given.items():
            directions[_place(name, names)] = direction
    elif isinstance(given, str):
        directions = [int(word) for word in given.strip("()").split(",") if word.strip()]
    else:
        directions = list(given)
    if len(directions) != len(names) or any(direction not in (-1, 0, 1) for direction in directions):
        raise OptionError(
            f"monotone_constraints={given!r} does not fit {len(names)} features.",
            "Give {'feature': 1} for rising, -1 for falling.",
        )
    unordered = [names[place] for place in categorical if directions[place]]
    if unordered:
        raise OptionError(
            f"Feature '{unordered[0]}' is categorical: nothing can rise with it.",
            "Take it out of monotone_constraints, or out of categorical=.",
        )
    return f"({','.join(map(str, directions))})"


def _place(name: Any, names: Sequence[str]) -> int:
    if isinstance(name, int) and 0 <= name < len(names):
        return name
    if name not in names:
        raise NotFoundError(
            f"There is no feature '{name}' to constrain.", f"The prepared matrix has: {', '.join(names)}."
        )
    return names.index(name)
