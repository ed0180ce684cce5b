"""CAST, CONVERT, PARSE and their TRY_ forms.

>>> from engine.sql.meaning.show import shown
>>> print(shown("SELECT CAST(price AS INT) AS a, CONVERT(CHAR(8), d, 112), TRY_CAST(name AS INT) FROM t"))
SELECT CAST(TRUNC(t.price) AS INT) AS a, RPAD(LEFT(STRFTIME(t.d, '%Y%m%d'), 8), 8, ' ') AS _col_2, \
TRY_CAST(TSQL_INTEGER(t.name, 'int', TRUE) AS INT) AS _col_3 FROM t AS t
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from engine.errors import BindError, UnsupportedSqlError
from engine.sql.meaning.binding.scopes import place
from engine.sql.meaning.conversion.convert import convert
from engine.sql.meaning.conversion.legality import check_conversion
from engine.sql.meaning.conversion.request import IMPLICIT, Request
from engine.sql.meaning.trees import call, text
from engine.sql.meaning.typenames import DECLARED_LENGTH, type_of_node
from engine.sql.meaning.types import NULL, PREDICATE, TEXT, SqlType
from engine.sql.meaning.values import Value, integer_of, string_of
from engine.sql.syntax.nodes import IntoVariable, Parse

if TYPE_CHECKING:
    from engine.sql.meaning.binding.context import Context

_CULTURES = {"en-us", "en", ""}


def cast_expression(node: exp.Expr, context: Context) -> Value:
    """Translate CAST and TRY_CAST."""
    request = Request(safe=isinstance(node, exp.TryCast), explicit=True)
    return explicit(context.value(node.this), type_of_node(node.args["to"]), request)


def into_variable(node: exp.Expr, context: Context) -> Value:
    """Translate the assignment to a variable or a parameter: what needs a CAST is refused without one."""
    value, target = context.value(node.this), type_of_node(node.args["to"], length=DECLARED_LENGTH)
    if value.type not in (target, NULL):
        check_conversion(value.type, target, IMPLICIT)
    return convert(value, target, Request(explicit=True))


def convert_expression(node: exp.Expr, context: Context) -> Value:
    """Translate CONVERT and TRY_CONVERT."""
    style = node.args.get("style")
    number = integer_of(context.value(style), "The style of CONVERT") if style is not None else None
    request = Request(style=number, safe=bool(node.args.get("safe")), explicit=True)
    return explicit(context.value(node.expression), type_of_node(node.this), request)


def explicit(value: Value, target: SqlType, request: Request) -> Value:
    """Convert on demand; a text keeps its collation unless it changes its kind."""
    if value.type == PREDICATE:
        raise BindError("A condition cannot be converted.", "Write CASE WHEN ... THEN 1 ELSE 0 END.")
    return convert(value, target, request)


def parse_expression(node: exp.Expr, context: Context) -> Value:
    """Translate PARSE and TRY_PARSE for numbers and dates under en-US."""
    culture = node.args.get("culture")
    if culture is not None:
        name = string_of(context.value(culture), "The culture of PARSE")
        if name.lower() not in _CULTURES:
            raise UnsupportedSqlError(
                f"The culture '{name}' of PARSE is not supported.", "Use 'en-US'.", **place(node)
            )
    target = type_of_node(node.args["to"])
    if not (target.is_number or target.is_temporal):
        raise BindError(f"PARSE cannot give a {target}.", "It gives numbers and dates.", **place(node))
    value = context.value(node.this)
    if target.is_number and value.type.base in TEXT:
        value = Value(call("REPLACE", value.tree, text(","), text("")), value.type)  # 1,234 is a number there
    return explicit(value, target, Request(safe=bool(node.args.get("safe")), explicit=True))


RULES = {
    Parse: parse_expression,
    exp.Cast: cast_expression,
    exp.Convert: convert_expression,
    exp.TryCast: cast_expression,
    IntoVariable: into_variable,
}
