"""External tables: files under a name, with the columns that were declared."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from engine.errors import UnsupportedSqlError
from engine.session.binding.rowset_options import Rejecting, Rowset, RowsetColumn, csv_options, file_format
from engine.session.binding.rowsets import bind_rowset, located_path
from engine.session.catalog.definitions import Definition, Definitions, Key, Kind
from engine.session.loading.rowsets import rejecting_relation
from engine.sql.meaning import parse_type

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.lake import CsvOptions
    from engine.lake.globs import FoundFile
    from engine.session.binding.relations import Relation
    from engine.session.binding.world import World

# FORMAT_TYPE of CREATE EXTERNAL FILE FORMAT to FORMAT of OPENROWSET.
_TYPES = {"DELIMITEDTEXT": "CSV"}
# What external files have between fields if their format does not say; OPENROWSET has a comma.
FIELD_TERMINATOR = "|"


def external_relation(definitions: Definitions, table: Definition, world: World) -> Relation:
    """The relation of an external table.

    Args:
        definitions: The catalog.
        table: The table.
        world: The session's; bad rows are rejected unless it only looks.

    Raises:
        BindError: Its data source or file format is gone, or there is no such file.
        SqlRuntimeError: More rows were rejected than the table allows.
    """
    body = table.body
    columns = tuple(RowsetColumn(str(one["name"]), parse_type(str(one["type"]))) for one in body["columns"])
    rowset = external_rowset(
        definitions, str(body["location"]), str(body["source"]), str(body["format"]), columns
    )
    name = f"{table.key.schema}_{table.key.name}"
    if body.get("rejecting"):
        rejecting = Rejecting(**body["rejecting"], external=True)
        return rejecting_relation(world, name, replace(rowset, rejecting=rejecting), (), _every)
    return bind_rowset(definitions.storage, name, rowset, (), _every)


def _every(files: Sequence[FoundFile]) -> Sequence[FoundFile]:
    return files


def external_rowset(
    definitions: Definitions, location: str, source: str, form: str, columns: tuple[RowsetColumn, ...] = ()
) -> Rowset:
    """The files at a location of a data source, in an external file format."""
    told = definitions.get(Kind.FILE_FORMAT, Key.of(form)).body
    name = file_format(_TYPES.get(str(told["type"]), str(told["type"])))
    path = located_path(location, source, definitions)
    recursive = path.endswith("/**")
    plain = path.removesuffix("/**").rstrip("/")
    return Rowset((plain,), name, csv_options(_csv(told)), columns, recursive=recursive)


def csv_of_format(definitions: Definitions, name: str) -> CsvOptions:
    """How the text files of an external file format are written."""
    return csv_options(_csv(definitions.get(Kind.FILE_FORMAT, Key.of(name)).body))


def _csv(told: Any) -> dict[str, str | int | bool]:
    encodings = {"": "65001", "UTF8": "65001", "UTF16": "1200"}
    encoding = str(told.get("encoding") or "").upper()
    if encoding not in encodings:
        raise UnsupportedSqlError(f"ENCODING = '{encoding}' is not supported.", "Use UTF8 or UTF16.")
    return {
        "fieldterminator": told.get("field_terminator") or FIELD_TERMINATOR,
        "fieldquote": told.get("string_delimiter") or "",
        "firstrow": told.get("first_row") or 1,
        "codepage": encodings[encoding],
    }
