"""The planner's one entry: query, tables, nodes -> plan."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sqlglot import exp

from engine.errors import OptionError
from engine.sql.plan.binding import bind
from engine.sql.plan.draft import Draft, Relation, Rules
from engine.sql.plan.estimate import UNKNOWN_ROWS
from engine.sql.plan.facts import TableFacts, Tables
from engine.sql.plan.from_clause import plan_rows
from engine.sql.plan.lower import plan_relation, plan_statement
from engine.sql.plan.names import identifier
from engine.sql.plan.reading import shared_by_ranges
from engine.sql.plan.rules import normalise
from engine.sql.plan.rules.name_outputs import leftmost_select
from engine.sql.plan.steps import Fragment, Plan, Return, Scan, Site, Size, Step

if TYPE_CHECKING:
    from collections.abc import Mapping

RULES = Rules(relation=plan_relation, rows=plan_rows)


def plan_query(query: exp.Query, tables: Mapping[str, TableFacts], *, nodes: int) -> Plan:
    """Plan a query for a number of compute nodes.

    Args:
        query: A qualified query tree of DuckDB's dialect (columns carry table aliases, `*` is expanded, USING
            is spelled out); it is not changed.
        tables: Facts by the name that the query uses: `t`, `schema.t` or `database.schema.t`, case ignored.
        nodes: Number of compute nodes; with one there are no moves and the whole query is one fragment.

    Returns:
        Plan: The steps. Whatever has no rule runs on one node, and the plan's notes say why; no valid query
        is
            refused for its shape.

    Raises:
        BindError: An unknown table or column.
        OptionError: Less than one node.
        UnsupportedSqlError: A `*` that was not expanded.
    """
    if nodes < 1:
        raise OptionError(f"A plan for {nodes} nodes.", "At least one node is needed.", nodes=nodes)
    spelled = tuple(output.alias_or_name for output in query.selects)
    bound = bind(normalise(query), Tables(tables))
    if nodes == 1:
        return _whole(bound.tree, tuple(bound.scans.values()), spelled)
    bound = shared_by_ranges(bound, nodes)
    draft = Draft(bound, nodes, RULES)
    relation = plan_statement(draft, bound.tree)
    draft.finish(_spelled(relation, spelled), Return(spelled))
    return Plan(tuple(draft.steps), nodes, tuple(dict.fromkeys(draft.notes)))


def _whole(tree: exp.Query, scans: tuple[Scan, ...], spelled: tuple[str, ...]) -> Plan:
    """The plan for one node: the query, in one fragment."""
    fragment = Fragment(_with_names(tree, spelled), scans, ())
    size = Size(UNKNOWN_ROWS, 1.0)
    return Plan((Step("result", fragment, Site.CONTROL, Return(spelled), size),), nodes=1)


def _spelled(relation: Relation, spelled: tuple[str, ...]) -> Relation:
    return replace(relation, query=_with_names(relation.query, spelled))


def _with_names(query: exp.Query, spelled: tuple[str, ...]) -> exp.Query:
    """The query with its output columns named as the user wrote them."""
    query = query.copy()
    select = leftmost_select(query)
    if select is not None:
        for output, name in zip(select.expressions, spelled, strict=True):
            output.set("alias", exp.to_identifier(name, quoted=identifier(name).name != name or None))
    return query
