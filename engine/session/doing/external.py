"""Statements about external objects: data sources, file formats, external tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.errors import BindError, UnsupportedSqlError
from engine.lake.publish import remove_tree
from engine.runtime.exporting import FileForm, export_rows
from engine.session.binding.external import FIELD_TERMINATOR, external_relation
from engine.session.binding.rowset_options import file_format, unescaped
from engine.session.binding.rowsets import declared_type, located_path
from engine.session.catalog.definitions import Definition, Key, Kind
from engine.session.doing.tables import refuse_taken
from engine.session.storing import declared_columns, stored_query

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from engine.session.doing.run import Run
    from engine.sql.syntax import Name
    from engine.sql.syntax.statements import objects

# With FIRST_ROW = 2 the first row names the columns.
_HEADER = 1
OWN_STORAGE = "the workspace's own storage options open the files"
_ALL = 100


def do_create_data_source(run: Run, statement: objects.CreateExternalDataSource) -> None:
    """A name for a folder of the workspace or of one of its roots."""
    if statement.credential:
        run.messages.append(f"CREDENTIAL = {statement.credential} is not used: {OWN_STORAGE}.")
    run.world.storage.resolve(statement.location)
    body = {"location": statement.location, "type": statement.kind}
    run.world.definitions.add(Definition(Kind.DATA_SOURCE, "", statement.name, body))


def do_nothing_with_a_secret(run: Run, statement: objects.SecretStatement) -> None:
    """A key or a credential: published scripts make them, and no secret is kept here."""
    run.messages.append(f"{statement.what}: nothing is kept; {OWN_STORAGE}.")


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
    _check_options(options)
    refuse_taken(run, statement.name)
    columns = [(one.name, str(declared_type(one.kind))) for one in statement.columns]
    made = _definition(run, statement.name, options, columns)
    with run.looking():
        external_relation(run.world.definitions, made, run.world)
    run.world.definitions.add(made)


def _check_options(options: objects.ExternalOptions) -> None:
    if options.table_options:
        raise UnsupportedSqlError(
            "TABLE_OPTIONS is not supported.", "Files that change while they are read end the query."
        )
    if not options.data_source or not options.file_format:
        raise BindError("An external table needs DATA_SOURCE and FILE_FORMAT.", "Name both in WITH (...).")


def do_create_external_table_as(run: Run, statement: objects.CreateExternalTableAs) -> None:
    """CREATE EXTERNAL TABLE ... AS SELECT: files of a new folder and the table over them, or neither."""
    options = statement.table
    _check_options(options)
    refuse_taken(run, statement.name)
    bound = run.bind(statement.query)
    columns = declared_columns(run.types(bound), statement.columns)
    made = _definition(run, statement.name, options, [(one.name, str(one.type)) for one in columns])
    definitions = run.world.definitions
    told = definitions.get(Kind.FILE_FORMAT, Key.of(options.file_format)).body
    form = written_form(told)
    path = located_path(options.location, options.data_source, definitions)
    folder = run.world.storage.resolve(path.removesuffix("/**").rstrip("/"))
    tree = run.translated(bound, [column.type for column in columns])
    answer = run.world.machine.answer(stored_query(tree, columns, str(statement.name)), bound.relations)
    export_rows(run.world.machine.pool, run.world.storage, answer.held(), folder, form)
    try:
        definitions.add(made)
    except BaseException:
        remove_tree(run.world.storage, folder)
        raise
    run.counted(answer.num_rows)


def _rejecting(run: Run, options: objects.ExternalOptions) -> dict[str, Any] | None:
    """REJECT_TYPE, REJECT_VALUE and REJECTED_ROW_LOCATION, as `Rejecting` takes them."""
    given = (options.reject_type, options.reject_value, options.rejected_row_location)
    if not any(given) and options.reject_sample_value is None:
        return None
    definitions = run.world.definitions
    told = definitions.get(Kind.FILE_FORMAT, Key.of(options.file_format)).body
    if told["type"] != "DELIMITEDTEXT":
        raise BindError("REJECT options are of text files.", "Leave them out.")
    kind = (options.reject_type or "VALUE").upper()
    value = options.reject_value or 0.0
    if kind not in ("VALUE", "PERCENTAGE") or value < 0 or (kind == "PERCENTAGE" and value > _ALL):
        raise BindError(
            f"REJECT_TYPE = {options.reject_type or 'VALUE'} with REJECT_VALUE = {value:g} makes no sense.",
            "REJECT_TYPE is VALUE (rows) or PERCENTAGE (0 to 100).",
        )
    sample = options.reject_sample_value
    if sample is not None and (kind != "PERCENTAGE" or sample < 1):
        raise BindError(
            "REJECT_SAMPLE_VALUE is a number of rows, and goes with REJECT_TYPE = PERCENTAGE.",
            "Leave it out.",
        )
    folder = options.rejected_row_location
    located = located_path(folder.lstrip("/"), options.data_source, definitions) if folder else ""
    return {
        "allowed": value,
        "folder": located,
        "percent": kind == "PERCENTAGE",
        "sample": int(sample or 0),
    }


def _definition(
    run: Run, name: Name, options: objects.ExternalOptions, columns: Sequence[tuple[str, str]]
) -> Definition:
    """The external table of that name; its data source and file format must be there."""
    definitions = run.world.definitions
    definitions.get(Kind.DATA_SOURCE, Key.of(options.data_source))
    definitions.get(Kind.FILE_FORMAT, Key.of(options.file_format))
    body: dict[str, Any] = {
        "location": options.location,
        "source": options.data_source,
        "format": options.file_format,
        "columns": [{"name": column, "type": kind} for column, kind in columns],
    }
    rejecting = _rejecting(run, options)
    if rejecting is not None:
        body["rejecting"] = rejecting
    return Definition(Kind.EXTERNAL_TABLE, run.world.key(name).schema, name.name, body)


def written_form(told: Mapping[str, Any]) -> FileForm:
    """How files of an external file format are written.

    Raises:
        UnsupportedSqlError: They can only be read.
    """
    kind = str(told["type"]).upper()
    packed = str(told.get("compression") or "").upper()
    codec = "gzip" if "GZIP" in packed else "snappy" if "SNAPPY" in packed else packed.lower()
    if kind == "PARQUET" and codec in ("", "gzip", "snappy"):
        return FileForm(".parquet", codec or "snappy")
    if kind != "DELIMITEDTEXT" or codec not in ("", "gzip"):
        raise UnsupportedSqlError(
            f"Files of format {kind}{' with ' + packed if packed else ''} are not written.",
            "Use PARQUET (Snappy, Gzip) or DELIMITEDTEXT (Gzip).",
        )
    first, encoding = int(told.get("first_row") or 1), str(told.get("encoding") or "UTF8").upper()
    if first > _HEADER + 1 or encoding not in ("UTF8", "UTF-8"):
        raise UnsupportedSqlError(
            f"Text with FIRST_ROW = {first} in {encoding} is not written.", "Use FIRST_ROW 1 or 2, and UTF8."
        )
    return FileForm(
        ".csv.gz" if codec else ".csv",
        codec or None,
        field=unescaped(str(told.get("field_terminator") or FIELD_TERMINATOR)),
        quote=unescaped(str(told.get("string_delimiter") or "")),
        header=first > _HEADER,
    )
