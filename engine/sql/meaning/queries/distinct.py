"""DISTINCT, and the rows that set operations keep once: equal by T-SQL's rules, not by their bytes.

>>> from engine.sql.meaning.show import shown
>>> print(shown("SELECT DISTINCT id FROM t"))
SELECT DISTINCT t.id AS id FROM t AS t
>>> print(shown("SELECT DISTINCT grp FROM t"))
SELECT MIN(_q_1.grp) AS grp FROM (SELECT t.grp AS grp FROM t AS t) AS _q_1 GROUP BY RTRIM(_q_1.grp, ' ')
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlglot import exp

from engine.sql.meaning.binding.relations import shown_name, wrapped
from engine.sql.meaning.comparing import equality_tree
from engine.sql.meaning.trees import aliased, select
from engine.sql.meaning.values import Value

if TYPE_CHECKING:
    from engine.sql.meaning.binding.context import Context, Relation


def bytes_decide(values: Sequence[Value], context: Context) -> bool:
    """Whether DuckDB's own equality is T-SQL's for all these values."""
    return all(equality_tree(value, context) == value.tree for value in values)


def same(relation: Relation, context: Context) -> tuple[exp.Select, list[Value]]:
    """Wrap a query without changing its rows."""
    source, values = wrapped(relation, context)
    names = [shown_name(relation.columns, index) for index in range(len(values))]
    return select(
        [aliased(value.tree, name) for value, name in zip(values, names, strict=True)], source
    ), values


def once(relation: Relation, context: Context) -> tuple[exp.Select, list[Value]]:
    """Keep one of each set of equal rows; the second value are the columns as they stand above."""
    source, values = wrapped(relation, context)
    keys = [equality_tree(value, context) for value in values]
    shown = [
        value.tree if key == value.tree else exp.Min(this=value.tree)
        for value, key in zip(values, keys, strict=True)
    ]
    names = [shown_name(relation.columns, index) for index in range(len(values))]
    tree = select([aliased(one, name) for one, name in zip(shown, names, strict=True)], source)
    tree.set("group", exp.Group(expressions=keys))
    return tree, [Value(one, value.type) for one, value in zip(shown, values, strict=True)]
