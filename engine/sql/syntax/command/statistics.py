"""CREATE STATISTICS and UPDATE STATISTICS."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.sql.syntax.statements.tables import CreateStatistics, Sample, UpdateStatistics
from engine.sql.syntax.tokens import Kind

if TYPE_CHECKING:
    from engine.sql.syntax.query.grammar import Grammar
    from engine.sql.syntax.statements.base import Statement


def create_statistics(p: Grammar, start: int) -> Statement:
    """`CREATE STATISTICS name ON table (columns) [WHERE condition] [WITH FULLSCAN | SAMPLE n PERCENT]`."""
    name = p.identifier().name
    p.expect("ON")
    table = p.object_name()
    columns = tuple(p.wrapped_list(lambda: p.identifier().name))
    where = p.condition() if p.take("WHERE") else None
    sample = _sample(p)
    return CreateStatistics(p.since(start), name, table, columns, where, sample)


def update_statistics(p: Grammar, start: int) -> Statement:
    """`UPDATE STATISTICS table [(name, ...)] [WITH ...]`."""
    p.expect("UPDATE", "STATISTICS")
    table = p.object_name()
    if p.at("("):
        names = tuple(p.wrapped_list(lambda: p.identifier().name))
    else:
        names = (p.identifier().name,) if p.at_name() else ()
    sample = _sample(p)
    return UpdateStatistics(p.since(start), table, names, sample)


def _sample(p: Grammar) -> Sample | None:
    if not p.take("WITH"):
        return None
    if p.take("FULLSCAN"):
        return Sample(100, percent=True)
    if not p.take("SAMPLE"):
        p.refuse(
            f"Statistics WITH {p.token.text}",
            "they are made from all rows or a sample",
            "write FULLSCAN or SAMPLE",
        )
    amount = float(p.expect_kind(Kind.NUMBER).value)
    return Sample(amount, percent=p.expect_any(("PERCENT", "ROWS")) == "PERCENT")
