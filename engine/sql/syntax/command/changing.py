"""INSERT, UPDATE, DELETE and TRUNCATE."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from engine.sql.syntax.command.executing import execute
from engine.sql.syntax.nodes import Default
from engine.sql.syntax.query.selects import ASSIGNMENTS
from engine.sql.syntax.statements.queries import (
    Assignment,
    Delete,
    Execute,
    ExecuteText,
    Insert,
    Top,
    Truncate,
    Update,
)
from engine.sql.syntax.tokens import Kind

if TYPE_CHECKING:
    from engine.sql.syntax.query.grammar import Grammar
    from engine.sql.syntax.statements.base import Statement


def insert(p: Grammar, start: int, with_: exp.With | None = None) -> Statement:
    p.expect("INSERT")
    top = changed_top(p)
    p.take("INTO")
    target = target_table(p)
    columns = p.wrapped_list(p.identifier) if p.at("(") and not p.at_query() else []
    refuse_output(p)
    rows = _inserted(p, with_)
    options = _options(p, rows)
    in_tree = isinstance(rows, exp.Query)
    return Insert(p.since(start), target, tuple(columns), rows, None if in_tree else with_, top, options)


def _inserted(p: Grammar, with_: exp.With | None) -> exp.Query | exp.Values | Execute | ExecuteText | None:
    if p.at("VALUES"):
        return p.values(defaults=True)
    if p.take("DEFAULT", "VALUES"):
        return None
    if p.at_any(("EXEC", "EXECUTE")):
        return execute(p, p.mark())
    if p.at_any(("SELECT", "WITH", "(")):
        return p.outer_query(with_)
    return p.fail("INSERT takes VALUES, a SELECT, EXEC or DEFAULT VALUES")


def _options(p: Grammar, rows: object) -> tuple[exp.QueryOption, ...]:
    """OPTION of INSERT ... SELECT has been read with the query, and belongs to the statement."""
    if not isinstance(rows, exp.Query):
        return tuple(p.options())
    options = tuple(rows.args.get("options") or ())
    rows.set("options", None)
    return options


def changed_top(p: Grammar) -> Top | None:
    """TOP of INSERT and MERGE; that of UPDATE and DELETE stands in the SELECT of their rows."""
    limit = p.top()
    if limit is None:
        return None
    options = limit.args.get("limit_options")
    if options is not None and options.args.get("with_ties"):
        p.fail("WITH TIES needs an order", token=p.peek(-1))
    return Top(limit.expression, percent=options is not None)


def target_table(p: Grammar) -> exp.Table:
    """The table that a statement changes, with its hints."""
    if p.at_kind(Kind.VARIABLE):
        p.refuse(
            "A table variable", "there are none in a SQL pool", "use a temporary table: CREATE TABLE #t (...)"
        )
    if p.at_any(("OPENROWSET", "OPENQUERY", "OPENDATASOURCE")):
        p.refuse(
            f"Changing {p.token.text}",
            "files are read-only here",
            "use COPY INTO or CREATE EXTERNAL TABLE AS",
        )
    table = p.table_name()
    if p.at("WITH", "(") and (hints := p.table_hints()):
        table.set("hints", hints)
    return table


def update(p: Grammar, start: int, with_: exp.With | None = None) -> Statement:
    p.expect("UPDATE")
    rows = exp.Select(with_=with_, limit=p.top())
    target = target_table(p)
    p.expect("SET")
    assignments = assigned(p)
    refuse_output(p)
    _rows(p, rows)
    options = tuple(p.options())
    return Update(p.since(start), target, assignments, rows, options)


def delete(p: Grammar, start: int, with_: exp.With | None = None) -> Statement:
    p.expect("DELETE")
    rows = exp.Select(with_=with_, limit=p.top())
    p.take("FROM")
    target = target_table(p)
    refuse_output(p)
    _rows(p, rows)
    options = tuple(p.options())
    return Delete(p.since(start), target, rows, options)


def truncate(p: Grammar, start: int) -> Statement:
    p.expect("TRUNCATE", "TABLE")
    table = p.object_name()
    if p.at("WITH", "(", "PARTITIONS"):
        p.refuse(
            "TRUNCATE TABLE ... WITH (PARTITIONS)", "only whole tables are emptied at once", "use DELETE"
        )
    return Truncate(p.since(start), table)


def _rows(p: Grammar, rows: exp.Select) -> None:
    if p.at("FROM"):
        p.from_clause(rows)
    if p.at("WHERE", "CURRENT"):
        p.refuse("WHERE CURRENT OF", "there are no cursors", "name the rows by their values")
    if p.take("WHERE"):
        rows.set("where", exp.Where(this=p.condition()))


def assigned(p: Grammar) -> tuple[Assignment, ...]:
    """The list behind SET of UPDATE and MERGE."""
    return tuple(p.listed(lambda: _assignment(p)))


def _assignment(p: Grammar) -> Assignment:
    variable = ""
    if p.at_kind(Kind.VARIABLE):
        target = p.variable()
        variable = target.name
        if not _at_column_assignment(p):
            return Assignment(p.assigned_value(target), variable=variable)
        p.expect("=")
    column = _column(p)
    if p.take("=", "DEFAULT"):
        return Assignment(Default(), column, variable)
    return Assignment(p.assigned_value(column), column, variable)


def _at_column_assignment(p: Grammar) -> bool:
    """Does `= column =` come next, as in `@variable = column = value`?"""
    distance = 1
    while p.at("=") and p.at_name(distance):
        if not p.at_any((".",), distance + 1):
            return p.at_any(ASSIGNMENTS, distance + 1)
        distance += 2
    return False


def _column(p: Grammar) -> exp.Column:
    parts = p.dotted()
    if p.at("("):
        p.refuse(f"The method {p.peek(-1).text}()", "a value is replaced as a whole", "write column = value")
    if len(parts) > 4:
        p.fail("a column has at most four parts: database.schema.table.column")
    catalog, db, table, this = [None] * (4 - len(parts)) + parts
    return exp.Column(this=this, table=table, db=db, catalog=catalog)


def refuse_output(p: Grammar) -> None:
    if p.at("OUTPUT"):
        p.refuse(
            "The OUTPUT clause", "a change returns no rows", "read the rows with a SELECT before or after"
        )
