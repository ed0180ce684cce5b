"""Subqueries in conditions, select lists and FROM: evaluated by DuckDB where the rows around them are.

A fragment keeps a subquery as it was written; only its FROM is replaced. That is right when every inner row
that can matter to an outer row is on the outer row's node: all inner rows are on every node, or the subquery
demands `inner = outer` for keys by which both sides are placed. From that also follows: a positive `x IN
(query)` among the conjuncts of WHERE demands `x = output`; NOT IN also asks whether there is any NULL, so it
needs all rows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sqlglot import exp

from engine.sql.plan.aggregates import is_repeatable
from engine.sql.plan.blocks import CannotDistributeError
from engine.sql.plan.dependents import Dependent, read_dependent
from engine.sql.plan.estimate import groups_of
from engine.sql.plan.functions import is_volatile
from engine.sql.plan.hashing import common_form, form_of
from engine.sql.plan.join_graph import Part
from engine.sql.plan.leaves import one_row
from engine.sql.plan.pieces import Kind, Limiter, Piece, Source
from engine.sql.plan.pre_aggregation import pre_aggregated
from engine.sql.plan.sources import with_sources
from engine.sql.plan.strategies import Edge
from engine.sql.plan.travel import ToAll
from engine.sql.plan.trees import columns_in, free_aliases, rewrite, rewrite_clause, top_queries

if TYPE_CHECKING:
    from engine.sql.plan.draft import Draft

Use = Callable[[Piece, exp.Expr], Piece]
SEMI_JOIN_SHARE = 0.5
# Rows are made distinct before they travel if no larger share of them is left: it costs hashing them all
# (measured on TPC-H 21: 4 s of 10 for 6 M rows, of which nearly all stayed).
_WORTH_A_DISTINCT = 0.5
_HOLE = exp.Placeholder(this="a subquery")


@dataclass(frozen=True, slots=True)
class Inside:
    """The rows of a subquery, and how its text is made once they are in place.

    `travels` is what is sent instead of the rows, if they must travel: fewer of them, or groups.
    """

    piece: Piece
    travels: Piece
    fill: Callable[[Piece], exp.Expr]
    wants: tuple[exp.Expr, ...] = ()
    edges: tuple[Edge, ...] = ()
    limiter: Limiter | None = None
    repeatable: bool = True


def condition_part(draft: Draft, tree: exp.Expr) -> Part:
    """A condition that holds subqueries, as a part to be joined in."""

    def use(left: Piece, condition: exp.Expr) -> Piece:
        return replace(left, where=(*left.where, left.resolve(condition)))

    return replace(_part(draft, tree, use, truth_only=True), factor=SEMI_JOIN_SHARE)


def value_part(draft: Draft, tree: exp.Expr) -> Part:
    """A value that holds subqueries, as a part to be joined in; it becomes an identity of the rows."""

    def use(left: Piece, value: exp.Expr) -> Piece:
        return replace(left, env={**left.env, tree: left.resolve(value)})

    return _part(draft, tree, use)


def lateral_part(draft: Draft, item: exp.Expr, on: tuple[exp.Expr, ...] | None = None) -> Part:
    """A FROM item that reads those before it; `on` makes it a LEFT JOIN."""
    alias = item.alias_or_name
    kind: Kind = "INNER" if on is None else "LEFT"
    tests = tuple(everywhere(draft, tree) for tree in on or ())

    def use(left: Piece, ready: exp.Expr) -> Piece:
        source = Source(left.resolve(ready), kind, tuple(left.resolve(tree) for tree in tests))
        return replace(left, sources=(*left.sources, source), aliases=left.aliases | {alias})

    part = _part(draft, _as_lateral(item), use)
    reads = frozenset(read for read in part.reads | columns_in(*tests) if _table_of(read) != alias)
    needs = frozenset(_table_of(read) for read in reads)
    return replace(part, brings=frozenset({alias}), needs=needs, reads=reads)


def _table_of(read: exp.Expr) -> str:
    return read.text("table")


def _as_lateral(item: exp.Expr) -> exp.Expr:
    if not isinstance(item, exp.Subquery):
        return item
    return exp.Lateral(this=exp.Subquery(this=item.this.copy()), alias=item.args["alias"].copy())


def everywhere(draft: Draft, tree: exp.Expr) -> exp.Expr:
    """The expression with the rows of its subqueries on every node, so that it can be evaluated anywhere."""
    queries = list(top_queries(tree))
    return rewrite(tree, {query: _everywhere(draft, query) for query in queries})


def _everywhere(draft: Draft, query: exp.Query) -> exp.Expr:
    if free_aliases(query):
        if is_volatile(query):
            raise CannotDistributeError("a correlated subquery whose value differs from call to call")
        return with_sources(draft, query, ToAll())
    inside = _standing_alone(draft, query)
    return inside.fill(draft.send(inside.travels, ToAll(), inside.wants, limiter=inside.limiter))


def _part(draft: Draft, tree: exp.Expr, use: Use, *, truth_only: bool = False) -> Part:
    """A tree with subqueries: one of them may be brought to where it is needed, the others go everywhere."""
    queries = list(dict.fromkeys(top_queries(tree)))
    chosen = next((query for query in queries if free_aliases(query)), queries[0] if queries else None)
    rest: dict[exp.Expr, exp.Expr] = {
        query: _everywhere(draft, query) for query in queries if query is not chosen
    }
    inside = _inside(draft, chosen)
    frame = rewrite(tree, {**rest, chosen: _HOLE} if chosen is not None else rest)
    free = free_aliases(tree)
    edges = inside.edges
    is_member = truth_only and chosen is not None and not free_aliases(chosen)
    if chosen is not None and is_member:
        edges = _membership(tree, chosen, inside.wants)
    return Part(
        piece=inside.piece,
        travels=inside.travels,
        attach=lambda left, right: use(left, rewrite(frame, {_HOLE: inside.fill(right)})),
        brings=frozenset(),
        needs=free,
        per_row=True,
        edges=edges,
        wants=inside.wants,
        reads=frozenset(read for read in columns_in(tree) if read.table in free),
        repeatable=inside.repeatable,
        limiter=inside.limiter,
        is_reducible=bool(edges) and tree.find(exp.NullSafeEQ) is None,
        is_demanded=is_member and bool(edges),
    )


def _inside(draft: Draft, query: exp.Query | None) -> Inside:
    if query is None:
        return _nothing_inside(_HOLE)
    if not free_aliases(query):
        return _standing_alone(draft, query)
    mark = draft.mark()
    try:
        return _dependent(draft, read_dependent(query), query)
    except CannotDistributeError:
        draft.reset(mark)
    return _nothing_inside(_everywhere(draft, query), repeatable=is_repeatable(query))


def _nothing_inside(ready: exp.Expr, *, repeatable: bool = True) -> Inside:
    """A subquery that can be evaluated wherever it is needed."""
    return Inside(one_row(), one_row(), lambda _: ready, repeatable=repeatable)


def _standing_alone(draft: Draft, query: exp.Query) -> Inside:
    """A subquery that reads nothing of the rows around it."""
    relation = draft.relation_of(query)
    alias = draft.fresh("q")
    piece = draft.item(relation, alias)
    outputs = [(draft.column(name, alias), name) for name in relation.names]

    def fill(right: Piece) -> exp.Expr:
        return _like(query, relation.query if right is piece else right.close(outputs))

    wants = tuple(value for value, _ in outputs)
    limiter = _limiter(query)
    travels = _distinct(draft, piece, wants) if limiter is not None else piece
    return Inside(piece, travels, fill, wants, limiter=limiter)


def _distinct(draft: Draft, piece: Piece, wants: tuple[exp.Expr, ...]) -> Piece:
    """The piece, with as many rows as it has distinct values on each node."""
    return replace(piece, rows=min(groups_of(wants, draft.known, piece.rows) * draft.nodes, piece.rows))


def _like(written: exp.Expr, ready: exp.Expr) -> exp.Expr:
    """The query in parentheses where the one it replaces had them."""
    return exp.Subquery(this=ready) if isinstance(written, exp.Subquery) else ready


def _limiter(query: exp.Query) -> Limiter | None:
    """How many rows of a subquery are enough for what is asked of it."""
    if isinstance(query.parent, exp.Exists):
        return lambda select: select.limit(1)
    if isinstance(query.parent, (exp.In, exp.Any)):
        return lambda select: select.distinct()
    return None


def _membership(tree: exp.Expr, query: exp.Query, outputs: tuple[exp.Expr, ...]) -> tuple[Edge, ...]:
    """What `x IN (query)` equates, where only its being true counts."""
    if not isinstance(tree, exp.In) or query.parent is not tree:
        return ()
    values = tree.this.expressions if isinstance(tree.this, exp.Tuple) else [tree.this]
    edges = []
    for value, output in zip(values, outputs, strict=False):
        form = common_form(form_of(value), form_of(output))
        if form is not None and columns_in(value):
            edges.append(Edge(value, output, form))
    return tuple(edges)


def _dependent(draft: Draft, query: Dependent, written: exp.Query) -> Inside:
    """A SELECT that reads the rows around it."""
    shell = everywhere_below(draft, query.shell)
    rest = tuple(everywhere(draft, tree) for tree in query.rest)
    wants = frozenset(read for read in columns_in(shell, *rest) if read.table in query.own)
    piece = draft.rows_of(query.group, frozenset(wants))

    lean = pre_aggregated(draft, query, piece)

    def fill(right: Piece) -> exp.Expr:
        right = lean.restored(right) if lean is not None and lean.wants[-1] in right.env else right
        ready = rewrite_clause(shell, right.env)
        frame = right.close(())
        for clause in ("from_", "joins", "where"):
            ready.set(clause, frame.args.get(clause))
        tests = [right.resolve(tree) for tree in rest]
        return _like(written, ready.where(*tests, copy=False) if tests else ready)

    if lean is not None:
        return Inside(piece, lean.piece, fill, lean.wants, query.edges, None, query.repeatable)
    exists = isinstance(written.parent, exp.Exists) and query.is_plain
    listed = tuple(sorted(wants, key=lambda read: read.sql()))
    fewer = _distinct(draft, piece, listed) if exists else piece
    if fewer.rows > piece.rows * _WORTH_A_DISTINCT:
        return Inside(piece, piece, fill, listed, query.edges, None, query.repeatable)
    limiter: Limiter = lambda select: select.distinct()  # noqa: E731
    return Inside(piece, fewer, fill, listed, query.edges, limiter, query.repeatable)


def everywhere_below(draft: Draft, select: exp.Select) -> exp.Select:
    """A SELECT without FROM whose own subqueries can be evaluated anywhere."""
    ready = select.copy()
    for child in list(ready.iter_expressions()):
        child.replace(everywhere(draft, child))
    return ready
