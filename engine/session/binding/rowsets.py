"""OPENROWSET and its kin, bound: files to a relation, WITH to the columns that a query sees."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
from sqlglot import exp

from engine.errors import BindError, FormatError, UnsupportedSqlError
from engine.runtime.bound import bind_source
from engine.session.binding.file_faults import told_of_rowset
from engine.session.binding.relations import Relation, inferred_columns, reading_as
from engine.session.binding.rowset_columns import HIDDEN, declared_relation, numbered_relation
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
from engine.sql.meaning import SqlType, type_of_node
from engine.sql.meaning.typenames import DECLARED_LENGTH
from engine.sql.meaning.types import BYTES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from engine.lake import Storage
    from engine.sql.syntax.nodes import OpenRowset

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
    try:
        source = rowset_source(storage, rowset, _declared(rowset), keep)
    except FormatError as error:
        raise told_of_rowset(error, rowset) from None
    columns = inferred_columns(source.schema, "the files")
    reads = with_paths(source, hidden)
    whole = {**columns, **dict.fromkeys(hidden, HIDDEN)}
    base = Relation(name, whole, reading_as(bind_source(name, reads), whole))
    if rowset.columns:
        return declared_relation(base, rowset, hidden)
    return base if rowset.by_name else numbered_relation(base, hidden)


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


def declared_type(kind: exp.DataType) -> SqlType:
    """The type of a declared column or variable; text without a length has one character."""
    return type_of_node(kind, length=DECLARED_LENGTH)
