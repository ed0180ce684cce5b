"""Where a row belongs: from its key to one of 60 distributions, from there to a node."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlglot import exp

from engine.lake import DISTRIBUTION

if TYPE_CHECKING:
    from engine.sql.plan import Cuts

DISTRIBUTIONS = 60
_NODE = "__node"


def distribution_of(keys: Sequence[exp.Expr]) -> exp.Expr:
    """The distribution of a row, 0 to 59, from its key values in canonical form.

    >>> distribution_of([exp.column("k")]).sql(dialect="duckdb")
    'HASH(k) % 60'
    """
    value = exp.Anonymous(this="HASH", expressions=[key.copy() for key in keys])
    return exp.Mod(this=value, expression=exp.Literal.number(DISTRIBUTIONS))


def node_of(keys: Sequence[exp.Expr], nodes: int) -> exp.Expr:
    """The node of a row. Neighbours among distributions share a node, so that a node's are one range.

    >>> node_of([exp.column("k")], 2).sql(dialect="duckdb")
    'CAST((HASH(k) % 60) * 2 // 60 AS USMALLINT)'
    """
    scaled = exp.Mul(this=exp.Paren(this=distribution_of(keys)), expression=exp.Literal.number(nodes))
    node = exp.IntDiv(this=scaled, expression=exp.Literal.number(DISTRIBUTIONS))
    return exp.Cast(this=node, to=exp.DataType.build("USMALLINT", dialect="duckdb"))


def node_of_range(key: exp.Expr, cuts: Cuts) -> exp.Expr:
    """The node of a row by the range that its key is in; without a key it is that of the last.

    >>> node_of_range(exp.column("k"), (10, 20)).sql(dialect="duckdb")
    'CAST(CASE WHEN k < 10 THEN 0 WHEN k < 20 THEN 1 ELSE 2 END AS USMALLINT)'
    """
    ranges = [
        exp.If(this=exp.LT(this=key.copy(), expression=exp.convert(cut)), true=exp.Literal.number(node))
        for node, cut in enumerate(cuts)
    ]
    number = exp.Case(ifs=ranges, default=exp.Literal.number(len(cuts)))
    return exp.Cast(this=number, to=exp.DataType.build("USMALLINT", dialect="duckdb"))


def range_of(node: int, nodes: int) -> tuple[int, int]:
    """The first distribution of a node and the one after its last; equal for a node that has none.

    >>> range_of(0, 2), range_of(2, 7), range_of(60, 61)
    ((0, 30), (18, 26), (60, 60))
    """
    return -(-node * DISTRIBUTIONS // nodes), -(-(node + 1) * DISTRIBUTIONS // nodes)


def with_node(query: exp.Query, keys: Sequence[exp.Expr], nodes: int, cuts: Cuts = ()) -> exp.Select:
    """The query with the node of each row as its last column: by the keys' hash, or the range of the one."""
    return with_column(query, node_of_range(keys[0], cuts) if cuts else node_of(keys, nodes), _NODE)


def with_distribution(query: exp.Query, keys: Sequence[exp.Expr]) -> exp.Select:
    """The query, which gives rows of a `Hash` table, with the distribution of each row as its last column."""
    kind = exp.DataType.build("TINYINT", dialect="duckdb")
    return with_column(query, exp.Cast(this=distribution_of(keys), to=kind), DISTRIBUTION)


def with_column(query: exp.Query, value: exp.Expr, name: str) -> exp.Select:
    """The query with one more column, computed over those that it has."""
    rows = exp.Subquery(
        this=query.copy(), alias=exp.TableAlias(this=exp.to_identifier("__rows", quoted=True))
    )
    column = exp.alias_(value, name, quoted=True)
    return exp.Select(expressions=[exp.Star(), column]).from_(rows, copy=False)
