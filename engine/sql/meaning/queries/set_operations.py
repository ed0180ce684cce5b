"""UNION, INTERSECT and EXCEPT: one type for each column, and equality by T-SQL's rules.

>>> from engine.sql.meaning.show import shown
>>> print(shown("SELECT id FROM t UNION ALL SELECT price FROM t"))
SELECT CAST(_q_1.id AS DECIMAL(12, 2)) AS id FROM (SELECT t.id AS id FROM t AS t) AS _q_1 UNION ALL \
SELECT CAST(_q_2.price AS DECIMAL(12, 2)) AS price FROM (SELECT t.price AS price FROM t AS t) AS _q_2
>>> print(shown("SELECT id FROM t EXCEPT SELECT id FROM u"))
SELECT t.id AS id FROM t AS t EXCEPT SELECT u.id AS id FROM u AS u
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sqlglot import exp

from engine.errors import BindError, UnsupportedSqlError
from engine.sql.meaning.binding.context import Context, Relation
from engine.sql.meaning.binding.relations import shown_name, wrapped
from engine.sql.meaning.binding.scopes import Column, Scope, place
from engine.sql.meaning.branching import shared_facts
from engine.sql.meaning.comparing import equality_tree
from engine.sql.meaning.conversion.convert import convert
from engine.sql.meaning.precedence import common_type
from engine.sql.meaning.queries.distinct import bytes_decide, once, same
from engine.sql.meaning.queries.for_json import for_json
from engine.sql.meaning.queries.orders import limited, order_clause, order_keys
from engine.sql.meaning.queries.projections import Projection
from engine.sql.meaning.trees import aliased, binary, both, negate, select
from engine.sql.meaning.values import Value, settled

if TYPE_CHECKING:
    from engine.sql.meaning.types import SqlType

_KNOWN = frozenset({"this", "expression", "distinct", "with_", "order", "limit", "offset", "options", "for_"})


def set_relation(node: exp.SetOperation, context: Context) -> Relation:
    """Translate a set operation, with the ORDER BY behind it."""
    for name, clause in node.args.items():
        if clause and name not in _KNOWN:
            raise UnsupportedSqlError(f"{name.upper()} of a set operation is not supported.", **place(node))
    left, right = context.query(node.this, context), context.query(node.expression, context)
    relation = _combined(node, left, right, context)
    return _finished(node, relation, context)


def _combined(node: exp.SetOperation, left: Relation, right: Relation, context: Context) -> Relation:
    if len(left.columns) != len(right.columns):
        raise BindError(
            "All queries combined using a UNION, INTERSECT or EXCEPT operator must have an equal number "
            "of expressions"
            " in their target lists.",
            **place(node),
        )
    kinds = [
        _column_type(one.type, other.type) for one, other in zip(left.columns, right.columns, strict=True)
    ]
    left, right = _typed(left, kinds, context), _typed(right, kinds, context)
    columns = tuple(Column(one.name, kind) for one, kind in zip(left.columns, kinds, strict=True))
    keeps_all = isinstance(node, exp.Union) and not node.args.get("distinct")
    probe = [Value(exp.column("x"), kind) for kind in kinds]
    if keeps_all or bytes_decide(probe, context):
        return Relation(
            type(node)(this=_operand(left), expression=_operand(right), distinct=not keeps_all), columns
        )
    if isinstance(node, exp.Union):
        whole = exp.Union(this=_operand(left), expression=_operand(right), distinct=False)
        return Relation(once(Relation(whole, columns), context)[0], columns)
    kept = Relation(_matched(left, right, context, negated=isinstance(node, exp.Except)), columns)
    return Relation(once(kept, context)[0], columns)


def _column_type(left: SqlType, right: SqlType) -> SqlType:
    kind = common_type((left, right))
    return shared_facts(kind, [Value(exp.null(), left), Value(exp.null(), right)])


def _typed(relation: Relation, kinds: list[SqlType], context: Context) -> Relation:
    """Bring the columns of one side to the common types."""
    if all(column.type == kind for column, kind in zip(relation.columns, kinds, strict=True)):
        return relation
    source, values = wrapped(relation, context)
    projections = [
        aliased(settled(convert(value, kind)), shown_name(relation.columns, index))
        for index, (value, kind) in enumerate(zip(values, kinds, strict=True))
    ]
    columns = tuple(replace(column, type=kind) for column, kind in zip(relation.columns, kinds, strict=True))
    return Relation(select(projections, source), columns)


def _operand(relation: Relation) -> exp.Expr:
    """Give one side; what has an ORDER BY or LIMIT of its own stands in parentheses."""
    tree = relation.tree
    own = any(tree.args.get(part) for part in ("order", "limit", "offset", "with_"))
    return exp.Subquery(this=tree) if own or isinstance(tree, exp.SetOperation) else tree


def _matched(left: Relation, right: Relation, context: Context, *, negated: bool) -> exp.Select:
    """Keep the rows of the left side that are, or are not, on the right."""
    source, values = wrapped(left, context)
    other, others = wrapped(right, context)
    equal = [
        binary(exp.NullSafeEQ, equality_tree(one, context), equality_tree(two, context))
        for one, two in zip(values, others, strict=True)
    ]
    inner = select([aliased(exp.Literal.number(1), "found")], other)
    inner.set("where", exp.Where(this=both(*equal)))
    found = exp.Exists(this=inner)
    names = [shown_name(left.columns, index) for index in range(len(values))]
    tree = select([aliased(value.tree, name) for value, name in zip(values, names, strict=True)], source)
    tree.set("where", exp.Where(this=negate(found) if negated else found))
    return tree


def _finished(node: exp.SetOperation, relation: Relation, context: Context) -> Relation:
    """Put ORDER BY, OFFSET and FETCH onto the whole; they see its columns alone."""
    if any(node.args.get(part) for part in ("order", "limit", "offset")):
        tree, values = same(relation, context)
        projections = [
            Projection(column.name, value) for column, value in zip(relation.columns, values, strict=True)
        ]
        inner = context.within(Scope())
        keys = order_keys(node.args.get("order"), projections, inner)
        relation = replace(relation, tree=limited(tree, node, order_clause(keys, context), context))
    clause = node.args.get("for_")
    return for_json(relation, clause, context) if clause is not None else relation
