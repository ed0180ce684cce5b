"""INSERT: rows of a query, of VALUES or of a procedure into a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from engine.errors import BindError, UnsupportedSqlError
from engine.runtime import bind_held
from engine.session.binding.binder import Binder
from engine.session.binding.relations import Relation, reading_as
from engine.session.binding.trees import column as column_tree
from engine.session.binding.trees import quoted, table
from engine.session.doing.targets import Target, columns_named, find_target
from engine.sql.meaning import node_of_type
from engine.sql.meaning.types import Base
from engine.sql.syntax import Name, parse_query
from engine.sql.syntax.nodes import Default
from engine.sql.syntax.statements.queries import Execute, ExecuteText

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.session.catalog.declarations import DeclaredColumn
    from engine.session.doing.run import Run
    from engine.sql.syntax.statements.queries import Insert, Top

_ROWS = "inserted_rows"
_RETURNED = "returned_rows"


def do_insert(run: Run, statement: Insert) -> None:
    """INSERT INTO ... in one commit."""
    target = find_target(run, Name.of(statement.target))
    named = insertable(
        run,
        target,
        columns_named(target, [column.name for column in statement.columns]),
        listed=bool(statement.columns),
    )
    binder = Binder(run.world)
    if isinstance(statement.rows, Execute | ExecuteText):
        source: exp.Query | exp.Values | None = _returned(run, statement.rows, binder)
    else:
        source = _source(statement, named, _null_variables(run))
    bound = binder.bind(whole_rows(target, named, source, statement.with_))
    run.counted(target.write(run, target.rows(run, bound), "append"))


def _returned(run: Run, call: Execute | ExecuteText, binder: Binder) -> exp.Query:
    """The rows that a procedure returns, instead of returning them: of all its result sets."""
    before = len(run.results)
    run.perform(run, call)
    given = run.results[before:]
    del run.results[before:]
    queries: list[exp.Query] = []
    for one in given:
        name = binder.fresh(_RETURNED)
        kinds = dict(zip(one.columns, (kind for _, kind in one.types), strict=True))
        binder.add(Relation(name, kinds, reading_as(bind_held(name, one.answer.held()), kinds)))
        queries.append(exp.Select(expressions=[exp.Star()]).from_(table(name)))
    if not queries:
        raise BindError("The procedure returns no rows to insert.", "Let it end with a SELECT.")
    union = queries[0]
    for query in queries[1:]:
        union = exp.Union(this=union, expression=query, distinct=False)
    return union


def insertable(
    run: Run, target: Target, named: list[DeclaredColumn], *, listed: bool
) -> list[DeclaredColumn]:
    """The columns that an INSERT gives values; the IDENTITY column only where SET IDENTITY_INSERT says so.

    Raises:
        BindError: It is named without that, or not named with it.
    """
    numbered = [column for column in named if column.identity is not None]
    allowed = not target.name.is_temporary and run.world.work.identity_insert == run.world.key(target.name)
    if allowed and not listed and numbered:
        raise BindError(
            f"An explicit value for the identity column in table '{target.name}' can only be specified when "
            "a column list is used and IDENTITY_INSERT is ON.",
            "Name the columns behind INSERT INTO.",
        )
    if allowed or not numbered:
        return named
    if listed:
        raise BindError(
            f"Cannot insert explicit value for identity column in table '{target.name.name}' when "
            "IDENTITY_INSERT is set to OFF.",
            f"Leave '{numbered[0].name}' out, or SET IDENTITY_INSERT {target.name} ON.",
            number=544,
        )
    return [column for column in named if column.identity is None]


def _null_variables(run: Run) -> frozenset[str]:
    """Variables that hold a NULL of no type: parameters whose value is None."""
    found = run.world.variables.items()
    return frozenset(name for name, variable in found if variable.type.base is Base.NULL)


def _source(
    statement: Insert, named: Sequence[DeclaredColumn], nulls: frozenset[str]
) -> exp.Query | exp.Values | None:
    rows = statement.rows
    if rows is None:
        return None
    if isinstance(rows, exp.Values):
        return _values(rows, named, nulls)
    if isinstance(rows, exp.Query):
        if statement.options:
            rows.set("options", list(statement.options))
        return _topped(rows, statement.top)
    raise UnsupportedSqlError("INSERT takes a query, VALUES or EXEC.", "Write INSERT INTO t SELECT ...")


def _topped(query: exp.Query, top: Top | None) -> exp.Query:
    if top is None:
        return query
    if top.percent:
        raise UnsupportedSqlError("INSERT TOP (n) PERCENT is not supported.", "Write the TOP in the SELECT.")
    inner = exp.Subquery(this=query, alias=exp.TableAlias(this=quoted("t")))
    return exp.Select(expressions=[exp.Star()], limit=exp.Limit(expression=top.count.copy())).from_(inner)


def _values(
    values: exp.Values, named: Sequence[DeclaredColumn], nulls: frozenset[str] = frozenset()
) -> exp.Values:
    """VALUES with the columns' defaults in the place of DEFAULT, and every NULL of its column's type."""
    rows = []
    for row in values.expressions:
        if len(row.expressions) != len(named):
            many = "more" if len(row.expressions) < len(named) else "fewer"
            raise BindError(
                f"There are {many} columns in the INSERT statement than values specified "  # noqa: S608 - no SQL
                "in the VALUES clause.",
                "The number of values in the VALUES clause must match the number of columns.",
            )
        cells = [
            default_of(column) if isinstance(cell, Default) else _cell(cell, column, nulls)
            for cell, column in zip(row.expressions, named, strict=True)
        ]
        rows.append(exp.Tuple(expressions=cells))
    return exp.Values(expressions=rows)


def _cell(cell: exp.Expr, column: DeclaredColumn, nulls: frozenset[str]) -> exp.Expr:
    """The value; a NULL would be an int, which does not go into every column."""
    is_null = isinstance(cell, exp.Null) or (
        isinstance(cell, exp.Parameter) and f"@{cell.name.lower()}" in nulls
    )
    return exp.Cast(this=exp.Null(), to=node_of_type(column.type)) if is_null else cell.copy()


def default_of(column: DeclaredColumn) -> exp.Expr:
    """The value of a column that nobody gives one."""
    if not column.default:
        return exp.Cast(this=exp.Null(), to=node_of_type(column.type))
    (item,) = parse_query(column.default).selects
    return item.this if isinstance(item, exp.Alias) else item


def whole_rows(
    target: Target,
    named: Sequence[DeclaredColumn],
    source: exp.Query | exp.Values | None,
    ctes: exp.With | None = None,
) -> exp.Select:
    """A query that gives every column of the table: the named ones from the source, the others by default."""
    places = {column.name: f"c{at}" for at, column in enumerate(named)}
    if source is None:
        places = {}
    items = [
        exp.alias_(
            column_tree(_ROWS, places[column.name]) if column.name in places else default_of(column),
            column.name,
            quoted=True,
        )
        for column in target.columns
    ]
    query = exp.Select(expressions=items)
    if source is not None:
        source = source.copy()
        ctes = _lifted(source) or ctes
        alias = exp.TableAlias(this=quoted(_ROWS), columns=[quoted(name) for name in places.values()])
        if isinstance(source, exp.Values):
            source.set("alias", alias)
            query = query.from_(source)
        else:
            _check_width(source, named)
            query = query.from_(exp.Subquery(this=source, alias=alias))
    if ctes is not None:
        query.set("with_", ctes.copy())
    return query


def _lifted(source: exp.Expr) -> exp.With | None:
    """The WITH of the query, which must stand at the top of the statement."""
    found: exp.With | None = source.args.get("with_")
    if found is not None:
        source.set("with_", None)
    return found


def _check_width(source: exp.Query, named: Sequence[DeclaredColumn]) -> None:
    items = source.selects
    has_star = any(
        isinstance(item, exp.Star) or isinstance(getattr(item, "this", None), exp.Star) for item in items
    )
    if not has_star and len(items) != len(named):
        many = "fewer" if len(items) < len(named) else "more"
        raise BindError(
            f"The select list for the INSERT statement contains {many} items than the insert list.",
            "The number of SELECT values must match the number of INSERT columns.",
        )
