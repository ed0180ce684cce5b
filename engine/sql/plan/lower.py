"""From a bound query to steps: the dispatch of the planner, and its rule of last resort."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from engine.errors import UnsupportedSqlError
from engine.sql.plan.aggregates import is_repeatable
from engine.sql.plan.blocks import Block, CannotDistributeError, read_block
from engine.sql.plan.distribution import Replicated, Single
from engine.sql.plan.draft import Draft, Relation, at_control
from engine.sql.plan.estimate import UNKNOWN_ROWS
from engine.sql.plan.finishing import finish
from engine.sql.plan.from_clause import attach_cheapest
from engine.sql.plan.grouping import plan_grouping
from engine.sql.plan.join_tree import join_tree
from engine.sql.plan.rules.name_outputs import leftmost_select
from engine.sql.plan.set_operations import plan_set_operation
from engine.sql.plan.sources import with_sources
from engine.sql.plan.subqueries import everywhere, value_part
from engine.sql.plan.travel import ToControl
from engine.sql.plan.trees import columns_in, top_queries, unwrapped
from engine.sql.plan.windows import plan_windows

if TYPE_CHECKING:
    from engine.sql.plan.pieces import Piece


def plan_statement(draft: Draft, query: exp.Expr) -> Relation:
    """Plan a whole query.

    A collation is a part of a value's type that does not travel; a query that puts one on an output stays
    whole.
    """
    if any(_is_in_output(node) for node in query.find_all(exp.Collate)):
        draft.notes.append("an output under COLLATE runs on one node")
        return _at_control(draft, query, tables_only=True)
    return plan_relation(draft, query)


def _is_in_output(node: exp.Expr) -> bool:
    while node.parent is not None and not isinstance(node.parent, exp.Select):
        node = node.parent
    return node.arg_key == "expressions"


def plan_relation(draft: Draft, query: exp.Expr) -> Relation:
    """Plan a query that stands on its own: by rule where there is one, else on one node."""
    query = unwrapped(query)
    mark = draft.mark()
    try:
        return _by_rule(draft, query)
    except CannotDistributeError as problem:
        draft.reset(mark)
        draft.notes.append(f"{problem} runs on one node")
        return _at_control(draft, query)


def _by_rule(draft: Draft, query: exp.Expr) -> Relation:
    if query.args.get("with_") is not None:
        return plan_relation(draft, _without_ctes(draft, query))
    if isinstance(query, exp.Select):
        return _select(draft, query)
    if isinstance(query, exp.SetOperation):
        return plan_set_operation(draft, query)
    raise CannotDistributeError(f"a query of the kind {query.key.upper()}")


def _without_ctes(draft: Draft, query: exp.Expr) -> exp.Expr:
    """The query without its WITH, whose queries are planned and kept."""
    clause = query.args["with_"]
    if clause.recursive:
        raise CannotDistributeError("a recursive query")
    for cte in clause.expressions:
        draft.ctes[cte.alias] = draft.keep(draft.relation_of(cte.this), cte.alias)
    query = query.copy()
    query.set("with_", None)
    return query


def _select(draft: Draft, select: exp.Select) -> Relation:
    block = _asking_everywhere(draft, read_block(select))
    demand = columns_in(*block.upper)
    piece = draft.rows_of(join_tree(select, block.where), demand)
    if isinstance(piece.spread, Replicated) and not all(is_repeatable(tree) for tree in block.upper):
        piece = at_control(piece)
    if block.is_plain:
        return finish(draft, block, _with_values(draft, block, piece, demand))
    if block.is_grouped:
        piece = plan_grouping(draft, block, piece)
    return finish(draft, block, plan_windows(draft, block, piece))


def _asking_everywhere(draft: Draft, block: Block) -> Block:
    """The block with subqueries above WHERE answered everywhere; a plain select list has its own rule."""
    kept = {"from_", "joins", "laterals", "where"} | ({"expressions"} if block.is_plain else set())
    if not any(next(top_queries(tree), None) for tree in block.upper):
        return block
    select = block.select.copy()
    for key, value in list(select.args.items()):
        if key not in kept:
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, exp.Expr):
                    child.replace(everywhere(draft, child))
    return read_block(select)


def _with_values(draft: Draft, block: Block, piece: Piece, demand: frozenset[exp.Expr]) -> Piece:
    """The rows with the subqueries of the select list evaluated beside them."""
    asking = [value for value, _ in block.outputs if next(top_queries(value), None) is not None]
    for value in asking:
        done = frozenset(other for other in asking if other in piece.env)
        piece = attach_cheapest(draft, piece, value_part(draft, value), demand | done)
    return piece


def _at_control(draft: Draft, query: exp.Expr, *, tables_only: bool = False) -> Relation:
    ready = with_sources(draft, query, ToControl(), tables_only=tables_only)
    top = leftmost_select(query)
    outputs = top.expressions if top is not None else []
    names = tuple(output.alias for output in outputs)
    facts = tuple(draft.facts_of(output.unalias()) for output in outputs)
    if not isinstance(ready, exp.Query):
        raise UnsupportedSqlError(
            f"A statement of the kind {query.key.upper()} has no plan.", "Plan a query."
        )
    return Relation(ready, names, Single(), UNKNOWN_ROWS, facts)
