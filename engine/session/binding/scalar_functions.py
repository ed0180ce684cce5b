"""Calls of scalar functions: what each gives, as an expression, in the place of the call."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from sqlglot import exp

from engine.errors import BindError, UnsupportedSqlError
from engine.session.binding.functions import arguments_of, refuse_captured
from engine.session.binding.inlining import SIDE_EFFECTS, one_expression, with_values
from engine.session.catalog.definitions import Kind
from engine.sql.meaning.binding.scopes import place
from engine.sql.meaning.calls import read_call
from engine.sql.syntax import Name, parse_script
from engine.sql.syntax.statements.objects import CreateScalarFunction

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.session.binding.world import World


@lru_cache(maxsize=256)
def _made(text: str) -> tuple[CreateScalarFunction, exp.Expr]:
    """The function that a text created, and its expression; neither is to be changed."""
    [[function]] = [batch.statements for batch in parse_script(text)]
    if not isinstance(function, CreateScalarFunction):
        raise UnsupportedSqlError("The definition of the function is none.", "DROP and CREATE it again.")
    expression = one_expression(function)
    for node in expression.walk():
        node.meta.pop("line", None)  # as in a view
    return function, expression


def inline_scalar_functions(tree: exp.Expr, world: World, within: tuple[str, ...] = ()) -> None:
    """Put into a tree what its calls `schema.function(...)` stand for.

    Args:
        tree: Changed in place; it is not a call itself.
        world: What names stand for.
        within: The functions whose statements the tree is of, the outermost first.

    Raises:
        BindError: There is no such function, or it takes other arguments.
        UnsupportedSqlError: It calls itself, or an argument that means something else within it.
    """
    calls = [node for node in tree.find_all(exp.Dot) if _is_outermost(node)]
    for node in reversed(calls):  # the inner ones first: they are arguments of the outer
        schema, call = node.this, node.expression
        database = schema.this.name if isinstance(schema, exp.Dot) else ""
        schema = schema.expression if isinstance(schema, exp.Dot) else schema
        if isinstance(call, exp.Anonymous) and isinstance(schema, exp.Identifier):
            node.replace(_expression(Name(call.name, schema.name, database), call, world, within))


def _is_outermost(node: exp.Dot) -> bool:
    """Whether it is a whole name, and not that of a source of rows."""
    return not isinstance(node.parent, exp.Dot | exp.Table | exp.Lateral)


def _expression(name: Name, call: exp.Anonymous, world: World, within: tuple[str, ...]) -> exp.Expr:
    found = world.definitions.find(Kind.FUNCTION, world.key(name))
    if found is None or "returns" not in found.body:
        there = [str(one.key) for one in world.definitions.all(Kind.FUNCTION) if "returns" in one.body]
        raise BindError(
            f'Cannot find either column "{name.schema}" or the user-defined function or aggregate "{name}", '
            "or the name is ambiguous.",
            f"A function of rows stands in FROM. Of one value there is: {', '.join(there) or 'none'}.",
            name=str(name),
            **place(call),
        )
    key = str(found.key)
    if key in within:
        raise UnsupportedSqlError(
            f"The function {key} calls itself: queries take it as one expression.",
            "Write the steps out, or use a procedure with WHILE.",
            **place(call),
        )
    function, expression = _made(str(found.body["text"]))
    given = arguments_of(function, call)
    _refuse_unsound(expression, call, given)
    holder = exp.Paren(this=expression.copy())
    inline_scalar_functions(holder, world, (*within, key))
    return with_values(holder.this, given)


def _refuse_unsound(expression: exp.Expr, call: exp.Anonymous, given: Mapping[str, exp.Expr]) -> None:
    """Refuse arguments that would be another value, or a new one, where they are put."""
    reads = [node for node in expression.find_all(exp.Parameter) if node.name.lower() in given]
    for name, value in given.items():
        places = [node for node in reads if node.name.lower() == name]
        if len(places) > 1 and any(_is_new_each_time(node) for node in value.walk()):
            raise UnsupportedSqlError(
                f"{call.name} reads @{name} more than once, and its argument is another value each time.",
                "Compute the argument in a derived table.",
                **place(call),
            )
    queries = [query for query in expression.find_all(exp.Query) if query.find(exp.Parameter)]
    if not queries:
        return
    if call.find(exp.AggFunc, exp.Window):
        raise UnsupportedSqlError(
            f"An aggregate as argument of {call.name}, which reads tables, is not supported.",
            "Aggregate in a derived table.",
            **place(call),
        )
    for query in queries:
        refuse_captured(query, call)


def _is_new_each_time(node: exp.Expr) -> bool:
    called = read_call(node)
    return called is not None and called.name in SIDE_EFFECTS
