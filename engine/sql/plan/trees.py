"""Small words for building and reading query trees; nothing here knows of plans.

Names have one spelling (rule `fold_names`), so two trees that mean the same column are equal.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TypeVar

from sqlglot import exp

from engine.sql.plan.names import identifier

Env = Mapping[exp.Expr, exp.Expr]
E = TypeVar("E", bound=exp.Expr)


def column(name: str, table: str = "") -> exp.Column:
    return exp.Column(this=identifier(name), **({"table": identifier(table)} if table else {}))


def named(tree: exp.Expr, name: str) -> exp.Alias:
    return exp.Alias(this=tree, alias=identifier(name))


def table(name: str, alias: str) -> exp.Table:
    return exp.Table(this=identifier(name), alias=exp.TableAlias(this=identifier(alias)))


def derived(query: exp.Query, alias: str) -> exp.Subquery:
    return exp.Subquery(this=query, alias=exp.TableAlias(this=identifier(alias)))


def cast(tree: exp.Expr, kind: str) -> exp.Expr:
    return exp.Cast(this=tree, to=exp.DataType.build(kind, dialect="duckdb"))


def conjuncts(tree: exp.Expr | None) -> tuple[exp.Expr, ...]:
    """The parts of a condition that must all hold; none for no condition and for TRUE."""
    if tree is None or (isinstance(tree, exp.Boolean) and tree.this):
        return ()
    if isinstance(tree, exp.Paren):
        return conjuncts(tree.this)
    if isinstance(tree, exp.And):
        return conjuncts(tree.this) + conjuncts(tree.expression)
    return (tree,)


def all_of(parts: Iterable[exp.Expr]) -> exp.Expr | None:
    """The condition that every part holds; None where there is no part."""
    trees = [part.copy() for part in parts]
    return exp.and_(*trees, copy=False) if trees else None


def columns_in(*trees: exp.Expr | None) -> frozenset[exp.Column]:
    """The qualified columns that the trees read, those of nested queries included."""
    return frozenset(
        node for tree in trees if tree is not None for node in tree.find_all(exp.Column) if node.table
    )


def aliases_in(*trees: exp.Expr | None) -> frozenset[str]:
    return frozenset(column.table for column in columns_in(*trees))


def defined_in(tree: exp.Expr) -> frozenset[str]:
    """The aliases that FROM items at any depth of the tree define."""
    return frozenset(
        node.alias_or_name
        for node in tree.find_all(exp.Table, exp.Subquery, exp.Lateral, exp.Unnest, exp.Values)
        if node.alias_or_name
    )


def free_aliases(tree: exp.Expr) -> frozenset[str]:
    """The aliases that the tree reads and does not define: what makes a subquery correlated."""
    return aliases_in(tree) - defined_in(tree)


def top_queries(tree: exp.Expr | None) -> Iterator[exp.Query]:
    """The nested queries of an expression, outermost only, with their parentheses."""
    if tree is None:
        return
    if isinstance(tree, exp.Query):
        yield tree
        return
    for child in tree.iter_expressions():
        yield from top_queries(child)


def walk_here(tree: exp.Expr | None) -> Iterator[exp.Expr]:
    """Every node of the expression that is evaluated at this query's own level (nested queries left out)."""
    if tree is None or isinstance(tree, exp.Query):
        return
    yield tree
    for child in tree.iter_expressions():
        yield from walk_here(child)


def rewrite(tree: exp.Expr, env: Env) -> exp.Expr:
    """A copy of the tree where each part that is a key of `env` became its value; the largest part wins.

    >>> from sqlglot import parse_one
    >>> rewrite(parse_one("2 * SUM(a)"), {parse_one("SUM(a)"): parse_one("s + t")}).sql()
    '2 * (s + t)'
    """
    if not env:
        return tree.copy()
    kinds = {type(key) for key in env}

    def replaced(node: exp.Expr) -> exp.Expr:
        value = env.get(node) if type(node) in kinds else None
        if value is None:
            return node
        return exp.paren(value) if _needs_parentheses(value, node.parent) else value.copy()

    result: exp.Expr = tree.copy().transform(replaced, copy=False)
    return result


def _needs_parentheses(value: exp.Expr, around: exp.Expr | None) -> bool:
    """Whether an operator around the value would take it apart; none are written by themselves."""
    operators = (exp.Binary, exp.Unary, exp.Between, exp.In, exp.Is, exp.Cast)
    loose = isinstance(value, (exp.Binary, exp.Unary, exp.Between, exp.In))
    return loose and isinstance(around, operators) and not isinstance(value, (exp.Paren, exp.Dot))


def rewrite_clause(clause: E, env: Env) -> E:
    """`rewrite` for a tree that is no value itself: a GROUP BY, a SELECT."""
    return rewrite(clause, env)  # type: ignore[return-value]


def unwrapped(query: exp.Expr) -> exp.Expr:
    """The query inside parentheses that add nothing (no alias, no ORDER BY, no LIMIT of their own)."""
    while isinstance(query, exp.Subquery) and not any(
        value for key, value in query.args.items() if key != "this"
    ):
        query = query.this
    return query
