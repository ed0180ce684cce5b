from __future__ import annotations

from sqlglot import exp

from engine.sql.plan.names import identifier

_NAMED = (exp.Column, exp.Table, exp.TableAlias, exp.Alias, exp.Window)


def fold_names(tree: exp.Query) -> exp.Query:
    """Give every name its one spelling, so that equal names are equal trees (DuckDB ignores case anyway).

    >>> from sqlglot import parse_one
    >>> fold_names(parse_one('SELECT T."A" AS "Left" FROM Dbo.T AS T')).sql()
    'SELECT t.a AS "left" FROM dbo.t AS t'
    """
    for node in list(tree.find_all(exp.Identifier)):
        if isinstance(node.parent, _NAMED):
            node.replace(identifier(node.name))
    return tree
