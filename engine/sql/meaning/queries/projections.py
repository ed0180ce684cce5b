"""The select list: names, stars, and what each item gives."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlglot import exp

from engine.errors import BindError
from engine.sql.meaning.binding.scopes import Column, Source, place
from engine.sql.meaning.trees import aliased
from engine.sql.meaning.values import Value, settled

if TYPE_CHECKING:
    from engine.sql.meaning.binding.context import Context


@dataclass(frozen=True, slots=True)
class Projection:
    """One item of a select list: its name (empty if it has none), and its value."""

    name: str
    value: Value

    @property
    def column(self) -> Column:
        return Column(self.name, self.value.type)


def projections_of(node: exp.Select, context: Context) -> list[Projection]:
    """Translate a select list; stars become the columns that they stand for.

    Raises:
        BindError: A star without FROM, or of a table that is not there.
    """
    return [projection for item in node.expressions for projection in _items(item, context)]


def _items(item: exp.Expr, context: Context) -> Iterator[Projection]:
    if isinstance(item, exp.Star):
        if not context.scope.sources:
            raise BindError("Must specify table to select from.", **place(item))
        for source in context.scope.sources:
            yield from _all_of(source)
    elif isinstance(item, exp.Column) and isinstance(item.this, exp.Star):
        yield from _all_of(context.scope.called([part.name for part in item.parts[:-1]], item))
    else:
        yield _single(item, context)


def _all_of(source: Source) -> Iterator[Projection]:
    for column in source.columns:
        yield Projection(column.name, source.value(column))


def _single(item: exp.Expr, context: Context) -> Projection:
    if isinstance(item, exp.Alias):
        return Projection(item.alias, context.value(item.this))
    value = context.value(item)
    bare = item
    while isinstance(bare, exp.Paren | exp.Collate):
        bare = bare.this
    return Projection(value.tree.name if isinstance(bare, exp.Column) else "", value)


def projected(projections: Sequence[Projection]) -> list[exp.Expr]:
    """Write a select list; every column has a name in DuckDB."""
    return [
        aliased(settled(projection.value), projection.name or f"_col_{index}")
        for index, projection in enumerate(projections, 1)
    ]
