"""The transformers that can be fitted on a pool, found by their exact type.

A subclass is not its parent: it may do anything in `fit`, and no graph could be written for it.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from engine.errors import UnsupportedError

if TYPE_CHECKING:
    from engine.prep.rules.rule import Rule
    from engine.prep.views import Estimator


@cache
def rules() -> dict[type, Rule]:
    """Return estimator type -> rule."""
    from engine.prep.rules import (
        axes,
        bins,
        encoders,
        imputer,
        own,
        ranges,
        ranks,
        selectors,
        standard,
        stateless,
        targets,
    )

    families = (
        axes,
        bins,
        encoders,
        imputer,
        own,
        ranges,
        ranks,
        selectors,
        standard,
        stateless,
        targets,
    )
    return {kind: rule for family in families for kind, rule in family.RULES.items()}


def rule_for(estimator: Estimator) -> Rule:
    """Find the rule of a transformer and check its parameters; nothing is read for it.

    Raises:
        UnsupportedError: There is no rule for its type, or a parameter cannot be honoured.
    """
    name = type(estimator).__name__
    rule = rules().get(type(estimator))
    if rule is None:
        known = ", ".join(sorted(kind.__name__ for kind in rules()))
        raise UnsupportedError(
            f"{name} cannot be fitted on a pool",
            f"Use one of {known}, or prepare the column with SQL or a Dask DataFrame first.",
            transformer=name,
        )
    reason = rule.refuse(estimator)
    if reason:
        raise UnsupportedError(
            f"{name} cannot be fitted as it is set: {reason.what}", reason.instead, transformer=name
        )
    return rule
