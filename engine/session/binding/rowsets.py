"""OPENROWSET and its kin, bound: files to a relation, WITH to the columns that a query sees."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
from sqlglot import exp

from engine.errors import BindError, UnsupportedSqlError
from engine.runtime.bound import bind_source
from engine.session.binding.relations import Relation, inferred_columns, reading_as
from engine.session.binding.rowset_files import Keep, rowset_source, with_paths
from engine.session.binding.rowset_options import (
    Rejecting,
    Rowset,
    RowsetColumn,
    csv_options,
    file_format,
)
from engine.session.catalog.definitions import Definitions, Key, Kind
from engine.session.types import stored_type
from engine.sql.meaning import SqlType, to_duckdb, type_of_node
from engine.sql.meaning.typenames import DECLARED_LENGTH
from engine.sql.meaning.types import BYTES, nvarchar

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from engine.lake import Storage
    from engine.sql.syntax.nodes import OpenRowset

HIDDEN = nvarchar(1024)
_CSV = (
    "codepage", "data_compression", "datafiletype", "escapechar", "fieldquote", "fieldterminator", "firstrow",
    "header_row", "parser_version", "rowterminator",
)  # fmt: skip
_REFUSED = {
    "rowset_options": "a file that changes while it is read ends the query",
}


def read_rowset(node: OpenRowset, definitions: Definitions) -> Rowset:
    """What an OPENROWSET asks for.

    Raises:
        BindError: A data source that there is not.
        UnsupportedSqlError: An option that cannot be honoured.
    """
    given = {name: _plain(value) for name, value in node.args.items() if isinstance(value, exp.Expr)}
    _refuse(given)
    form = file_format(str(given["format"]))
    paths = [path.name for path in node.args["paths"]]
    source = given.get("data_source")
    located = tuple(located_path(path, str(source) if source else "", definitions) for path in paths)
    columns = tuple(_column(column) for column in node.args.get("columns") or ())
    options = csv_options({name: value for name, value in given.items() if name in _CSV})
    return Rowset(
        tuple(path.removesuffix("/**") if path.endswith("/**") else path for path in located),
        form,
        options,
        columns,
        recursive=all(path.endswith("/**") for path in located),
        rejecting=_rejecting(given, definitions),
    )


def _rejecting(given: Mapping[str, str | int | bool], definitions: Definitions) -> Rejecting | None:
    """MAXERRORS, ERRORFILE_LOCATION and ERRORFILE_DATA_SOURCE."""
    location, source = str(given.get("errorfile_location", "")), str(given.get("errorfile_data_source", ""))
    allowed = int(given.get("maxerrors", 0))
    if not allowed and not location:
        return None
    if str(given["format"]).upper() != "CSV":
        raise BindError("MAXERRORS and ERRORFILE_LOCATION are options of CSV files.", "Leave them out.")
    if source and not location:
        raise BindError("ERRORFILE_DATA_SOURCE needs ERRORFILE_LOCATION.", "Name the folder too.")
    folder = located_path(location.lstrip("/"), source, definitions) if location else ""
    return Rejecting(allowed, folder)


def located_path(path: str, source: str, definitions: Definitions) -> str:
    """A path below its data source."""
    if not source:
        return path
    found = definitions.get(Kind.DATA_SOURCE, Key.of(source))
    return f"{str(found.body['location']).rstrip('/')}/{path.lstrip('/')}"


def _refuse(given: Mapping[str, str | int | bool]) -> None:
    for name, why in _REFUSED.items():
        if name in given and str(given[name]) != "0":
            raise UnsupportedSqlError(f"{name.upper()} is not supported: {why}.", "Leave it out.")
    if str(given.get("parser_version", "2.0")) not in ("1.0", "2.0"):
        raise BindError(
            f"PARSER_VERSION = '{given['parser_version']}' does not exist.", "Use '1.0' or '2.0'."
        )


def _plain(value: exp.Expr) -> str | int | bool:
    if isinstance(value, exp.Boolean):
        return bool(value.this)
    return int(value.name) if isinstance(value, exp.Literal) and not value.is_string else value.name


def _column(node: exp.Expr) -> RowsetColumn:
    ordinal, path = node.args.get("ordinal"), node.args.get("path")
    return RowsetColumn(
        node.name,
        type_of_node(node.args["kind"], length=DECLARED_LENGTH),
        int(ordinal.name) if ordinal is not None else None,
        path.name if path is not None else None,
    )


def bind_rowset(storage: Storage, name: str, rowset: Rowset, hidden: Sequence[str], keep: Keep) -> Relation:
    """The relation of a rowset.

    Args:
        storage: The workspace's files.
        name: What the bound query calls it.
        rowset: What to read.
        hidden: Columns of paths that the query reads.
        keep: Leaves files out before any is opened.

    Raises:
        BindError: No such file or column, or a type that the file's does not go into.
    """
    source = rowset_source(storage, rowset, _declared(rowset), keep)
    columns = inferred_columns(source.schema, "the files")
    reads = with_paths(source, hidden)
    whole = {**columns, **dict.fromkeys(hidden, HIDDEN)}
    base = Relation(name, whole, reading_as(bind_source(name, reads), whole))
    return _typed(base, rowset, hidden) if rowset.columns else base


def _declared(rowset: Rowset) -> pa.Schema | None:
    """Types to read text files with: those of WITH, so that a value that does not fit is told by row."""
    if rowset.format not in ("csv", "json") or not rowset.columns:
        return None
    fields = {}
    for position, column in enumerate(rowset.columns, 1):
        if column.type.base in BYTES:
            raise UnsupportedSqlError(
                f"Column '{column.name}' of type '{column.type}' cannot be read from text.",
                "Declare it varchar, and CONVERT(varbinary(max), it, 1) where it holds digits behind 0x.",
                name=column.name,
            )
        if rowset.format == "csv" and not rowset.csv.header:
            fields[f"c{column.ordinal or position}"] = stored_type(column.type)
    return pa.schema(list(fields.items())) if fields else None


def _typed(base: Relation, rowset: Rowset, hidden: Sequence[str]) -> Relation:
    """The relation as WITH declares it: its columns found in the files, and assigned to their types."""
    found = [_found(base, rowset, column, position) for position, column in enumerate(rowset.columns, 1)]
    for column, source in zip(rowset.columns, found, strict=True):
        _check_types(column, base.rows.schema.field(source).type)
    items = [exp.column(exp.to_identifier(name, quoted=True), table="f") for name in (*found, *hidden)]
    names = [column.name for column in rowset.columns] + list(hidden)
    projections = [exp.alias_(item, name, quoted=True) for item, name in zip(items, names, strict=True)]
    tree = exp.Select(expressions=projections).from_(
        exp.Table(
            this=exp.to_identifier(base.name, quoted=True), alias=exp.TableAlias(this=exp.to_identifier("f"))
        )
    )
    kinds = [column.type for column in rowset.columns] + [HIDDEN] * len(hidden)
    query = to_duckdb(tree, {base.name: base.columns}, into=kinds)
    shown = dict(zip(names, kinds, strict=True))
    return Relation(base.name, shown, base.rows, query=query)


def _found(base: Relation, rowset: Rowset, column: RowsetColumn, position: int) -> str:
    """The column of the files that a declared one means."""
    names = list(base.columns)
    if not rowset.by_name or (column.ordinal and rowset.format == "csv"):
        ordinal = column.ordinal or position
        if ordinal > len(names):
            raise BindError(
                f"Column '{column.name}' is field {ordinal}, and the files have {len(names)}.",
                "Fields count from 1.",
                name=column.name,
            )
        return names[ordinal - 1]
    wanted = (
        (column.path or column.name)
        .removeprefix("strict ")
        .removeprefix("lax ")
        .removeprefix("$.")
        .strip('"')
    )
    exact = [name for name in names if name == wanted]
    found = exact or [name for name in names if name.lower() == wanted.lower()]
    if not found:
        raise BindError(
            f"Invalid column name '{wanted}'.", f"The files have: {', '.join(names[:30])}.", name=column.name
        )
    return found[0]


def _check_types(column: RowsetColumn, kind: pa.DataType) -> None:
    """A float of the file does not go into an exact number without loss: the documented refusal."""
    if pa.types.is_floating(kind) and column.type.is_number and str(column.type) not in ("float", "real"):
        raise BindError(
            f"Column '{column.name}' of type '{str(column.type).upper()}' is not compatible with external "
            f"data type '{kind}', please try with 'FLOAT'.",
            "Declare it FLOAT, and CAST in the query.",
            name=column.name,
        )


def declared_type(kind: exp.DataType) -> SqlType:
    """The type of a declared column or variable; text without a length has one character."""
    return type_of_node(kind, length=DECLARED_LENGTH)
