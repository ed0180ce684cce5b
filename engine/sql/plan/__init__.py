"""Plans of queries for several nodes: a qualified DuckDB query tree and table facts in, steps out. Pure."""

from __future__ import annotations

from engine.sql.plan.distribution import Cuts
from engine.sql.plan.explain import explain, explain_xml
from engine.sql.plan.facts import ColumnFacts, Files, Hash, Layout, Order, Replicate, RoundRobin, TableFacts
from engine.sql.plan.placing import placing_keys
from engine.sql.plan.planning import plan_query
from engine.sql.plan.steps import (
    Broadcast,
    Fragment,
    Gather,
    Keep,
    Move,
    Plan,
    Return,
    Scan,
    Shuffle,
    Site,
    Size,
    Span,
    Step,
    Trim,
)

__all__ = [
    "Broadcast",
    "ColumnFacts",
    "Cuts",
    "Files",
    "Fragment",
    "Gather",
    "Hash",
    "Keep",
    "Layout",
    "Move",
    "Order",
    "Plan",
    "Replicate",
    "Return",
    "RoundRobin",
    "Scan",
    "Shuffle",
    "Site",
    "Size",
    "Span",
    "Step",
    "TableFacts",
    "Trim",
    "explain",
    "explain_xml",
    "placing_keys",
    "plan_query",
]
