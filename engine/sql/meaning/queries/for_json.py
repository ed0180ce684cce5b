"""FOR JSON: the rows of a query as one JSON text.

>>> from engine.sql.meaning.show import shown
>>> print(shown("SELECT id, name AS [who.name] FROM t FOR JSON PATH, INCLUDE_NULL_VALUES"))
SELECT '[' || LISTAGG(TSQL_JSON_MEMBERS([TSQL_JSON_MEMBER('id', CAST(_q_1.id AS TEXT), TRUE), \
TSQL_JSON_MEMBER('who', TSQL_JSON_MEMBERS([TSQL_JSON_MEMBER('name', TSQL_JSON_TEXT(_q_1."who.name"), \
TRUE)]), TRUE)]), ',') || ']' AS _col_1 FROM (SELECT t.id AS id, t.name AS "who.name" FROM t AS t) AS _q_1
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlglot import exp

from engine.errors import BindError, UnsupportedSqlError
from engine.sql.meaning.binding.context import Context, Relation
from engine.sql.meaning.binding.relations import wrapped
from engine.sql.meaning.binding.scopes import Column, place
from engine.sql.meaning.conversion.convert import to_string
from engine.sql.meaning.conversion.to_moment import as_timestamp
from engine.sql.meaning.trees import aliased, call, cast_as, join_text, select, text
from engine.sql.meaning.trees import column as column_tree
from engine.sql.meaning.types import APPROXIMATE, MAX, MONEYS, Base, nvarchar

if TYPE_CHECKING:
    from engine.sql.meaning.values import Value

_PLACE = "_place"


@dataclass(frozen=True, slots=True)
class _Options:
    root: str | None
    nulls: bool
    array: bool


@dataclass(slots=True)
class _Node:
    """An object under construction: its members in order, each a value or an object itself."""

    members: dict[str, exp.Expr | _Node] = field(default_factory=dict)


def for_json(relation: Relation, clause: exp.Expr, context: Context) -> Relation:
    """Translate FOR JSON PATH; FOR JSON AUTO where it means the same, which is over one table.

    Raises:
        BindError: A column without a name, or two members of one name.
        UnsupportedSqlError: FOR XML, and FOR JSON AUTO over more than one table.
    """
    if clause.args.get("kind") != "JSON":
        raise UnsupportedSqlError(
            "FOR XML is not supported.", "Use FOR JSON PATH or STRING_AGG.", **place(clause)
        )
    options = _read_options(relation, clause)
    ordered = _with_places(relation)
    source, values = wrapped(relation, context)
    row = _Node()
    for column, value in zip(relation.columns, values, strict=True):
        if not column.name:
            raise BindError(
                "Column names are required for FOR JSON.", "Give each one with AS.", **place(clause)
            )
        _put(row, column.name.split("."), _member_text(value), column.name)
    members = _written(row, nulls=options.nulls)
    if ordered:
        place_ = exp.Ordered(this=column_tree(source.alias, _PLACE), nulls_first=True)
        members = exp.Order(this=members, expressions=[place_])
    rows = exp.GroupConcat(this=members, separator=text(","))
    tree = select([aliased(_enclosed(rows, options), "_col_1")], source)
    # What is no array is quoted by a FOR JSON around this one, as documented.
    return Relation(tree, (Column("", nvarchar(MAX).with_facts(json=options.array)),))


def _with_places(relation: Relation) -> bool:
    """Number the rows of an ordered query, so that their order outlives the query; whether it is ordered."""
    order = relation.tree.args.get("order")
    if order is None:
        return False
    if relation.tree.args.get("distinct"):
        raise UnsupportedSqlError(
            "FOR JSON over SELECT DISTINCT with ORDER BY is not supported.", "Use GROUP BY."
        )
    number = exp.Window(this=exp.RowNumber(), order=order.copy(), over="OVER")
    relation.tree.append("expressions", aliased(number, _PLACE))
    return True


def _read_options(relation: Relation, clause: exp.Expr) -> _Options:
    words = {option.this.name.upper(): option.this for option in clause.expressions}
    if "AUTO" in words and _tables(relation.tree) != 1:
        raise UnsupportedSqlError(
            "FOR JSON AUTO over several tables is not supported: it nests them by their order in FROM.",
            "Use FOR JSON PATH with names such as [orders.id].",
            **place(clause),
        )
    root = words.get("ROOT")
    name = root.expression.name if isinstance(root, exp.XMLKeyValueOption) and root.expression else "root"
    array = "WITHOUT_ARRAY_WRAPPER" not in words
    if root is not None and not array:
        raise BindError("ROOT option and WITHOUT_ARRAY_WRAPPER option cannot be used together in FOR JSON.")
    return _Options(name if root is not None else None, "INCLUDE_NULL_VALUES" in words, array)


def _tables(tree: exp.Query) -> int:
    return (
        1 + len(tree.args.get("joins") or [])
        if isinstance(tree, exp.Select) and tree.args.get("from_")
        else 0
    )


def _put(node: _Node, path: list[str], value: exp.Expr, name: str) -> None:
    *parents, last = path
    for key in parents:
        inner = node.members.setdefault(key, _Node())
        if not isinstance(inner, _Node):
            raise _conflict(name)
        node = inner
    if last in node.members:
        raise _conflict(name)
    node.members[last] = value


def _conflict(name: str) -> BindError:
    return BindError(
        f"Property '{name}' cannot be generated in JSON output due to a conflict with another column "
        f"name or alias.",
        "Use different names and aliases for each column in SELECT list.",
    )


def _written(node: _Node, *, nulls: bool) -> exp.Expr:
    """Write an object; members that are NULL are left out unless asked for."""
    members = [
        call(
            "tsql_json_member",
            text(key),
            _written(value, nulls=nulls) if isinstance(value, _Node) else value,
            exp.Boolean(this=nulls),
        )
        for key, value in node.members.items()
    ]
    return call("tsql_json_members", exp.Array(expressions=members))


def _member_text(value: Value) -> exp.Expr:
    """Write a value as JSON: numbers, truths and what is JSON bare, all others as text."""
    base = value.type.base
    if value.type.json:
        return value.tree
    if base in MONEYS or base is Base.BIT:
        return cast_as(value.tree, "VARCHAR")
    if base in APPROXIMATE:
        picture = text("%.15e" if base is Base.FLOAT else "%.7e")
        return call("tsql_exponent", call("PRINTF", picture, cast_as(value.tree, "DOUBLE")))
    if value.type.is_number:
        return to_string(value).tree
    if value.type.is_bytes:
        return join_text([text('"'), call("TO_BASE64", value.tree), text('"')])
    return call("tsql_json_text", _iso(value) if value.type.is_temporal else to_string(value).tree)


def _iso(value: Value) -> exp.Expr:
    if value.type.base is Base.DATE:
        return cast_as(value.tree, "VARCHAR")
    if value.type.base is Base.DATETIMEOFFSET:
        raise UnsupportedSqlError("datetimeoffset in FOR JSON is not supported.", "CONVERT it to varchar.")
    shown = call(
        "STRFTIME",
        as_timestamp(value),
        text("%H:%M:%S.%f" if value.type.base is Base.TIME else "%Y-%m-%dT%H:%M:%S.%f"),
    )
    return call("tsql_short_fraction", shown)


def _enclosed(rows: exp.Expr, options: _Options) -> exp.Expr:
    parts: Iterable[exp.Expr] = [rows]
    if options.array:
        parts = [text("["), rows, text("]")]
    if options.root is not None:
        key = call("tsql_json_text", text(options.root))
        parts = [text("{"), key, text(":"), *parts, text("}")]
    return join_text(list(parts))
