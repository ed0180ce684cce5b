"""FROM items as rows: tables, CTEs, derived tables, VALUES and table functions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from engine.sql.plan.blocks import CannotDistributeError
from engine.sql.plan.distribution import Hashed, Key, Replicated, Scattered, Single, Spread, hashed_by
from engine.sql.plan.estimate import rows_of
from engine.sql.plan.functions import is_volatile
from engine.sql.plan.hashing import form_named
from engine.sql.plan.pieces import Piece, Source
from engine.sql.plan.placing import hash_columns
from engine.sql.plan.trees import column, free_aliases, unwrapped

if TYPE_CHECKING:
    from engine.sql.plan.draft import Draft
    from engine.sql.plan.facts import TableFacts
    from engine.sql.plan.steps import Scan

_FUNCTION_ROWS = 100.0
_CALLABLE = (exp.GenerateSeries, exp.Unnest, exp.Explode)


def is_dependent(item: exp.Expr) -> bool:
    """Whether the item reads other items of its FROM clause (LATERAL, written or not)."""
    return bool(free_aliases(item) - {item.alias_or_name})


def leaf_piece(draft: Draft, item: exp.Expr) -> Piece:
    """The rows of one FROM item.

    Raises:
        CannotDistributeError: A table with a sample, a pivot or the like.
    """
    if isinstance(item, exp.Table) and isinstance(item.this, exp.Identifier):
        return table_piece(draft, item)
    if isinstance(item, exp.Lateral) and isinstance(item.this, exp.Subquery):
        item = exp.Subquery(this=item.this.this, alias=item.args["alias"])
    if isinstance(item, exp.Subquery) and isinstance(unwrapped(item.this), exp.Query):
        _refuse_extras(item)
        return draft.item(draft.relation_of(item.this), item.alias)
    return _computed_piece(item)


def one_row() -> Piece:
    """What a SELECT without FROM reads: one row without columns, everywhere."""
    return Piece((), (), Replicated(), 1.0, frozenset())


def table_piece(draft: Draft, item: exp.Table) -> Piece:
    _refuse_extras(item)
    alias = item.alias_or_name
    if alias not in draft.bound.scans:
        return draft.item(draft.ctes[item.name], alias)
    facts, scan = draft.bound.tables[alias], draft.bound.scans[alias]
    return Piece((Source(item),), (), spread_of(facts, scan), rows_of(facts), frozenset({alias}))


def spread_of(facts: TableFacts, scan: Scan) -> Spread:
    """Where the rows of a table are, as it is read by a scan."""
    alias = scan.alias
    if scan.whole:
        return Replicated()
    if scan.span is not None:
        form = form_named(facts.columns[scan.span.column].type) or ""
        return hashed_by([(column(scan.span.column, alias), form)], scan.span.cuts)
    keys = hash_columns(facts)
    return (
        Hashed(tuple(Key(frozenset({column(name, alias)}), form) for name, form in keys))
        if keys
        else Scattered()
    )


def _computed_piece(item: exp.Expr) -> Piece:
    """VALUES, series and the like: every node can compute them, unless nodes might disagree.

    Raises:
        CannotDistributeError: A form that reads tables, of which each node would see its own share alone.
    """
    if any(isinstance(table.this, exp.Identifier) for table in item.find_all(exp.Table)):
        raise CannotDistributeError(f"a source of the kind {item.key.upper()}")
    call = unwrapped(item.this) if isinstance(item, (exp.Table, exp.Lateral, exp.Subquery)) else item
    known = isinstance(call, (exp.Values, *_CALLABLE)) and not is_volatile(item)
    rows = float(len(call.expressions)) if isinstance(call, exp.Values) else _FUNCTION_ROWS
    spread = Replicated() if known else Single()
    return Piece((Source(item),), (), spread, rows, frozenset({item.alias_or_name}))


def _refuse_extras(item: exp.Expr) -> None:
    for key, value in item.args.items():
        if value and key not in {"this", "alias"}:
            raise CannotDistributeError(f"a table with {key.upper()}")
