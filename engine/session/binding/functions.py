"""Functions of rows in FROM and behind APPLY: the defining query, arguments in place of parameters."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from sqlglot import exp

from engine.errors import BindError, UnsupportedSqlError
from engine.session.binding.trees import exposed, quoted
from engine.session.catalog.definitions import Kind
from engine.sql.meaning.binding.scopes import place
from engine.sql.syntax import Name, parse_script
from engine.sql.syntax.functions import ARITIES
from engine.sql.syntax.nodes import Default, IntoVariable
from engine.sql.syntax.statements.objects import CreateFunction

if TYPE_CHECKING:
    from engine.session.binding.world import World
    from engine.sql.syntax.statements.objects import CreateScalarFunction


@lru_cache(maxsize=256)
def function_of(text: str) -> CreateFunction:
    """The function that a text created; not to be changed.

    Raises:
        UnsupportedSqlError: The text is no CREATE FUNCTION.
    """
    [[function]] = [batch.statements for batch in parse_script(text)]
    if not isinstance(function, CreateFunction):
        raise UnsupportedSqlError("The definition of the function is none.", "DROP and CREATE it again.")
    for node in function.query.walk():
        node.meta.pop("line", None)  # as in a view
    return function


def function_calls(tree: exp.Expr) -> list[exp.Table | exp.Lateral]:
    """The sources of a tree that call a function which T-SQL does not have."""
    calls: list[exp.Table | exp.Lateral] = []
    for node in tree.find_all(exp.Table, exp.Lateral):
        if not isinstance(node, exp.Table | exp.Lateral):
            continue
        called = _called(node)
        if called is not None and (called[0] or called[1].name.upper() not in ARITIES):
            calls.append(node)
    return calls


def _called(node: exp.Table | exp.Lateral) -> tuple[str, exp.Anonymous] | None:
    """Schema and call."""
    inner, schema = node.this, node.args.get("db")
    if isinstance(inner, exp.Dot):
        inner, schema = inner.expression, inner.this
    return (schema.name if schema else "", inner) if isinstance(inner, exp.Anonymous) else None


def called_by(node: exp.Table | exp.Lateral) -> tuple[str, exp.Anonymous]:
    """Schema and call of a source that `function_calls` gave."""
    called = _called(node)
    if called is None:
        raise BindError("This source calls no function.", "Name a table.", **place(node))
    return called


def function_query(node: exp.Table | exp.Lateral, world: World) -> exp.Query:
    """The query that a call stands for.

    Raises:
        BindError: There is no such function, or it takes other arguments.
        UnsupportedSqlError: An argument that means something else within the function.
    """
    schema, call = called_by(node)
    name = Name(call.name, schema)
    found = world.definitions.find(Kind.FUNCTION, world.key(name))
    if found is None:
        there = ", ".join(str(one.key) for one in world.definitions.all(Kind.FUNCTION)) or "none"
        hint = f"There is: {there}."
        raise BindError(f"Invalid object name '{name}'.", hint, name=str(name), **place(call))
    function = function_of(str(found.body["text"]))
    query = function.query.copy()
    if isinstance(node, exp.Lateral):
        refuse_captured(query, call)
    given = arguments_of(function, call)
    for read in list(query.find_all(exp.Parameter)):
        if read.name.lower() in given:
            read.replace(given[read.name.lower()].copy())
    return query


def arguments_of(function: CreateFunction | CreateScalarFunction, call: exp.Anonymous) -> dict[str, exp.Expr]:
    """What stands for each parameter, by its name in lower case: its argument or default, in its type.

    Raises:
        BindError: Too many of them, or too few.
    """
    arguments = call.expressions
    if len(arguments) > len(function.parameters):
        message = f"Procedure or function {function.name} has too many arguments specified."
        raise BindError(message, f"It takes {len(function.parameters)}.", **place(call))
    given: dict[str, exp.Expr] = {}
    for at, parameter in enumerate(function.parameters):
        value = arguments[at] if at < len(arguments) else None
        if isinstance(value, Default):
            value = parameter.default
        if value is None:
            raise BindError(
                f"An insufficient number of arguments were supplied for the procedure or function "
                f"{function.name}.",
                f"Give @{parameter.name}; DEFAULT goes where it has one.",
                **place(call),
            )
        given[parameter.name.lower()] = IntoVariable(this=value.copy(), to=parameter.kind.copy())
    return given


def refuse_captured(query: exp.Query, call: exp.Anonymous) -> None:
    """Refuse arguments of which a column may be taken for one of the function's own tables.

    Raises:
        UnsupportedSqlError: There is one.
    """
    own = {exposed(one)[-1].lower() for one in query.find_all(exp.Table, exp.Subquery) if exposed(one)}
    for column in call.find_all(exp.Column):
        if not column.table or column.table.lower() in own:
            shown = column.sql(dialect="tsql")
            raise UnsupportedSqlError(
                f"The argument {shown} of {call.name} may be taken for one of its own columns.",
                "Qualify it with an alias that the function does not use.",
                **place(column),
            )


def as_source(query: exp.Query, node: exp.Table | exp.Lateral) -> None:
    """Put the bound query into the place of the call."""
    _, call = called_by(node)
    source = exp.Subquery(this=query)
    alias = node.args.get("alias") or exp.TableAlias(this=quoted(call.name))
    if isinstance(node, exp.Lateral):
        node.set("this", source)
        node.set("alias", alias)
        return
    source.set("alias", alias.copy())
    for part in ("joins", "pivots"):
        if node.args.get(part):
            source.set(part, node.args[part])
    node.replace(source)
