"""Functions in FROM: STRING_SPLIT, GENERATE_SERIES and OPENJSON.

>>> from engine.sql.meaning.show import shown
>>> print(shown("SELECT s.value FROM t CROSS APPLY STRING_SPLIT(t.name, ',') AS s"))
SELECT s.value AS value FROM t AS t CROSS JOIN LATERAL (SELECT UNNEST(STRING_SPLIT(t.name, ',')) AS value) \
AS s
"""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from engine.errors import BindError, UnsupportedSqlError
from engine.sql.meaning.binding.context import Context, Relation
from engine.sql.meaning.binding.scopes import Column, place
from engine.sql.meaning.calls import read_call
from engine.sql.meaning.conversion.convert import convert
from engine.sql.meaning.functions.call import Call, text_type
from engine.sql.meaning.precedence import common_type
from engine.sql.meaning.queries.open_json import open_json
from engine.sql.meaning.trees import aliased, binary, call, case, cast, number, select
from engine.sql.meaning.types import BIGINT, INTEGERS

_Rowset = Callable[[Call], Relation]


def rowset(node: exp.Expr, context: Context) -> Relation:
    """Translate a table-valued function in FROM.

    Raises:
        BindError: There is no such function.
        UnsupportedSqlError: OPENROWSET and PREDICT, which the catalog binds before.
    """
    function = node.this if isinstance(node, exp.Table) else node
    if isinstance(function, exp.OpenJSON):
        return open_json(function, context)
    written = read_call(function)
    if written is None:
        raise UnsupportedSqlError(
            f"{type(function).__name__} in FROM must be bound to a table before it is translated.",
            **place(node),
        )
    build = _ROWSETS.get(written.name)
    if build is None:
        raise BindError(
            f"Invalid object name '{written.name}'.", "There is no such table-valued function.", **place(node)
        )
    return build(Call(written.name, written.arguments, context, function))


def string_split(call_: Call) -> Relation:
    """STRING_SPLIT, with `ordinal` where the third argument is 1."""
    value, separator = call_.text(0), call_.text(1)
    if isinstance(separator.constant, str) and len(separator.constant) != 1:
        raise BindError(
            "Procedure expects parameter 'separator' of type 'nchar(1)/nvarchar(1)'.", **place(call_.node)
        )
    parts = call("STRING_SPLIT", value.tree, separator.tree)
    projections = [aliased(call("UNNEST", parts), "value")]
    columns = [Column("value", text_type(value.type, value.type.size))]
    if call_.has(2) and call_.constant_integer(2, "enable_ordinal") == 1:
        places = call("RANGE", number(1), binary(exp.Add, call("LEN", parts), number(1)))
        projections.append(aliased(cast(call("UNNEST", places), BIGINT), "ordinal"))
        columns.append(Column("ordinal", BIGINT))
    return Relation(select(projections), tuple(columns))


def generate_series(call_: Call) -> Relation:
    """GENERATE_SERIES of integers; the step is -1 where the series falls."""
    values = call_.values()
    kind = common_type(value.type for value in values)
    if kind.base not in INTEGERS:
        raise call_.refused(f"a series of {kind.base}", "Generate integers and compute from them.")
    bounds = [convert(value, kind).tree for value in values]
    if len(bounds) == 2:
        bounds.append(case([(binary(exp.LTE, bounds[0], bounds[1]), number(1))], number(-1)))
    series = call("UNNEST", call("GENERATE_SERIES", *bounds))
    return Relation(select([aliased(cast(series, kind), "value")]), (Column("value", kind),))


_ROWSETS: dict[str, _Rowset] = {"GENERATE_SERIES": generate_series, "STRING_SPLIT": string_split}
