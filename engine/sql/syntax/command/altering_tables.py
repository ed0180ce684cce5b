"""ALTER TABLE."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from sqlglot import exp

from engine.sql.syntax.command.columns import definitions, plain_column
from engine.sql.syntax.statements.tables import (
    AddColumns,
    AlterColumn,
    DropColumns,
    DropConstraints,
    MergeRange,
    SplitRange,
    SwitchPartition,
)

if TYPE_CHECKING:
    from engine.sql.syntax.query.grammar import Grammar
    from engine.sql.syntax.statements.base import Name, Statement

_REFUSED = ("CHECK", "NOCHECK", "ENABLE", "DISABLE", "REBUILD", "SET")


def alter_table(p: Grammar, start: int) -> Statement:
    """`ALTER TABLE name action`."""
    p.expect("ALTER", "TABLE")
    table = p.object_name()
    word = p.take_any(_ACTIONS)
    if word:
        return _ACTIONS[word](p, start, table)
    if p.at_any(_REFUSED):
        p.refuse(f"ALTER TABLE ... {p.token.text}", "a table has no such switch", "leave it out")
    return p.fail(f"expected one of {', '.join(_ACTIONS)}")


def _add(p: Grammar, start: int, table: Name) -> Statement:
    p.take("COLUMN")
    found = definitions(p)
    return AddColumns(p.since(start), table, tuple(found.columns), tuple(found.keys))


def _alter(p: Grammar, start: int, table: Name) -> Statement:
    p.expect("COLUMN")
    column = plain_column(p)
    return AlterColumn(p.since(start), table, column)


def _drop(p: Grammar, start: int, table: Name) -> Statement:
    column = p.take("COLUMN")
    if not column:
        p.take("CONSTRAINT")
    if_exists = p.take("IF", "EXISTS")
    names = tuple(p.listed(lambda: p.identifier().name))
    dropped = DropColumns if column else DropConstraints
    return dropped(p.since(start), table, names, if_exists)


def _switch(p: Grammar, start: int, table: Name) -> Statement:
    partition = _partition_number(p)
    p.expect("TO")
    target = p.object_name()
    target_partition = _partition_number(p)
    truncate = False
    if p.take("WITH"):
        p.expect("(", "TRUNCATE_TARGET", "=")
        truncate = p.on_off()
        p.expect(")")
    return SwitchPartition(p.since(start), table, target, partition, target_partition, truncate)


def _partition_number(p: Grammar) -> exp.Expr | None:
    return p.expression() if p.take("PARTITION") else None


def _split(p: Grammar, start: int, table: Name) -> Statement:
    p.expect("RANGE")
    value = p.wrapped(p.expression)
    return SplitRange(p.since(start), table, value)


def _merge(p: Grammar, start: int, table: Name) -> Statement:
    p.expect("RANGE")
    value = p.wrapped(p.expression)
    return MergeRange(p.since(start), table, value)


_ACTIONS: dict[str, Callable[[Grammar, int, Name], Statement]] = {
    "ADD": _add,
    "ALTER": _alter,
    "DROP": _drop,
    "SWITCH": _switch,
    "SPLIT": _split,
    "MERGE": _merge,
}
