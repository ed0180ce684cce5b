"""The FROM clause: tables, derived tables, joins and APPLY.

>>> from engine.sql.meaning.show import shown
>>> print(shown("SELECT x.v FROM t CROSS APPLY (SELECT TOP 1 v FROM u WHERE u.id = t.id ORDER BY v) AS x"))
SELECT x.v AS v FROM t AS t CROSS JOIN LATERAL (SELECT u.v AS v FROM u AS u WHERE u.id = t.id \
ORDER BY u.v NULLS FIRST LIMIT 1) AS x
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlglot import exp

from engine.errors import BindError, UnsupportedSqlError
from engine.sql.meaning.binding.context import Context, table_columns
from engine.sql.meaning.binding.relations import named_columns, shown_name
from engine.sql.meaning.binding.scopes import Column, Scope, Source, place
from engine.sql.meaning.queries.pivots import pivoted_query, unpivoted_query
from engine.sql.meaning.queries.rowsets import rowset
from engine.sql.meaning.queries.table_values import table_values
from engine.sql.meaning.trees import table_alias
from engine.sql.syntax.nodes import is_joined_group

# Hints on a table tell SQL Server how to lock and read it: they do not change what is in it at a version.
_HINTS = frozenset(
    """
    NOLOCK READUNCOMMITTED READCOMMITTED READCOMMITTEDLOCK REPEATABLEREAD SERIALIZABLE HOLDLOCK UPDLOCK XLOCK
    TABLOCK
    TABLOCKX PAGLOCK ROWLOCK READPAST NOWAIT NOEXPAND FORCESEEK FORCESCAN SNAPSHOT KEEPIDENTITY KEEPDEFAULTS
    """.split()
) - {"READPAST"}


def from_clause(node: exp.Expr, context: Context) -> tuple[exp.From | None, list[exp.Join], Context]:
    """Translate FROM and the joins behind it.

    Args:
        node: The SELECT.
        context: Its scope is still empty.

    Returns:
        The FROM of the DuckDB tree, its joins, and the context in which all sources are known.
    """
    first = node.args.get("from_")
    if first is None:
        return None, [], context
    tree, context = _item(first.this, context)
    joins = []
    for join in node.args.get("joins") or []:
        joined, context = _join(join, context)
        joins.append(joined)
    return exp.From(this=tree), joins, context


def _join(node: exp.Join, context: Context) -> tuple[exp.Join, Context]:
    if node.args.get("using") or node.args.get("pivots"):
        raise UnsupportedSqlError("This form of JOIN is not supported.", "Write JOIN ... ON.", **place(node))
    if isinstance(node.this, exp.Lateral):
        return _apply(node.this, context)
    tree, context = _item(node.this, context)
    condition = node.args.get("on")
    on = context.within(context.scope).condition(condition) if condition is not None else None
    kind = (node.args.get("kind") or "").upper()
    side = (node.args.get("side") or "").upper()
    if on is None and not side:
        kind = "CROSS"
    return exp.Join(this=tree, side=side or None, kind="CROSS" if kind == "CROSS" else None, on=on), context


def _apply(node: exp.Lateral, context: Context) -> tuple[exp.Join, Context]:
    """Translate APPLY: what is right of it sees what is left of it."""
    inner = replace(context, scope=context.scope.nested(), aggregates=False)
    tree, within = _item(_as_table(node), inner)
    (source,) = within.scope.sources
    inside = tree.this if isinstance(tree, exp.Subquery) else exp.Values(expressions=tree.expressions)
    lateral = exp.Lateral(this=exp.Subquery(this=inside), alias=tree.args["alias"])
    outer = not node.args.get("cross_apply")
    join = (
        exp.Join(this=lateral, side="LEFT", on=exp.true()) if outer else exp.Join(this=lateral, kind="CROSS")
    )
    return join, context.within(context.scope.with_source(source))


def _as_table(node: exp.Lateral) -> exp.Expr:
    """Write the right side of APPLY as an item of FROM."""
    alias, inner = node.args.get("alias"), node.this
    if isinstance(inner, exp.Subquery) and isinstance(inner.this, exp.Query):
        return exp.Subquery(this=inner.this, alias=alias)
    inner = inner.this if isinstance(inner, exp.Subquery) else inner
    if isinstance(inner, exp.Values):
        return exp.Values(expressions=inner.expressions, alias=alias or inner.args.get("alias"))
    return exp.Table(this=inner, alias=alias)


def _item(node: exp.Expr, context: Context) -> tuple[exp.Expr, Context]:
    """Translate one item of FROM, and put what it gives into the scope."""
    pivots = node.args.get("pivots")
    if pivots:
        return _pivoted(node, pivots, context)
    if is_joined_group(node):
        return _parenthesised(node, context)
    if node.args.get("joins"):  # `a JOIN b JOIN c ON ... ON ...`: those of b and c are in parentheses
        return _parenthesised(exp.Subquery(this=node.copy()), context)
    if isinstance(node, exp.Table) and isinstance(node.this, exp.Identifier):
        return _table(node, context)
    return _derived(node, context)


def _parenthesised(node: exp.Subquery, context: Context) -> tuple[exp.Expr, Context]:
    """Translate joins in parentheses; what they join is known outside."""
    inner = node.this
    bare = inner.copy()
    bare.set("joins", None)
    tree, context = _item(bare, context)
    joins = []
    for join in inner.args.get("joins") or []:
        joined, context = _join(join, context)
        joins.append(joined)
    if not joins:
        return tree, context
    if isinstance(tree, exp.Values):  # what is rendered right with joins behind it
        tree = exp.Table(this=exp.Values(expressions=tree.expressions), alias=tree.args["alias"])
    tree.set("joins", joins)
    return exp.Subquery(this=tree), context


def _table(node: exp.Table, context: Context) -> tuple[exp.Expr, Context]:
    _check_hints(node)
    parts = [part.name for part in node.parts]
    columns = context.ctes.get(parts[0].lower()) if len(parts) == 1 else None
    if columns is None:
        columns = table_columns(context.settings.schema, ".".join(parts))
    if columns is None:
        shown = ".".join(parts)
        raise BindError(
            f"Invalid object name '{shown}'.",
            "Create the table or correct its name.",
            table=shown,
            **place(node),
        )
    alias_node = node.args.get("alias")
    alias = alias_node.name if alias_node is not None and alias_node.name else parts[-1]
    named = alias_node is not None and alias_node.name
    source = Source(_unused(alias, context.scope), (alias,) if named else tuple(parts), columns)
    tree = exp.Table(this=node.this, db=node.args.get("db"), catalog=node.args.get("catalog"))
    tree = tree.copy()
    tree.set("alias", table_alias(source.alias))
    return tree, _with_source(context, source)


def _check_hints(node: exp.Table) -> None:
    for hint in node.args.get("hints") or []:
        for word in hint.expressions:
            if word.name.upper() not in _HINTS:
                raise UnsupportedSqlError(
                    f"The table hint {word.sql('tsql')} is not supported.", **place(node)
                )
    for clause in ("sample", "version", "when", "only", "partition", "rows_from"):
        if node.args.get(clause):
            raise UnsupportedSqlError(f"{clause.upper()} behind a table is not supported.", **place(node))


def _derived(node: exp.Expr, context: Context) -> tuple[exp.Expr, Context]:
    """Translate a query, VALUES or a table-valued function with its alias."""
    inner = replace(context, scope=_inner_scope(context.scope))
    alias_node = node.args.get("alias")
    if alias_node is None and isinstance(node, exp.Subquery):
        raise BindError("A derived table must have an alias.", "Write (SELECT ...) AS name.", **place(node))
    alias = alias_node.name if alias_node is not None and alias_node.name else context.fresh("r")
    names = [column.name for column in alias_node.columns] if alias_node is not None else []
    if isinstance(node, exp.Values):
        return _values(node, alias, names, context, inner)
    relation = context.query(node.this, inner) if isinstance(node, exp.Subquery) else rowset(node, inner)
    columns = named_columns(relation.columns, names, alias)
    source = Source(_unused(alias, context.scope), (alias,), columns)
    below = [shown_name(relation.columns, index) for index in range(len(columns))]
    above = [column.name for column in columns]
    tree = exp.Subquery(this=relation.tree, alias=table_alias(source.alias, above if below != above else ()))
    return tree, _with_source(context, source)


def _values(
    node: exp.Values, alias: str, names: Sequence[str], context: Context, inner: Context
) -> tuple[exp.Expr, Context]:
    tree, kinds = table_values(node, inner)
    columns = named_columns([Column("", kind) for kind in kinds], names, alias)
    source = Source(_unused(alias, context.scope), (alias,), columns)
    tree.set("alias", table_alias(source.alias, [column.name for column in columns]))
    return tree, _with_source(context, source)


def _inner_scope(scope: Scope) -> Scope:
    """Give the scope of a derived table: not its neighbours, but what is around the whole query."""
    return Scope((), scope.outer)


def _pivoted(node: exp.Expr, pivots: Sequence[exp.Pivot], context: Context) -> tuple[exp.Expr, Context]:
    """Translate PIVOT and UNPIVOT, each over what stands before it."""
    bare = node.copy()
    bare.set("pivots", None)
    for pivot in pivots:
        _, within = _item(bare, replace(context, scope=_inner_scope(context.scope)))
        (source,) = within.scope.sources
        build = unpivoted_query if pivot.args.get("unpivot") else pivoted_query
        query = build(bare, source.columns, pivot)
        bare = exp.Subquery(this=query, alias=pivot.args["alias"])
    return _item(bare, context)


def _unused(alias: str, scope: Scope) -> str:
    """Give an alias that nothing in sight has: two schemas may hold tables of one name."""
    taken, name, number = scope.all_aliases(), alias, 1
    while name.lower() in taken:
        number += 1
        name = f"{alias}_{number}"
    return name


def _with_source(context: Context, source: Source) -> Context:
    for other in context.scope.sources:
        if [part.lower() for part in other.parts] == [part.lower() for part in source.parts]:
            shown = ".".join(source.parts)
            raise BindError(
                f'The objects "{shown}" and "{shown}" in the FROM clause have the same exposed names.',
                "Use correlation names to distinguish them.",
            )
    return context.within(context.scope.with_source(source), aggregates=context.aggregates)
