"""One SELECT, read clause by clause."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlglot import exp

from engine.sql.plan.functions import aggregates_here, is_volatile_here, makes_rows, windows_here
from engine.sql.plan.trees import conjuncts, top_queries, walk_here

if TYPE_CHECKING:
    from collections.abc import Iterator


class CannotDistributeError(Exception):
    """A query has a shape that no rule distributes; it runs on one node instead. Never leaves the planner."""


_UNDERSTOOD = frozenset(
    {
        *("expressions", "distinct", "from_", "joins", "laterals", "where"),
        *("group", "having", "qualify", "order", "limit", "offset"),
    }
)


@dataclass(frozen=True, slots=True)
class Block:
    """A SELECT whose every clause the planner knows.

    Attributes:
        select: The tree.
        outputs: Expression and name of each output column.
        where: Conjuncts of WHERE.
        having: Conjuncts of HAVING.
        qualify: Conjuncts of QUALIFY.
        limit: Rows at most.
        offset: Rows to skip.
        aggregates: Aggregate calls outside WHERE, each once.
        windows: Window calls.
    """

    select: exp.Select
    outputs: tuple[tuple[exp.Expr, str], ...]
    where: tuple[exp.Expr, ...]
    group: exp.Group | None
    having: tuple[exp.Expr, ...]
    qualify: tuple[exp.Expr, ...]
    distinct: bool
    order: tuple[exp.Ordered, ...]
    limit: int | None
    offset: int
    aggregates: tuple[exp.Expr, ...]
    windows: tuple[exp.Window, ...]

    @property
    def is_grouped(self) -> bool:
        """Whether output rows are groups of rows."""
        return self.group is not None or bool(self.aggregates) or bool(self.having)

    @property
    def is_plain(self) -> bool:
        """Whether each output row is one input row, where it was."""
        return not (self.is_grouped or self.windows or self.distinct or self.order or self.is_limited)

    @property
    def is_limited(self) -> bool:
        """Whether rows are cut off by number."""
        return self.limit is not None or self.offset > 0

    @property
    def upper(self) -> Iterator[exp.Expr]:
        """Every expression that is evaluated on the rows of FROM and WHERE."""
        yield from (value for value, _ in self.outputs)
        if self.group is not None:
            yield self.group
        yield from self.having
        yield from self.qualify
        yield from self.order


def read_block(select: exp.Select) -> Block:
    """Read a SELECT.

    Raises:
        CannotDistributeError: A clause that no rule distributes.
    """
    _refuse_unknown(select)
    upper = [
        *select.expressions,
        select.args.get("having"),
        select.args.get("qualify"),
        select.args.get("order"),
    ]
    block = Block(
        select=select,
        outputs=tuple((output.unalias(), output.alias) for output in select.expressions),
        where=_conditions(select, "where"),
        group=select.args.get("group"),
        having=_conditions(select, "having"),
        qualify=_conditions(select, "qualify"),
        distinct=select.args.get("distinct") is not None,
        order=tuple(select.args["order"].expressions) if select.args.get("order") else (),
        limit=_count(select.args.get("limit")),
        offset=_count(select.args.get("offset")) or 0,
        aggregates=tuple(dict.fromkeys(node for tree in upper for node in aggregates_here(tree))),
        windows=tuple(dict.fromkeys(node for tree in upper for node in windows_here(tree))),
    )
    _refuse_combinations(block)
    return block


def _conditions(select: exp.Select, clause: str) -> tuple[exp.Expr, ...]:
    part = select.args.get(clause)
    return conjuncts(part.this) if part is not None else ()


def _count(clause: exp.Expr | None) -> int | None:
    if clause is None:
        return None
    value = clause.expression
    if clause.args.get("limit_options") or not isinstance(value, exp.Literal) or not value.is_int:
        raise CannotDistributeError("a LIMIT that is not a plain number")
    return int(value.name)


def _refuse_unknown(select: exp.Select) -> None:
    for key, value in select.args.items():
        if value and key not in _UNDERSTOOD:
            raise CannotDistributeError(f"the clause {key.rstrip('_').upper()}")
    distinct, group = select.args.get("distinct"), select.args.get("group")
    if distinct is not None and distinct.args.get("on"):
        raise CannotDistributeError("DISTINCT ON")
    if group is not None and any(group.args.get(key) for key in ("all", "totals")):
        raise CannotDistributeError("GROUP BY ALL")


def _refuse_combinations(block: Block) -> None:
    own = [*(value for value, _ in block.outputs), *block.where, *block.having, *block.qualify, *block.order]
    if any(is_volatile_here(tree) for tree in own):
        raise CannotDistributeError("a function whose value differs from call to call")
    if not block.is_plain and any(makes_rows(value) for value, _ in block.outputs):
        raise CannotDistributeError("UNNEST in a select list that does more")
    if any(isinstance(node, exp.Collate) for tree in block.upper for node in walk_here(tree)):
        raise CannotDistributeError("COLLATE outside of WHERE and ON")
    if any(isinstance(query.parent, exp.Array) for tree in own for query in top_queries(tree)):
        raise CannotDistributeError("ARRAY of a query")
