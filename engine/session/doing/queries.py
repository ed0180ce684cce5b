"""Statements that read rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from engine.errors import BindError, UnsupportedSqlError
from engine.session.binding.inlining import with_values
from engine.session.doing.caching import answer_through_cache
from engine.session.result import ResultSet
from engine.sql.meaning import Variable, node_of_type
from engine.sql.syntax.nodes import IntoVariable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.session.doing.run import Run
    from engine.sql.syntax.statements.queries import Select, SelectAssign


def do_select(run: Run, statement: Select) -> None:
    """A query whose rows go to the client."""
    bound = run.bind_as_before(statement.query)
    bound, answer = answer_through_cache(run, statement, bound)
    run.results.append(ResultSet(tuple(run.types(bound)), answer))
    run.counted(answer.num_rows)


def do_select_assign(run: Run, statement: SelectAssign) -> None:
    """`SELECT @a = ...`: the last row's values; without a row nothing changes."""
    variables = run.world.variables
    names = [f"@{name.lower()}" for name in statement.variables]
    for name in names:
        if name not in variables:
            raise undeclared(name)
    query = _converted(statement.query, [name[1:] for name in names], variables)
    reads = {f"@{node.name.lower()}" for node in query.find_all(exp.Parameter)}
    rows = run.answer(run.bind(query)).to_arrow()
    if rows.num_rows > 1 and reads & set(names):
        raise UnsupportedSqlError(
            "SELECT @variable = ... over several rows reads the variable that it assigns.",
            "Use STRING_AGG or SUM instead of adding up row by row.",
        )
    if rows.num_rows:
        for name, column in zip(names, rows.columns, strict=True):
            variables[name] = Variable(variables[name].type, column[-1].as_py())
    run.counted(rows.num_rows)


def undeclared(name: str) -> BindError:
    return BindError(
        f'Must declare the scalar variable "{name}".', f"Write DECLARE {name} type before.", name=name
    )


def _converted(query: exp.Query, names: list[str], variables: Mapping[str, Variable]) -> exp.Query:
    """The query with its columns as the variables take them."""
    query = query.copy()
    if not isinstance(query, exp.Select):
        raise UnsupportedSqlError(
            "SELECT @variable = ... cannot be part of a set operation.", "Assign from one SELECT."
        )
    assigned: dict[str, exp.Expr] = {}
    items = []
    for at, (item, name) in enumerate(zip(query.expressions, names, strict=True)):
        # One after the other: an item reads what those before it have assigned.
        value = with_values(item.unalias(), assigned)
        assigned[name] = IntoVariable(this=value, to=node_of_type(variables[f"@{name}"].type))
        items.append(exp.alias_(assigned[name].copy(), f"v{at}"))
    query.set("expressions", items)
    return query
