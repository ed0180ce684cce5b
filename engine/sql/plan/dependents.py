"""A correlated SELECT, taken apart: what selects its rows, and what is left to be evaluated per outer row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlglot import exp

from engine.sql.plan.aggregates import is_repeatable
from engine.sql.plan.blocks import Block, CannotDistributeError, read_block
from engine.sql.plan.functions import is_volatile
from engine.sql.plan.join_graph import condition_of, edges_between
from engine.sql.plan.join_tree import Group, join_tree
from engine.sql.plan.rules.distinct_aliases import from_items
from engine.sql.plan.trees import aliases_in, free_aliases, rewrite, unwrapped

if TYPE_CHECKING:
    from engine.sql.plan.strategies import Edge


@dataclass(frozen=True, slots=True)
class Dependent:
    """A correlated SELECT.

    Attributes:
        group: Its FROM with the conditions that read only that.
        rest: The other conjuncts of its WHERE.
        shell: The SELECT without FROM and WHERE.
        own: The aliases of its FROM.
        edges: Equalities in `rest` between outer values (left) and its own (right).
        is_plain: Whether it is nothing but rows of FROM and WHERE.
        is_total: Whether it is one value, of aggregates alone.
        repeatable: Whether two nodes that evaluate it over the same rows agree.
    """

    group: Group
    rest: tuple[exp.Expr, ...]
    shell: exp.Select
    own: frozenset[str]
    edges: tuple[Edge, ...]
    is_plain: bool
    is_total: bool
    repeatable: bool


def read_dependent(query: exp.Query) -> Dependent:
    """Take a correlated subquery apart.

    Raises:
        CannotDistributeError: It is no plain SELECT, or reads outer rows in its FROM.
    """
    select = unwrapped(query)
    if not isinstance(select, exp.Select) or select.args.get("with_") or is_volatile(select):
        raise CannotDistributeError("a correlated query that is more than a SELECT")
    block = read_block(select)
    own = frozenset(item.alias_or_name for item in from_items(select))
    outer = free_aliases(query)
    inner = tuple(tree for tree in block.where if free_aliases(tree) <= own)
    rest = tuple(tree for tree in block.where if tree not in inner)
    _refuse_outer_reads(select, outer)
    return Dependent(
        group=join_tree(select, inner),
        rest=rest,
        shell=_shell(select),
        own=own,
        edges=edges_between([condition_of(tree) for tree in rest], outer, own),
        is_plain=block.is_plain,
        is_total=_is_total(block, own),
        repeatable=is_repeatable(query),
    )


def _is_total(block: Block, own: frozenset[str]) -> bool:
    if not block.aggregates or len(block.outputs) != 1 or block.group is not None or block.having:
        return False
    if block.windows or block.distinct or block.order or block.is_limited:
        return False
    marks = {call: exp.null() for call in block.aggregates}
    return not aliases_in(rewrite(block.outputs[0][0], marks)) & own


def _refuse_outer_reads(select: exp.Select, outer: frozenset[str]) -> None:
    start = select.args.get("from_")
    parts = ([start] if start is not None else []) + list(select.args.get("joins") or ())
    if any(free_aliases(part) & outer for part in (*parts, *(select.args.get("laterals") or ()))):
        raise CannotDistributeError("a correlated FROM")


def _shell(select: exp.Select) -> exp.Select:
    shell = select.copy()
    for key in ("from_", "joins", "laterals", "where"):
        shell.set(key, None)
    return shell
