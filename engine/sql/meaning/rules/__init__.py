"""The rules: what each kind of node in an expression means.

A rule is a small pure function from a node of the T-SQL tree, and the context where it stands, to a DuckDB
expression with its T-SQL type. One file for each family of operators; each shows itself in a doctest.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from sqlglot import exp

from engine.sql.meaning.rules import (
    arithmetic,
    bits,
    branches,
    calls,
    comparisons,
    constants,
    conversions,
    likes,
    logic,
    modifiers,
    names,
    subqueries,
    windows,
)

if TYPE_CHECKING:
    from engine.sql.meaning.binding.context import Rule

_FAMILIES = (
    arithmetic,
    bits,
    branches,
    calls,
    comparisons,
    constants,
    conversions,
    likes,
    logic,
    modifiers,
    names,
    subqueries,
    windows,
)
RULES: Mapping[type[exp.Expr], Rule] = MappingProxyType(
    {node: rule for family in _FAMILIES for node, rule in family.RULES.items()}
)

__all__ = ["RULES"]
