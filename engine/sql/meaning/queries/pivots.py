"""PIVOT and UNPIVOT, written as the queries that they stand for.

`PIVOT (SUM(v) FOR k IN ([a], [b]))` is a GROUP BY over all other columns, with one `SUM(CASE WHEN k = 'a'
THEN v END)` for each value; UNPIVOT is a CROSS APPLY of one row for each column, without the NULLs.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from engine.errors import BindError, UnsupportedSqlError
from engine.sql.meaning.binding.scopes import Column, place
from engine.sql.meaning.calls import read_call

_SOURCE = "_pivoted"


def _named(name: str) -> exp.Column:
    return exp.Column(this=exp.Identifier(this=name, quoted=True))


def _aliased_source(source: exp.Expr) -> exp.Expr:
    """Give the source an alias of its own; its columns are then named without one."""
    bare = source.copy()
    columns = bare.args["alias"].columns if bare.args.get("alias") is not None else []
    bare.set("alias", exp.TableAlias(this=exp.Identifier(this=_SOURCE, quoted=True), columns=columns))
    return bare


def pivoted_query(source: exp.Expr, columns: Sequence[Column], pivot: exp.Pivot) -> exp.Select:
    """Write PIVOT as a GROUP BY.

    Raises:
        BindError: The clause does not fit the source.
    """
    if len(pivot.expressions) != 1 or len(pivot.args["fields"]) != 1:
        raise UnsupportedSqlError("PIVOT takes one aggregate and one column.", **place(pivot))
    aggregate, field = pivot.expressions[0], pivot.args["fields"][0]
    written = read_call(aggregate)
    if written is None or len(written.arguments) != 1 or not isinstance(written.arguments[0], exp.Column):
        raise BindError("PIVOT takes an aggregate of one column.", **place(pivot))
    used = {field.this.name.lower(), written.arguments[0].name.lower()}
    kept = [column.name for column in columns if column.name.lower() not in used]
    query = exp.Select(
        expressions=[
            *(_named(name) for name in kept),
            *(_pivot_column(aggregate, field.this, value.name) for value in field.expressions),
        ],
        from_=exp.From(this=_aliased_source(source)),
    )
    if kept:
        query.set("group", exp.Group(expressions=[_named(name) for name in kept]))
    return query


def _pivot_column(aggregate: exp.Expr, key: exp.Expr, value: str) -> exp.Expr:
    call = aggregate.copy()
    argument = read_call(call).arguments[0]  # type: ignore[union-attr]  # it was read before
    matches = exp.EQ(this=key.copy(), expression=exp.Literal.string(value))
    argument.replace(exp.Case(ifs=[exp.If(this=matches, true=argument.copy())]))
    return exp.Alias(this=call, alias=exp.Identifier(this=value, quoted=True))


def unpivoted_query(source: exp.Expr, columns: Sequence[Column], pivot: exp.Pivot) -> exp.Select:
    """Write UNPIVOT as a CROSS APPLY.

    Raises:
        BindError: The columns are not all of one type.
    """
    value, field = pivot.expressions[0], pivot.args["fields"][0]
    turned = [column.name for column in field.expressions]
    kinds = {
        str(column.type) for column in columns if column.name.lower() in {name.lower() for name in turned}
    }
    if len(kinds) > 1:
        raise BindError(
            "The types of the columns in the UNPIVOT list differ.",
            "CAST them to one type first.",
            **place(pivot),
        )
    taken = {name.lower() for name in turned}
    kept = [column.name for column in columns if column.name.lower() not in taken]
    rows = [
        exp.Tuple(
            expressions=[
                exp.Column(this=_named(name).this, table=exp.to_identifier(_SOURCE)),
                _name_text(name),
            ]
        )
        for name in turned
    ]
    names = [exp.Identifier(this=value.name, quoted=True), exp.Identifier(this=field.this.name, quoted=True)]
    alias = exp.TableAlias(this=exp.to_identifier("_unpivoted"), columns=names)
    applied = exp.Lateral(this=exp.Values(expressions=rows), alias=alias, cross_apply=True)
    present = exp.Not(this=exp.Is(this=_named(value.name), expression=exp.Null()))
    return exp.Select(
        expressions=[*(_named(name) for name in kept), *(exp.Column(this=name.copy()) for name in names)],
        from_=exp.From(this=_aliased_source(source)),
        joins=[exp.Join(this=applied)],
        where=exp.Where(this=present),
    )


def _name_text(name: str) -> exp.Expr:
    """Give the name of a column as a value: nvarchar(128)."""
    return exp.Cast(this=exp.National(this=name), to=exp.DataType.build("NVARCHAR(128)", dialect="tsql"))
