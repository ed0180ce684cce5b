"""Relations that are queries over a table of their own: put in after translation, as far as they are read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from engine.sql.meaning.trees import table_alias

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.session.binding.relations import Relation


def put_queries(tree: exp.Query, relations: Mapping[str, Relation]) -> exp.Query:
    """Replace every table that is a query by that query.

    Args:
        tree: What `to_duckdb` made; it is not changed.
        relations: The tables by their names in it, in lower case.
    """
    if all(relation.query is None for relation in relations.values()):
        return tree
    tree = tree.copy()
    read: dict[str, set[str]] = {}
    for node in tree.find_all(exp.Column):
        read.setdefault(node.table.lower(), set()).add(node.name.lower())
    for table in list(tree.find_all(exp.Table)):
        relation = relations.get(".".join(part.name for part in table.parts).lower())
        if relation is not None and relation.query is not None:
            inner = _narrowed(relation.query, read.get(table.alias.lower(), set()))
            table.replace(exp.Subquery(this=inner, alias=table_alias(table.alias)))
    return tree


def _narrowed(query: exp.Query, read: set[str]) -> exp.Query:
    """The query with the columns that are read, or one where the number of rows is all that matters."""
    query = query.copy()
    wanted = [item for item in query.expressions if item.alias.lower() in read]
    query.set("expressions", wanted or query.expressions[:1])
    return query
