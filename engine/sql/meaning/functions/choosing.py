"""Functions that choose one of their arguments.

>>> from engine.sql.meaning.show import shown
>>> print(shown("SELECT ISNULL(name, 'none') AS a, COALESCE(qty, price) AS b, NULLIF(qty, 0) AS c FROM t"))
SELECT COALESCE(t.name, 'none') AS a, COALESCE(CAST(t.qty AS DECIMAL(12, 2)), CAST(t.price AS DECIMAL(12, \
2))) AS b, CASE WHEN t.qty = 0 THEN NULL ELSE t.qty END AS c FROM t AS t
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from engine.errors import BindError
from engine.sql.meaning.binding.scopes import place
from engine.sql.meaning.branching import branch_tree, chosen, shared_facts
from engine.sql.meaning.collation import order_key
from engine.sql.meaning.comparing import compare
from engine.sql.meaning.conversion.convert import convert
from engine.sql.meaning.precedence import common_type
from engine.sql.meaning.trees import binary, call, case, number, text
from engine.sql.meaning.trees import is_null as is_null_tree
from engine.sql.meaning.types import INT, NULL
from engine.sql.meaning.values import Value, constant

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.sql.meaning.collation import Collation
    from engine.sql.meaning.functions.call import Call, Function


def is_null(call_: Call) -> Value:
    """ISNULL gives the type of its first argument; the second is cut to it."""
    first, second = call_.value(0), call_.value(1)
    if first.type == NULL:
        return convert(second, INT) if second.type == NULL else second
    second = convert(second, first.type)
    tree = call("COALESCE", branch_tree(first), branch_tree(second))
    return Value(tree, shared_facts(first.type, [first, second]))


def coalesce(call_: Call) -> Value:
    """COALESCE gives the type of the highest precedence."""
    values = call_.values()
    kind = common_type(value.type for value in values)
    if kind == NULL:
        raise BindError(
            "At least one of the arguments to COALESCE must be an expression that is not the NULL constant.",
            **place(call_.node),
        )
    converted = [convert(value, kind) for value in values]
    return Value(call("COALESCE", *map(branch_tree, converted)), shared_facts(kind, converted))


def null_if(call_: Call) -> Value:
    """NULLIF gives the type of its first argument."""
    first, second = call_.value(0), call_.value(1)
    if first.type == NULL:
        raise BindError(
            "The type of the first argument to NULLIF cannot be the NULL constant.", **place(call_.node)
        )
    if second.is_null:
        return first
    same = compare(exp.EQ, first, second, call_.context)
    return Value(case([(same, exp.Null())], branch_tree(first)), first.type)


def choose(call_: Call) -> Value:
    """CHOOSE counts from 1 and gives NULL beyond its arguments."""
    index = convert(call_.value(0), INT)
    values = call_.values(1)
    conditions = [binary(exp.EQ, index.tree, number(place_ + 1)) for place_ in range(len(values))]
    return chosen(conditions, values, None, call_.node)


def _extreme(function: str) -> Function:
    """Make GREATEST or LEAST, which ignore NULL."""

    def build(call_: Call) -> Value:
        values = call_.values()
        kind = common_type(value.type for value in values)
        if kind == NULL:
            return constant(None, INT)
        converted = [convert(value, kind) for value in values]
        if kind.is_text:
            collation = call_.context.collation_of(*(value.type for value in values))
            if not collation.is_binary:
                return Value(_extreme_text(function, converted, collation), shared_facts(kind, converted))
        return Value(call(function, *map(branch_tree, converted)), shared_facts(kind, converted))

    return build


def _extreme_text(function: str, values: Sequence[Value], collation: Collation) -> exp.Expr:
    """The text with the greatest or least key; of equal ones the first that was written."""
    step = -1 if function == "GREATEST" else 1
    ranked = [
        case([(is_null_tree(value.tree), exp.Null())], _ranked(value, step * at, collation))
        for at, value in enumerate(values)
    ]
    return call("STRUCT_EXTRACT", call(function, *ranked), text("v"))


def _ranked(value: Value, place_: int, collation: Collation) -> exp.Expr:
    """A struct that sorts by the key of a text, then by its place."""
    key = order_key(value.tree, collation, trimmed=value.type.trimmed)
    fields = {"k": key, "i": number(place_), "v": branch_tree(value)}
    return exp.Struct(
        expressions=[
            exp.PropertyEQ(this=exp.to_identifier(name), expression=tree) for name, tree in fields.items()
        ]
    )


FUNCTIONS: dict[str, Function] = {
    "CHOOSE": choose,
    "COALESCE": coalesce,
    "GREATEST": _extreme("GREATEST"),
    "ISNULL": is_null,
    "LEAST": _extreme("LEAST"),
    "NULLIF": null_if,
}
