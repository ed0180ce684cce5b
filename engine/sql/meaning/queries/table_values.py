"""VALUES as a table.

>>> from engine.sql.meaning.show import shown
>>> print(shown("SELECT v.a FROM (VALUES (1), (2.5)) AS v(a)"))
SELECT v.a AS a FROM (VALUES (CAST(1.0 AS DECIMAL(11, 1))), (CAST(2.5 AS DECIMAL(11, 1)))) AS v(a)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from engine.errors import BindError
from engine.sql.meaning.binding.scopes import place
from engine.sql.meaning.branching import shared_facts
from engine.sql.meaning.conversion.convert import convert
from engine.sql.meaning.precedence import common_type
from engine.sql.meaning.types import INT, NULL, SqlType
from engine.sql.meaning.values import settled

if TYPE_CHECKING:
    from engine.sql.meaning.binding.context import Context


def table_values(node: exp.Values, context: Context) -> tuple[exp.Values, list[SqlType]]:
    """Translate rows of expressions; each column takes one type.

    Raises:
        BindError: Rows of unlike length.
    """
    rows = [[context.value(cell) for cell in _cells(row)] for row in node.expressions]
    if len({len(row) for row in rows}) != 1:
        raise BindError(
            "All the rows of a table value constructor must have the same number of values.", **place(node)
        )
    kinds, columns = [], []
    for cells in zip(*rows, strict=True):
        kind = common_type(cell.type for cell in cells)
        values = [convert(cell, INT if kind == NULL else kind) for cell in cells]
        kinds.append(shared_facts(values[0].type, values))
        columns.append([settled(value) for value in values])
    tuples = [exp.Tuple(expressions=list(row)) for row in zip(*columns, strict=True)]
    return exp.Values(expressions=tuples), kinds


def _cells(row: exp.Expr) -> list[exp.Expr]:
    if isinstance(row, exp.Tuple):
        return row.expressions
    return [row.this if isinstance(row, exp.Paren) else row]
