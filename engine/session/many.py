"""One statement for many rows of parameters: an INSERT of VALUES takes them all in one commit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from sqlglot import exp

from engine.session.parameters import Parameters, bound_variables
from engine.sql.syntax.statements.queries import Insert

if TYPE_CHECKING:
    from engine.sql.meaning import Variable
    from engine.sql.syntax import Batch


def inserted_at_once(
    batches: Sequence[Batch], rows: Sequence[Parameters]
) -> tuple[Batch, dict[str, Variable]] | None:
    """The INSERT of all rows and its variables, if the script is one INSERT of one row of VALUES; else None.

    A commit for each row of a thousand would be a thousand files and versions.
    """
    if len(rows) < 2 or len(batches) != 1 or batches[0].repeat != 1 or len(batches[0].statements) != 1:
        return None
    statement = batches[0].statements[0]
    if not isinstance(statement, Insert) or not isinstance(statement.rows, exp.Values):
        return None
    if len(statement.rows.expressions) != 1:
        return None
    [row] = statement.rows.expressions
    tuples: list[exp.Expr] = []
    variables: dict[str, Variable] = {}
    for at, parameters in enumerate(rows):
        bound = bound_variables(parameters)
        variables |= {_numbered(name, at): value for name, value in bound.items()}
        tuples.append(_with_numbers(row, at, bound))
    together = replace(statement, rows=exp.Values(expressions=tuples))
    return replace(batches[0], statements=(together,)), variables


def _with_numbers(row: exp.Expr, at: int, bound: Mapping[str, Variable]) -> exp.Expr:
    row = row.copy()
    for node in list(row.find_all(exp.Parameter)):
        if f"@{node.name.lower()}" in bound:
            node.set("this", exp.Var(this=_numbered(node.name, at)))
    return row


def _numbered(name: str, at: int) -> str:
    return f"{name}?{at}"
