"""Calls of functions: the name decides."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from engine.errors import BindError
from engine.sql.meaning.binding.scopes import place
from engine.sql.meaning.calls import CALL_NODES, read_call
from engine.sql.meaning.functions import SCALARS
from engine.sql.meaning.functions.aggregates import AGGREGATES, grouped, without_aggregates
from engine.sql.meaning.functions.call import Call
from engine.sql.meaning.functions.refused import REFUSED
from engine.sql.meaning.functions.windowed import PERCENTILES, WINDOWED
from engine.sql.syntax.functions import ARITIES
from engine.sql.syntax.words import function_meant

if TYPE_CHECKING:
    from engine.sql.meaning.binding.context import Context
    from engine.sql.meaning.values import Value

_KNOWN = frozenset((*SCALARS, *AGGREGATES, *WINDOWED, *PERCENTILES))


def called(node: exp.Expr, context: Context) -> Call:
    """Read a call and check the number of its arguments.

    Raises:
        BindError: There is no such function, or it takes another number of arguments.
        UnsupportedSqlError: The function is known and not honoured.
    """
    written = read_call(node)
    if written is None:
        raise BindError(f"{type(node).__name__} is no call of a function.", **place(node))
    call_ = Call(written.name, written.arguments, context, node)
    if call_.name in REFUSED:
        raise call_.refused(*REFUSED[call_.name])
    if call_.name not in _KNOWN:
        raise BindError(
            f"'{node.name or call_.name}' is not a recognized built-in function name.",
            function_meant(node.name or call_.name, _KNOWN)
            or "User-defined functions are not called in queries.",
            **place(node),
        )
    least, most = ARITIES.get(call_.name, (0, None))
    if len(call_.arguments) < least or (most is not None and len(call_.arguments) > most):
        shown = (
            str(least) if most == least else f"{least} to {most}" if most is not None else f"at least {least}"
        )
        raise BindError(f"The {call_.name.lower()} function requires {shown} argument(s).", **place(node))
    return call_


def function_call(node: exp.Expr, context: Context) -> Value:
    """Translate a call without OVER."""
    call_ = called(node, context)
    if call_.name in SCALARS:
        return SCALARS[call_.name](call_)
    if call_.name not in AGGREGATES:
        raise BindError(f"The function '{call_.name}' must have an OVER clause.", **place(node))
    if not context.aggregates:
        raise BindError(
            "An aggregate may not appear here.",
            "Aggregates stand in a select list, in HAVING or in ORDER BY, and not within each other.",
            **place(node),
        )
    return AGGREGATES[call_.name](without_aggregates(call_), grouped)


RULES = dict.fromkeys(CALL_NODES, function_call)
