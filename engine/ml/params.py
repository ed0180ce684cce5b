"""XGBoost's parameters that a user may set, so that a misspelt one is refused instead of ignored."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from difflib import get_close_matches

from engine.errors import OptionError, UnsupportedError

# XGBoost only warns of a parameter that it does not know and trains without it. The names are those of
# its 3.2 documentation, "XGBoost Parameters", sections tree booster and learning task.
TREE_PARAMS = frozenset(
    """alpha base_score booster colsample_bylevel colsample_bynode colsample_bytree eta gamma grow_policy
    huber_slope interaction_constraints lambda learning_rate max_bin max_cached_hist_node max_cat_threshold
    max_cat_to_onehot max_delta_step max_depth max_leaves min_child_weight min_split_loss
    monotone_constraints num_parallel_tree quantile_alpha reg_alpha reg_lambda sampling_method
    scale_pos_weight subsample tree_method tweedie_variance_power""".split()
)
# What the engine decides itself, with where it is decided.
_DECIDED = {
    "objective": "the argument objective=",
    "eval_metric": "the argument metric=",
    "num_class": "the label's values",
    "nthread": "the pool's threads",
    "n_jobs": "the pool's threads",
    "seed": "the argument seed=",
    "random_state": "the argument seed=",
    "device": "the pool's workers, which are CPUs",
}


def check_params(names: Iterable[str]) -> None:
    """Refuse names that XGBoost would ignore or that the engine decides.

    Raises:
        OptionError: Names the parameter and the nearest known one.
    """
    for name in names:
        if name in _DECIDED:
            raise OptionError(f"Parameter '{name}' is decided by {_DECIDED[name]}.", f"Leave '{name}' out.")
        if name not in TREE_PARAMS:
            near = get_close_matches(name, TREE_PARAMS, n=1)
            raise OptionError(
                f"XGBoost has no tree parameter '{name}'.",
                f"Did you mean '{near[0]}'?" if near else f"Known are: {', '.join(sorted(TREE_PARAMS))}.",
                name=name,
            )


def check_booster(params: Mapping[str, object]) -> None:
    """Refuse boosters that cannot be exported or continued.

    Raises:
        UnsupportedError: For anything but trees.
    """
    booster = params.get("booster", "gbtree")
    if booster != "gbtree":
        raise UnsupportedError(
            f"Booster '{booster}' is not offered.",
            "Leave 'booster' out: trees (gbtree) are tuned, exported and scored.",
            booster=booster,
        )


def check_numbers(params: Mapping[str, object]) -> None:
    """Refuse what is no number: XGBoost takes it and grows trees that answer none.

    Raises:
        OptionError: Names the parameter.
    """
    for name, value in params.items():
        if isinstance(value, float) and math.isnan(value):
            raise OptionError(
                f"Parameter '{name}' is NaN.", f"Give a number, or leave '{name}' out.", name=name
            )
