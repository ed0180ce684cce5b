"""The comparisons = <> < <= > >= , IS [NOT] DISTINCT FROM, BETWEEN, IN, and ANY and ALL.

>>> from engine.sql.meaning.show import shown
>>> print(shown("SELECT 1 AS x FROM t WHERE d < '20240229' AND id = '1' AND name = 'x'"))
SELECT 1 AS x FROM t AS t WHERE t.d < CAST('2024-02-29 00:00:00' AS TIMESTAMP) AND t.id = 1 AND t.name >= \
'x' AND t.name < 'x!' AND RTRIM(t.name, ' ') = 'x'
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from engine.errors import BindError
from engine.sql.meaning.binding.relations import single_column
from engine.sql.meaning.binding.scopes import place
from engine.sql.meaning.comparing import comparable, compare, equal_text, order_text, raw_bounds
from engine.sql.meaning.conversion.convert import convert
from engine.sql.meaning.precedence import common_type
from engine.sql.meaning.trees import binary, both, call, either, text
from engine.sql.meaning.types import Base
from engine.sql.meaning.values import Value, predicate

if TYPE_CHECKING:
    from engine.sql.meaning.binding.context import Context, Rule

_OPERATORS = (exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE)


def comparison(node: exp.Binary, context: Context) -> Value:
    """Translate one of the six comparisons."""
    left = context.value(node.this)
    if isinstance(node.expression, exp.Any | exp.All):
        return _quantified(type(node), left, node.expression, context)
    return predicate(compare(type(node), left, context.value(node.expression), context))


def distinct(node: exp.Binary, context: Context) -> Value:
    """Translate IS [NOT] DISTINCT FROM; bounds for pruning would be unknown for NULL, so there are none."""
    left, right = comparable(context.value(node.this), context.value(node.expression))
    if left.type.is_text and right.type.is_text:
        collation = context.collation_of(left.type, right.type)
        return predicate(binary(type(node), equal_text(left, collation), equal_text(right, collation)))
    return predicate(binary(type(node), left.tree, right.tree))


def between(node: exp.Expr, context: Context) -> Value:
    """Translate BETWEEN as the two comparisons that it stands for."""
    subject = context.value(node.this)
    low = compare(exp.GTE, subject, context.value(node.args["low"]), context)
    high = compare(exp.LTE, subject, context.value(node.args["high"]), context)
    return predicate(both(low, high))


def membership(node: exp.Expr, context: Context) -> Value:
    """Translate IN with a list or a query."""
    subject = context.value(node.this)
    if node.args.get("query") is not None:
        key, query = _paired(subject, node.args["query"], context, ordered=False)
        return predicate(exp.In(this=key, query=exp.Subquery(this=query)))
    members = [context.value(member) for member in node.expressions]
    kind = common_type([subject.type, *(member.type for member in members)])
    if kind.is_text and all(isinstance(member.constant, str) for member in members):
        return predicate(_text_list(subject, members, context))
    return predicate(_any_of([compare(exp.EQ, subject, member, context) for member in members]))


def _any_of(tests: list[exp.Expr]) -> exp.Expr:
    """Join equalities by OR, as a list where all test the same expression."""
    subject = tests[0].this
    if len(tests) > 1 and all(isinstance(test, exp.EQ) and test.this == subject for test in tests):
        return exp.In(this=subject, expressions=[test.expression for test in tests])
    return either(*tests)


def _text_list(subject: Value, members: list[Value], context: Context) -> exp.Expr:
    """Test the key against a list, between the raw bounds of the whole list."""
    collation = context.collation_of(subject.type, *(member.type for member in members))
    keys = [equal_text(member, collation) for member in members]
    test = exp.In(this=equal_text(subject, collation), expressions=keys)
    bounds = [raw_bounds(str(member.constant), collation) for member in members]
    if not isinstance(subject.tree, exp.Column) or any(low is None for low, _ in bounds):
        return test
    lowest = min(low.name for low, _ in bounds if low is not None)
    highest = max(high.name for _, high in bounds if high is not None)
    tree = subject.tree
    return both(binary(exp.GTE, tree, text(lowest)), binary(exp.LT, tree, text(highest)), test)


def _quantified(operator: type[exp.Binary], left: Value, node: exp.Expr, context: Context) -> Value:
    ordered = operator not in (exp.EQ, exp.NEQ)
    key, query = _paired(left, node.this, context, ordered=ordered)
    quantifier = type(node)(this=exp.Subquery(this=query))
    return predicate(operator(this=key, expression=quantifier))


def _paired(left: Value, node: exp.Expr, context: Context, *, ordered: bool) -> tuple[exp.Expr, exp.Expr]:
    """Bring a value and the one column of a query to keys that DuckDB compares as T-SQL does."""
    relation = context.subquery(node.this if isinstance(node, exp.Subquery) else node)
    if len(relation.columns) != 1:
        raise BindError(
            "Only one expression can be specified in the select list when the subquery is not introduced "
            "with EXISTS.",
            **place(node),
        )
    column = relation.columns[0]
    kind = common_type((left.type, column.type))

    def key(value: Value) -> exp.Expr:
        value = convert(value, kind)
        if not kind.is_text:
            guid = ordered and kind.base is Base.UNIQUEIDENTIFIER
            return call("tsql_guid_key", value.tree) if guid else value.tree
        collation = context.collation_of(left.type, column.type)
        return (order_text if ordered else equal_text)(value, collation)

    return key(left), single_column(relation, key, context)


RULES: dict[type[exp.Expr], Rule] = {
    **dict.fromkeys(_OPERATORS, comparison),
    exp.Between: between,
    exp.In: membership,
    exp.NullSafeEQ: distinct,
    exp.NullSafeNEQ: distinct,
}
