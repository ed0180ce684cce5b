"""Statements that read rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from engine.errors import BindError, UnsupportedSqlError
from engine.session.doing.caching import answer_through_cache
from engine.session.doing.run import Run, type_node
from engine.session.result import ResultSet
from engine.sql.meaning import Variable

if TYPE_CHECKING:
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
    query = _converted(statement.query, [variables[name] for name in names])
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


def _converted(query: exp.Query, targets: list[Variable]) -> exp.Query:
    """The query with its columns of the variables' types."""
    query = query.copy()
    if not isinstance(query, exp.Select):
        raise UnsupportedSqlError(
            "SELECT @variable = ... cannot be part of a set operation.", "Assign from one SELECT."
        )
    items = [item.this if isinstance(item, exp.Alias) else item for item in query.expressions]
    query.set(
        "expressions",
        [
            exp.alias_(exp.Cast(this=item, to=type_node(target.type)), f"v{at}")
            for at, (item, target) in enumerate(zip(items, targets, strict=True))
        ],
    )
    return query
