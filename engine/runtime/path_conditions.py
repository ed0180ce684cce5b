"""Conditions on what a file's path says, whatever they compute, are tested before the file is opened."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
from sqlglot import exp

from engine.errors import SqlRuntimeError
from engine.runtime.kernel import Settings, cursor
from engine.sql.plan.trees import conjuncts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.lake import Partition
    from engine.sql.plan import TableFacts

_PATHS = "paths"
_AT = "__at"


def passing(
    predicate: exp.Expr, partitions: Sequence[Partition], schema: pa.Schema, facts: TableFacts
) -> list[Partition]:
    """The partitions for whose path values every condition on these alone is true.

    A condition that fails with an error keeps the partitions: if a row needs it, the query will tell.
    """
    columns = [name for name, _ in partitions[0].hive] if partitions else []
    folded = {name.lower() for name in columns}
    conditions = [part for part in conjuncts(predicate) if _reads_only(part, folded)]
    if not conditions:
        return list(partitions)
    values = [dict(partition.hive) for partition in partitions]
    paths = pa.table(
        {
            **{name: pa.array([row[name] for row in values], schema.field(name).type) for name in columns},
            _AT: pa.array(range(len(values)), pa.int64()),
        }
    )
    try:
        with cursor(Settings()) as own:
            own.register(_PATHS, paths)
            kept = own.sql(_question(conditions, columns, facts)).to_arrow_table().column(0).to_pylist()
    except SqlRuntimeError:
        return list(partitions)
    return [partition for partition, keep in zip(partitions, kept, strict=True) if keep]


def _question(conditions: Sequence[exp.Expr], columns: Sequence[str], facts: TableFacts) -> str:
    """One row for each path, in order: does it pass?"""
    typed = [
        exp.alias_(_cast(name, facts.columns[name.lower()].type), name.lower(), quoted=True)
        for name in columns
    ]
    rows = (
        exp.Select(expressions=[*typed, exp.column(_AT, quoted=True)]).from_(_PATHS).subquery("paths_typed")
    )
    passes = exp.Coalesce(
        this=exp.and_(*[exp.Paren(this=part.copy()) for part in conditions]), expressions=[exp.false()]
    )
    answer = exp.alias_(exp.Cast(this=passes, to=exp.DataType.build("INT")), "passes")
    query = exp.Select(expressions=[answer]).from_(rows).order_by(exp.column(_AT, quoted=True))
    return query.sql(dialect="duckdb")


def _cast(name: str, kind: str) -> exp.Expr:
    return exp.Cast(this=exp.column(name, quoted=True), to=exp.DataType.build(kind, dialect="duckdb"))


def _reads_only(part: exp.Expr, columns: set[str]) -> bool:
    read = {column.name.lower() for column in part.find_all(exp.Column)}
    return bool(read) and read <= columns
