"""Binding a query: every name in FROM becomes a relation or the query of a view."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlglot import exp

from engine.errors import UnsupportedSqlError
from engine.lake.names import fold
from engine.session.binding.catalog_functions import settle_catalog_functions
from engine.session.binding.file_rowsets import bind_open_rowset
from engine.session.binding.functions import as_source, function_calls, function_query
from engine.session.binding.relations import Relation
from engine.session.binding.scalar_functions import inline_scalar_functions
from engine.session.binding.trees import aliased_as, is_cte, quoted
from engine.sql.meaning.binding.scopes import place
from engine.sql.syntax import Name
from engine.sql.syntax.nodes import OpenRowset, Predict

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.session.binding.world import World
    from engine.sql.meaning import SqlType

# Views may name views; T-SQL's own limit.
_DEEPEST = 32


@dataclass(frozen=True, slots=True)
class Bound:
    """A query whose tables are relations.

    Attributes:
        tree: The T-SQL query; every table in it is a key of `relations`, or a common table expression.
        relations: By the name that the tree uses, in lower case.
    """

    tree: exp.Query
    relations: Mapping[str, Relation]

    @property
    def schema(self) -> dict[str, Mapping[str, SqlType]]:
        """What `to_duckdb` is told of the tables."""
        return {key: relation.columns for key, relation in self.relations.items()}


@dataclass(slots=True)
class Binder:
    """Binds one statement; a table that it names twice is opened once."""

    world: World
    relations: dict[str, Relation] = field(default_factory=dict)

    def bind(self, query: exp.Query) -> Bound:
        """Bind a query; it is not changed.

        Raises:
            BindError: A name means nothing.
            UnsupportedSqlError: Views within views without end, or a source that cannot be read.
        """
        holder = exp.Subquery(this=query.copy())
        self._bind_tree(holder, depth=0)
        return Bound(holder.this, self.relations)

    def add(self, relation: Relation) -> None:
        self.relations[relation.key] = relation

    def fresh(self, stem: str) -> str:
        """A name that no relation of this statement has."""
        return f"{stem}_{len(self.relations) + 1}"

    def _bind_tree(self, tree: exp.Expr, *, depth: int) -> None:
        inline_scalar_functions(tree, self.world)
        settle_catalog_functions(tree, self.world)
        for column in tree.find_all(exp.Column):  # `database.schema.table.column`, of the one database
            if column.catalog and fold(column.catalog) == fold(self.world.database):
                column.set("catalog", None)
        for node in [one for one in tree.find_all(exp.Table) if isinstance(one.this, Predict)]:
            self.world.predict(node, self)
        for call in function_calls(tree):
            self._bind_function(call, depth)
        for lateral in tree.find_all(exp.Lateral):
            _refuse_applied(lateral)
        for node in [one for one in tree.find_all(exp.Table) if isinstance(one.this, OpenRowset)]:
            bind_open_rowset(node, self, self.world)
        for node in list(tree.find_all(exp.Table)):
            bound = ".".join(part.name for part in node.parts).lower() in self.relations
            if isinstance(node.this, exp.Identifier) and not is_cte(node) and not bound:
                self._bind_table(node, tree, depth)

    def _bind_table(self, node: exp.Table, tree: exp.Expr, depth: int) -> None:
        found = self.world.resolve(Name.of(node), node)
        if isinstance(found, Relation):
            self.add(found)
            _rename(node, found)
            return
        query = self._bind_inner(found.copy(), node, depth)
        _unqualify(tree, node)
        alias = node.args.get("alias") or exp.TableAlias(this=quoted(node.name))
        node.replace(_with_joins(aliased_as(exp.Subquery(this=query), alias), node))

    def _bind_function(self, node: exp.Table | exp.Lateral, depth: int) -> None:
        as_source(self._bind_inner(function_query(node, self.world), node, depth), node)

    def _bind_inner(self, query: exp.Query, node: exp.Expr, depth: int) -> exp.Query:
        """Bind the query of a view or a function."""
        if depth == _DEEPEST:
            raise UnsupportedSqlError(
                f"Views and functions are nested deeper than {_DEEPEST}: '{node.name}'.",
                "Does one read itself?",
                **place(node),
            )
        holder = exp.Subquery(this=query)
        self._bind_tree(holder, depth=depth + 1)
        bound: exp.Query = holder.this
        return bound


def _rename(node: exp.Table, relation: Relation) -> None:
    """Call a table what the relation is called; columns may still be qualified as it was written."""
    if not relation.schema and not node.alias:
        node.set("alias", exp.TableAlias(this=quoted(node.name)))
    node.set("this", quoted(relation.name))
    node.set("db", quoted(relation.schema) if relation.schema else None)
    node.set("catalog", None)


def _unqualify(tree: exp.Expr, node: exp.Table) -> None:
    """A view has become a derived table: `dbo.v.a` is `v.a` now."""
    for column in tree.find_all(exp.Column):
        if column.args.get("db") and column.table.lower() == node.name.lower() and not node.alias:
            column.set("db", None)
            column.set("catalog", None)


def _with_joins(source: exp.Expr, node: exp.Table) -> exp.Expr:
    for part in ("joins", "pivots"):
        if node.args.get(part):
            source.set(part, node.args[part])
    return source


def _refuse_applied(lateral: exp.Lateral) -> None:
    if isinstance(lateral.this, OpenRowset | Predict):
        name = "OPENROWSET" if isinstance(lateral.this, OpenRowset) else "PREDICT"
        raise UnsupportedSqlError(
            f"{name} behind APPLY is not supported.",
            "Put it into a derived table, or join it.",
            **place(lateral),
        )
