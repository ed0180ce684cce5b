"""Rewrites of a query before it is planned: pure functions, each of one idea, in an order that matters."""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from engine.sql.plan.rules.distinct_aliases import distinct_aliases
from engine.sql.plan.rules.factor_ors import factor_ors
from engine.sql.plan.rules.fold_names import fold_names
from engine.sql.plan.rules.inline_ctes import inline_ctes
from engine.sql.plan.rules.name_outputs import name_outputs
from engine.sql.plan.rules.prune_columns import prune_columns
from engine.sql.plan.rules.push_filters import push_filters
from engine.sql.plan.rules.semi_joins import semi_joins
from engine.sql.plan.rules.wrap_queries import wrap_queries

Rule = Callable[[exp.Query], exp.Query]

RULES: tuple[Rule, ...] = (
    fold_names,
    name_outputs,
    wrap_queries,
    distinct_aliases,
    semi_joins,
    inline_ctes,
    factor_ors,
    push_filters,
    prune_columns,
)


def normalise(tree: exp.Query) -> exp.Query:
    """The query in the form that the planner reads; the given tree is not changed."""
    tree = tree.copy()
    for rule in RULES:
        tree = rule(tree)
    return tree


__all__ = ["RULES", "Rule", "normalise"]
