"""The columns of a rowset as WITH declares them: found by place, name or path, and given their types."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
from sqlglot import exp

from engine.errors import BindError
from engine.session.binding.relations import Relation
from engine.session.binding.trees import column as column_of
from engine.session.binding.trees import named, table
from engine.sql.meaning import to_duckdb
from engine.sql.meaning.json_paths import JsonPath, read_path
from engine.sql.meaning.types import TEXT, nvarchar

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.session.binding.rowset_options import Rowset, RowsetColumn
    from engine.sql.meaning import SqlType

HIDDEN = nvarchar(1024)
_FILES = "f"


def declared_relation(base: Relation, rowset: Rowset, hidden: Sequence[str]) -> Relation:
    """The relation as WITH declares it.

    Args:
        base: The columns of the files, and after them those of their paths.
        rowset: What is declared.
        hidden: The columns of paths.

    Raises:
        BindError: The files have no such column, or one of a type that the declared one does not hold.
    """
    items = [_item(base, rowset, column, position) for position, column in enumerate(rowset.columns, 1)]
    items += [column_of(_FILES, name) for name in hidden]
    kinds = {column.name: column.type for column in rowset.columns} | dict.fromkeys(hidden, HIDDEN)
    projections = [named(item, name) for item, name in zip(items, kinds, strict=True)]
    tree = exp.Select(expressions=projections).from_(table(base.name, _FILES))
    query = to_duckdb(tree, {base.name: base.columns}, into=list(kinds.values()))
    return Relation(base.name, kinds, base.rows, query=query)


def numbered_relation(base: Relation, hidden: Sequence[str]) -> Relation:
    """The relation of files without names: their columns are called C1, C2 and so on."""
    shown = {name: name if name in hidden else name.upper() for name in base.columns}
    items = [named(column_of(_FILES, name), called) for name, called in shown.items()]
    query = exp.Select(expressions=items).from_(table(base.name, _FILES))
    kinds = {shown[name]: kind for name, kind in base.columns.items()}
    return Relation(base.name, kinds, base.rows, query=query)


def _item(base: Relation, rowset: Rowset, column: RowsetColumn, position: int) -> exp.Expr:
    """What a declared column reads."""
    names = list(base.columns)
    if not rowset.by_name or (column.ordinal and rowset.format == "csv"):
        return column_of(_FILES, _at(names, column, column.ordinal or position))
    if column.path is None or not _is_path(column.path):
        found = _of_any_case(names, column.path or column.name, column)
        _check_types(column, base.rows.schema.field(found).type)
        return column_of(_FILES, found)
    path = read_path(column.path)
    first = path.steps[0] if path.steps else ""
    if first not in names:
        return _missing(names, column, path)
    if len(path.steps) > 1:
        return _inside(str(first), path, column.type)
    _check_types(column, base.rows.schema.field(str(first)).type)
    return column_of(_FILES, str(first))


def _is_path(text: str) -> bool:
    return text.removeprefix("strict ").removeprefix("lax ").lstrip().startswith("$")


def _at(names: Sequence[str], column: RowsetColumn, ordinal: int) -> str:
    if ordinal > len(names):
        raise BindError(
            f"Column '{column.name}' is field {ordinal}, and the files have {len(names)}.",
            "Fields count from 1.",
            name=column.name,
        )
    return names[ordinal - 1]


def _of_any_case(names: Sequence[str], wanted: str, column: RowsetColumn) -> str:
    exact = [name for name in names if name == wanted]
    found = exact or [name for name in names if name.lower() == wanted.lower()]
    if not found:
        raise BindError(
            f"Invalid column name '{wanted}'.", f"The files have: {', '.join(names[:30])}.", name=column.name
        )
    return found[0]


def _missing(names: Sequence[str], column: RowsetColumn, path: JsonPath) -> exp.Expr:
    """A path is taken at its word, case and all: a lax one that leads nowhere gives NULL, as documented."""
    if path.strict:
        raise BindError(
            f"Column '{column.name}' cannot be found by path '{column.path}'.",
            f"Case counts in paths. The files have: {', '.join(names[:30])}.",
            name=column.name,
        )
    return exp.Null()


def _inside(first: str, path: JsonPath, kind: SqlType) -> exp.Expr:
    """What stands inside of a struct, list or map: these are read as JSON texts."""
    rest = JsonPath(path.steps[1:]).duckdb
    literal = exp.Literal.string(f"{'strict ' if path.strict else ''}{rest}")
    calls = ("JSON_VALUE", "JSON_QUERY") if kind.base in TEXT else ("JSON_VALUE",)
    found = [
        exp.Anonymous(this=call, expressions=[column_of(_FILES, first), literal.copy()]) for call in calls
    ]
    return found[0] if len(found) == 1 else exp.Coalesce(this=found[0], expressions=found[1:])


def _check_types(column: RowsetColumn, kind: pa.DataType) -> None:
    """A float of the file does not go into an exact number without loss: the documented refusal."""
    if pa.types.is_floating(kind) and column.type.is_number and str(column.type) not in ("float", "real"):
        raise BindError(
            f"Column '{column.name}' of type '{str(column.type).upper()}' is not compatible with external "
            f"data type '{_PHYSICAL.get(str(kind), str(kind))}', please try with 'FLOAT'.",
            "Declare it FLOAT, and CAST in the query.",
            name=column.name,
        )


_PHYSICAL = {"double": "Parquet physical type: DOUBLE", "float": "Parquet physical type: FLOAT"}
