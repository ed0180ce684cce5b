"""Statements about external objects: data sources, file formats, external tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.errors import BindError, UnsupportedSqlError
from engine.session.binding.external import external_relation
from engine.session.binding.rowset_options import file_format
from engine.session.binding.rowsets import declared_type
from engine.session.catalog.definitions import Definition, Key, Kind
from engine.session.doing.tables import refuse_taken

if TYPE_CHECKING:
    from engine.session.doing.run import Run
    from engine.sql.syntax.statements import objects


def do_create_data_source(run: Run, statement: objects.CreateExternalDataSource) -> None:
    """A name for a folder of the workspace or of one of its roots."""
    if statement.credential:
        raise UnsupportedSqlError(
            f"CREDENTIAL = {statement.credential} is not supported.",
            "Give the workspace the storage's options: Workspace(home, roots=..., storage_options=...).",
        )
    run.world.storage.resolve(statement.location)
    body = {"location": statement.location, "type": statement.kind}
    run.world.definitions.add(Definition(Kind.DATA_SOURCE, "", statement.name, body))


def do_create_file_format(run: Run, statement: objects.CreateExternalFileFormat) -> None:
    if statement.serde:
        raise UnsupportedSqlError("SERDE_METHOD is not supported.", "Use PARQUET, DELTA or DELIMITEDTEXT.")
    kind = statement.format_type.upper()
    if kind != "DELIMITEDTEXT":
        file_format(kind)
    options = statement.options
    if options.use_type_default:
        raise UnsupportedSqlError(
            "USE_TYPE_DEFAULT = TRUE is not supported.", "Missing values are NULL; use ISNULL."
        )
    if options.date_format:
        raise UnsupportedSqlError(
            "DATE_FORMAT is not supported.", "Declare the column varchar, and CONVERT in the query."
        )
    body: dict[str, Any] = {
        "type": kind,
        "compression": statement.compression,
        "field_terminator": options.field_terminator,
        "string_delimiter": options.string_delimiter,
        "first_row": options.first_row,
        "encoding": options.encoding,
    }
    run.world.definitions.add(Definition(Kind.FILE_FORMAT, "", statement.name, body))


def do_create_external_table(run: Run, statement: objects.CreateExternalTable) -> None:
    """An external table is a definition; its files are found when it is read, and must be there now."""
    options = statement.options
    if options.reject_type or options.reject_value or options.rejected_row_location:
        raise UnsupportedSqlError(
            "REJECT options are not supported.", "Rows that do not fit end the query: leave them out."
        )
    if options.table_options:
        raise UnsupportedSqlError(
            "TABLE_OPTIONS is not supported.", "Files that change while they are read end the query."
        )
    if not options.data_source or not options.file_format:
        raise BindError("An external table needs DATA_SOURCE and FILE_FORMAT.", "Name both in WITH (...).")
    refuse_taken(run, statement.name)
    key = run.world.key(statement.name)
    columns = [{"name": one.name, "type": str(declared_type(one.kind))} for one in statement.columns]
    body = {
        "location": options.location,
        "source": options.data_source,
        "format": options.file_format,
        "columns": columns,
    }
    made = Definition(Kind.EXTERNAL_TABLE, key.schema, statement.name.name, body)
    definitions = run.world.definitions
    definitions.get(Kind.DATA_SOURCE, Key.of(options.data_source))
    definitions.get(Kind.FILE_FORMAT, Key.of(options.file_format))
    external_relation(definitions, made)
    definitions.add(made)
