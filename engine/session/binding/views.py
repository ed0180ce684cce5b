"""Views: the text that made one, read as the query that it stands for."""

from __future__ import annotations

from functools import lru_cache

from sqlglot import exp

from engine.errors import UnsupportedSqlError
from engine.sql.syntax import parse_script
from engine.sql.syntax.statements.objects import CreateMaterializedView, CreateView


@lru_cache(maxsize=256)
def view_query(text: str) -> exp.Query:
    """The query of a view from the text that created it, its columns named as the view names them.

    Not to be changed: whoever asks again gets the same.

    Raises:
        BindError: It names more or fewer columns than its query has.
    """
    (batch,) = parse_script(text)
    (view,) = batch.statements
    if not isinstance(view, CreateView | CreateMaterializedView):
        raise UnsupportedSqlError(
            "The definition of the view is no CREATE VIEW.", "DROP and CREATE it again."
        )
    query = view.query
    for node in query.walk():
        node.meta.pop("line", None)  # places in the view's own text mean nothing in the query that reads it
    if isinstance(view, CreateMaterializedView) or not view.columns:
        return query
    alias = exp.TableAlias(
        this=exp.to_identifier("v"), columns=[exp.to_identifier(name, quoted=True) for name in view.columns]
    )
    return exp.Select(expressions=[exp.Star()]).from_(exp.Subquery(this=query, alias=alias))
