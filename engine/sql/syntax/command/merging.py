"""MERGE."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from engine.sql.syntax.command.changing import assigned, changed_top, refuse_output, target_table
from engine.sql.syntax.nodes import Default
from engine.sql.syntax.statements.queries import Merge, MergeClause, MergeDelete, MergeInsert, MergeUpdate

if TYPE_CHECKING:
    from engine.sql.syntax.query.grammar import Grammar
    from engine.sql.syntax.statements.base import Statement


def merge(p: Grammar, start: int, with_: exp.With | None = None) -> Statement:
    p.expect("MERGE")
    top = changed_top(p)
    p.take("INTO")
    target = target_table(p)
    if not p.at("USING"):
        target.set("alias", p.table_alias(columns=False))
    p.expect("USING")
    using = p.table_source()
    p.expect("ON")
    on = p.condition()
    clauses = [_clause(p)]
    while p.at("WHEN"):
        clauses.append(_clause(p))
    refuse_output(p)
    options = tuple(p.options())
    return Merge(p.since(start), target, using, on, tuple(clauses), with_, top, options)


def _clause(p: Grammar) -> MergeClause:
    p.expect("WHEN")
    match = _match(p)
    condition = p.condition() if p.take("AND") else None
    p.expect("THEN")
    action = _insert(p) if match == "NOT MATCHED" else _change(p)
    return MergeClause(match, action, condition)


def _match(p: Grammar) -> str:
    if p.take("MATCHED"):
        return "MATCHED"
    p.expect("NOT", "MATCHED")
    if p.take("BY", "SOURCE"):
        return "NOT MATCHED BY SOURCE"
    p.take("BY", "TARGET")
    return "NOT MATCHED"


def _change(p: Grammar) -> MergeUpdate | MergeDelete:
    if p.take("DELETE"):
        return MergeDelete()
    p.expect("UPDATE", "SET")
    return MergeUpdate(assigned(p))


def _insert(p: Grammar) -> MergeInsert:
    p.expect("INSERT")
    columns = tuple(p.wrapped_list(p.identifier)) if p.at("(") else ()
    if p.take("DEFAULT", "VALUES"):
        return MergeInsert(columns, ())
    p.expect("VALUES")
    return MergeInsert(columns, tuple(p.wrapped_list(lambda: _value(p))))


def _value(p: Grammar) -> exp.Expr:
    return Default() if p.take("DEFAULT") else p.expression()
