"""The search space: what may be tried, what is tried first, and what is an outer loop."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from engine.errors import OptionError

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

# The matrix is quantised anew for each max_bin, so of a range of them only so many are tried.
_MOST_BINS = 3
# Rounds times learning rate at which boosting of ordinary depth has learned most of what it will: where the
# first trials are placed.
_STEPS = 20.0
# Where to start, clipped to the space; what is not named here starts in the middle of its range. The first is
# cheap and right for noisy rows, the second nearly unsampled with large leaves, for rows that say much and
# for rare categories, the third slower and deeper: these go to the top. The last is deep. Of 14 candidates
# on eleven data sets none was within 0.0024 AUC of the best of these on average; which was best ran from
# depth 4 to depth 10.
_STARTS: tuple[dict[str, float], ...] = (
    {"pace": 2.0, "max_depth": 4, "min_child_weight": 2, "subsample": 0.85, "colsample_bytree": 0.8},
    {"pace": 1.8, "max_depth": 5, "min_child_weight": 15, "subsample": 0.97, "colsample_bytree": 0.95},
    {"pace": 1.0, "max_depth": 7, "min_child_weight": 8, "subsample": 0.85, "colsample_bytree": 0.8},
    {"pace": 2.0, "max_depth": 10, "min_child_weight": 8, "subsample": 0.9, "colsample_bytree": 0.85},
)
_GENTLE: dict[str, float] = {
    "lambda": 1.0,
    "reg_lambda": 1.0,
    "alpha": 0.0,
    "reg_alpha": 0.0,
    "gamma": 0.0,
    "min_split_loss": 0.0,
    "colsample_bylevel": 0.9,
    "colsample_bynode": 0.9,
    "max_delta_step": 0.0,
    "scale_pos_weight": 1.0,
}


def check_distributions(space: Mapping[str, Any]) -> None:
    """Refuse what is no Optuna distribution.

    Raises:
        OptionError: Names the parameter.
    """
    from optuna.distributions import BaseDistribution

    for name, distribution in space.items():
        if not isinstance(distribution, BaseDistribution):
            raise OptionError(
                f"space['{name}'] is {distribution!r}, not an Optuna distribution.",
                "Use optuna.distributions: IntDistribution(3, 10), FloatDistribution(0.01, 0.3, log=True), "
                "CategoricalDistribution([...]).",
            )


def outer_values(space: Mapping[str, BaseDistribution]) -> tuple[int, ...]:
    """The values of `max_bin` to search within, one after the other; empty where it is not in the space.

    A range of more than three values is represented by its ends and its (logarithmic) middle.
    """
    from optuna.distributions import CategoricalDistribution

    found: Any = space.get("max_bin")
    if found is None:
        return ()
    if isinstance(found, CategoricalDistribution):
        return tuple(int(value) for value in found.choices)
    step = int(found.step or 1)
    count = (int(found.high) - int(found.low)) // step + 1
    if count <= _MOST_BINS:
        return tuple(int(found.low) + step * index for index in range(count))
    middle = math.sqrt(found.low * found.high)
    inner = int(found.low) + step * round((middle - found.low) / step)
    return tuple(dict.fromkeys((int(found.low), inner, int(found.high))))


def first_configurations(
    space: Mapping[str, BaseDistribution], max_rounds: int
) -> tuple[dict[str, Any], ...]:
    """What to try before the sampler has seen anything: known good starts, clipped to the space."""
    made: list[dict[str, Any]] = []
    for start in _STARTS:
        eta = _STEPS * start["pace"] / max_rounds
        known = {**_GENTLE, **start, "eta": eta, "learning_rate": eta}
        params = {name: _clipped(known.get(name), found) for name, found in space.items()}
        if params not in made:
            made.append(params)
    return tuple(made)


def _clipped(wanted: Any, found: Any) -> Any:
    """The value of a distribution that is nearest to the one wanted, or its middle."""
    choices = getattr(found, "choices", None)
    if choices is not None:
        numbers = [c for c in choices if isinstance(c, int | float) and not isinstance(c, bool)]
        if wanted is None or len(numbers) < len(choices):
            return choices[0]
        return min(numbers, key=lambda choice: abs(choice - wanted))
    if wanted is None:
        wanted = math.sqrt(found.low * found.high) if found.log else (found.low + found.high) / 2
    value = min(max(wanted, found.low), found.high)
    if found.step:
        value = found.low + found.step * round((value - found.low) / found.step)
    return int(value) if isinstance(found.low, int) else float(value)


def grid(space: Mapping[str, BaseDistribution], seed: int) -> list[dict[str, Any]]:
    """Every combination, in an order that the seed decides.

    Raises:
        OptionError: A range without steps has no combinations.
    """
    axes = [[(name, value) for value in _steps(name, found)] for name, found in space.items()]
    cells = [dict(cell) for cell in itertools.product(*axes)]
    random.Random(seed).shuffle(cells)  # noqa: S311 - an order, not a secret
    return cells


def _steps(name: str, found: Any) -> list[Any]:
    choices = getattr(found, "choices", None)
    if choices is not None:
        return list(choices)
    if not found.step or found.log:
        raise OptionError(
            f"space['{name}'] has no steps, a grid needs them.",
            "Give its distribution step=, or use a CategoricalDistribution of values.",
        )
    count = round((found.high - found.low) / found.step) + 1
    return [found.low + found.step * index for index in range(count)]
