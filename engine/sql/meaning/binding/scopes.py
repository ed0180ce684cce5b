"""Which column a name means."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from engine.errors import BindError
from engine.sql.meaning.trees import column as column_tree
from engine.sql.meaning.values import Value
from engine.sql.syntax.nodes import DOUBLE_QUOTED

if TYPE_CHECKING:
    from engine.sql.meaning.types import SqlType


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table or of a query's result; `name` is empty where the query gave it none."""

    name: str
    type: SqlType


@dataclass(frozen=True, slots=True)
class Source:
    """Something in a FROM clause.

    Attributes:
        alias: Its name in the DuckDB tree, unlike any other's in the query.
        parts: The name that columns may be qualified with, outermost first: `("dbo", "t")` or an alias alone.
        columns: Its columns in order.
    """

    alias: str
    parts: tuple[str, ...]
    columns: tuple[Column, ...]

    def is_called(self, qualifier: Sequence[str]) -> bool:
        """Whether `qualifier` (outermost part first) is how this source may be called."""
        own = [part.lower() for part in self.parts[-len(qualifier) :]]
        return len(own) == len(qualifier) and own == [part.lower() for part in qualifier]

    def find(self, name: str) -> list[Column]:
        return [column for column in self.columns if column.name and column.name.lower() == name.lower()]

    def value(self, column: Column) -> Value:
        return Value(column_tree(self.alias, column.name), column.type)


@dataclass(frozen=True, slots=True)
class Scope:
    """The sources that an expression may name; `outer` is the scope of the query around."""

    sources: tuple[Source, ...] = ()
    outer: Scope | None = None

    def with_source(self, *sources: Source) -> Scope:
        return Scope((*self.sources, *sources), self.outer)

    def nested(self) -> Scope:
        """Give the empty scope of a query inside."""
        return Scope((), self)

    def aliases(self) -> set[str]:
        """Give the aliases of this scope alone."""
        return {source.alias for source in self.sources}

    def _chain(self) -> Iterator[Scope]:
        scope: Scope | None = self
        while scope is not None:
            yield scope
            scope = scope.outer

    def all_aliases(self) -> set[str]:
        """Give the aliases of this scope and of all around it, in lower case."""
        return {alias.lower() for scope in self._chain() for alias in scope.aliases()}

    def resolve(self, node: exp.Column) -> Value:
        """Find the column that a name means, in this scope or the nearest one around.

        Raises:
            BindError: It means none, or two.
        """
        qualifier = [part.name for part in node.parts[:-1]]
        for scope in self._chain():
            found = [
                source.value(column)
                for source in scope.sources
                if not qualifier or source.is_called(qualifier)
                for column in source.find(node.name)
            ]
            if len(found) > 1:
                raise BindError(
                    f"Ambiguous column name '{node.name}'.", "Qualify it with its table.", **place(node)
                )
            if found:
                return found[0]
        raise self._unknown(node, qualifier)

    def _unknown(self, node: exp.Column, qualifier: list[str]) -> BindError:
        shown = ".".join([*qualifier, node.name])
        if qualifier and not any(
            source.is_called(qualifier) for scope in self._chain() for source in scope.sources
        ):
            message = f'The multi-part identifier "{shown}" could not be bound.'
        else:
            message = f"Invalid column name '{node.name}'."
        names = sorted({column.name for source in self.sources for column in source.columns if column.name})
        hint = f"There are: {', '.join(names[:30])}." if names else ""
        if not qualifier and node.this.meta.get(DOUBLE_QUOTED):
            hint = f"Text stands in single quotes: '{node.name}'. {hint}".rstrip()
        return BindError(message, hint, name=shown, **place(node))

    def called(self, qualifier: Sequence[str], node: exp.Expr) -> Source:
        """Find the source of `t.*` in this scope.

        Raises:
            BindError: None is called so.
        """
        for source in self.sources:
            if source.is_called(qualifier):
                return source
        shown = ".".join(qualifier)
        raise BindError(
            f"The column prefix '{shown}' does not match with a table name or alias name used in the query.",
            **place(node),
        )


def place(node: exp.Expr) -> dict[str, Any]:
    """Give line and column (both from 1) of the first word of a tree that knows its place."""
    for part in node.walk():
        if "line" in part.meta:
            return {"line": part.meta["line"], "column": part.meta["col"]}
    return {}
