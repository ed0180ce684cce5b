"""COPY INTO: files into a table in one commit, with rejected rows counted and kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlglot import exp

from engine.errors import BindError, UnsupportedSqlError
from engine.lake.publish import remove_tree
from engine.session.binding.binder import Binder
from engine.session.binding.external import csv_of_format
from engine.session.binding.rowset_options import Rowset, csv_options
from engine.session.binding.rowsets import bind_rowset
from engine.session.binding.trees import table
from engine.session.catalog.definitions import Key, Kind
from engine.session.doing.external import OWN_STORAGE
from engine.session.doing.inserting import whole_rows
from engine.session.doing.tables import create_for
from engine.session.doing.targets import Target, columns_named, find_target
from engine.session.loading.checking import BAD, DATE_FORMATS, LoadColumn, TextFiles, check_rows
from engine.session.loading.rejects import keep_as_copy, query_id, refuse_too_many, rejects_of
from engine.session.storing import declared_columns
from engine.sql.syntax.statements.tables import TableOptions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.lake import CsvOptions
    from engine.session.binding.relations import Relation
    from engine.session.catalog.declarations import DeclaredColumn
    from engine.session.doing.run import Run
    from engine.sql.syntax.statements.queries import CopyColumn, CopyInto, CopyOptions

_STAGED = "copied_rows"
_ENCODINGS = {"UTF8": "65001", "UTF16": "1200"}
# Options that say how text is written, or which rows of it are let go.
_OF_TEXT = (
    "errorfile",
    "maxerrors",
    "fieldquote",
    "fieldterminator",
    "rowterminator",
    "firstrow",
    "dateformat",
    "encoding",
)


@dataclass(frozen=True, slots=True)
class _Source:
    """What rows are taken from: a query of one column for each that is filled."""

    query: exp.Select
    relation: Relation


def do_copy(run: Run, statement: CopyInto) -> None:
    """COPY INTO ...; nothing is loaded if more rows are rejected than MAXERRORS."""
    options = statement.options
    if options.credential is not None or options.errorfile_credential is not None:
        run.messages.append(f"CREDENTIAL is not used: {OWN_STORAGE}.")
    form = _file_type(run, options)
    if options.auto_create_table:
        _create_table(run, statement, form)
    target = find_target(run, statement.table)
    columns = _columns(target, statement)
    if form == "PARQUET":
        _load(run, target, statement, columns, _parquet(run, statement, columns))
    else:
        _load_text(run, statement, target, columns)


def _load_text(run: Run, statement: CopyInto, target: Target, columns: Sequence[DeclaredColumn]) -> None:
    options = statement.options
    files = TextFiles(
        _paths(statement.locations), _csv(run, options), exact=_is_exact(statement), dates=_dates(options)
    )
    wanted = _load_columns(statement, columns)
    kept = ""
    try:
        rows = check_rows(run.world, files, wanted, _STAGED)
        total, rejects = rejects_of(run.world, rows, files, wanted)
        refuse_too_many(total, rejects, options.maxerrors or 0)
        if total and options.errorfile:
            kept = keep_as_copy(run.world.storage, options.errorfile, rejects, query_id(), run.world.now)
        values = [exp.column(f"v{at}", quoted=True) for at in range(1, len(wanted) + 1)]
        good = exp.EQ(this=exp.column(BAD, quoted=True), expression=exp.Literal.number(0))
        query = exp.select(*values).from_(table(_STAGED)).where(good)
        _load(run, target, statement, columns, _Source(query, rows))
    except BaseException:
        if kept:
            remove_tree(run.world.storage, kept)
        raise
    if total:
        where = f"; see {run.world.storage.relative(kept)}" if kept else ""
        run.messages.append(f"{total:,} rows were rejected{where}.")


def _load(
    run: Run, target: Target, statement: CopyInto, columns: Sequence[DeclaredColumn], source: _Source
) -> None:
    """Insert the rows of the source, its nulls filled with DEFAULT."""
    defaults = {one.name.lower(): one.default for one in statement.columns if one.default is not None}
    items: list[exp.Expr] = []
    for item, column in zip(source.query.selects, columns, strict=True):
        default = defaults.get(column.name.lower())
        value = (
            item.copy() if default is None else exp.Coalesce(this=item.copy(), expressions=[default.copy()])
        )
        items.append(value)
    filled = source.query.copy()
    filled.set("expressions", items)
    binder = Binder(run.world)
    binder.add(source.relation)
    bound = binder.bind(whole_rows(target, columns, filled))
    run.counted(target.write(run, target.rows(run, bound), "append"))


def _parquet(run: Run, statement: CopyInto, columns: Sequence[DeclaredColumn]) -> _Source:
    """Columns of Parquet files: by name where the files have all of them, else in order.

    Raises:
        BindError: Neither goes.
    """
    relation = _parquet_relation(run, statement)
    known = {name.lower(): name for name in relation.columns}
    if any(one.field is not None for one in statement.columns):
        raise BindError(
            "Field numbers are of CSV files; columns of Parquet files are found by name.", "Leave them out."
        )
    if all(column.name.lower() in known for column in columns):
        names = [known[column.name.lower()] for column in columns]
    elif len(columns) == len(known):
        names = list(relation.columns)
    else:
        raise BindError(
            f"The table takes {', '.join(one.name for one in columns)}; the files have {', '.join(known)}.",
            "Name in the column list what the files have.",
        )
    items = [exp.column(name, table=relation.name, quoted=True) for name in names]
    return _Source(exp.select(*items).from_(table(relation.name)), relation)


def _parquet_relation(run: Run, statement: CopyInto) -> Relation:
    rowset = Rowset(_paths(statement.locations), "parquet", recursive=True)
    return bind_rowset(run.world.storage, _STAGED, rowset, (), lambda files: files)


def _create_table(run: Run, statement: CopyInto, form: str) -> None:
    """AUTO_CREATE_TABLE: a table of the files' columns, if there is none."""
    if form != "PARQUET" or statement.columns:
        raise UnsupportedSqlError(
            "AUTO_CREATE_TABLE takes Parquet files and no column list.", "CREATE TABLE before."
        )
    if run.world.table(run.world.key(statement.table)) is None:
        types = list(_parquet_relation(run, statement).columns.items())
        create_for(run, statement.table, declared_columns(types), TableOptions())


def _columns(target: Target, statement: CopyInto) -> list[DeclaredColumn]:
    """The columns that are filled from files, in the order of the list."""
    found = columns_named(target, [one.name for one in statement.columns])
    numbered = [one.name for one in found if one.identity is not None]
    wants = bool(statement.options.identity_insert)
    if numbered and not wants:
        raise BindError(
            f"Column '{numbered[0]}' is an IDENTITY column: it is filled by the table.",
            "Give a column list without it, or say IDENTITY_INSERT = 'ON'.",
            name=numbered[0],
        )
    if wants and not numbered:
        raise BindError(
            "IDENTITY_INSERT = 'ON' needs an IDENTITY column that is filled from the files.",
            "Name it in the column list, or leave IDENTITY_INSERT out.",
        )
    if any(
        one.default is not None and one.name.lower() in map(str.lower, numbered) for one in statement.columns
    ):
        raise BindError("An IDENTITY column takes no DEFAULT in the column list.", "Leave it out.")
    return found


def _load_columns(statement: CopyInto, columns: Sequence[DeclaredColumn]) -> list[LoadColumn]:
    listed: Sequence[CopyColumn | None] = statement.columns or [None] * len(columns)
    made = []
    for at, (column, said) in enumerate(zip(columns, listed, strict=True), 1):
        field = at if said is None or said.field is None else said.field
        if field < 1:
            raise BindError(f"Column '{column.name}' is of field {field}.", "Fields count from 1.")
        nullable = column.nullable or (said is not None and said.default is not None)
        made.append(LoadColumn(column.name, column.type, field, nullable))
    return made


def _is_exact(statement: CopyInto) -> bool:
    """Without field numbers the files have the columns of the table or the list, no more."""
    return all(one.field is None for one in statement.columns)


def _file_type(run: Run, options: CopyOptions) -> str:
    form = (options.file_type or "CSV").upper()
    if options.file_format is not None:
        told = run.world.definitions.get(Kind.FILE_FORMAT, Key.of(options.file_format.name)).body
        form = {"DELIMITEDTEXT": "CSV"}.get(str(told["type"]), str(told["type"]))
    if form not in ("CSV", "PARQUET"):
        hint = "Load CSV or PARQUET files."
        if form == "ORC":
            hint += " pyarrow.parquet.write_table(pyarrow.orc.read_table(file), target) makes Parquet of ORC."
        raise UnsupportedSqlError(f"FILE_TYPE = '{form}' is not supported.", hint)
    given = [name for name in _OF_TEXT if getattr(options, name) is not None]
    if form == "PARQUET" and given:
        raise BindError(f"{given[0].upper()} is an option of CSV files.", "Leave it out for Parquet files.")
    return form


def _csv(run: Run, options: CopyOptions) -> CsvOptions:
    if options.file_format is not None:
        return csv_of_format(run.world.definitions, options.file_format.name)
    encoding = (options.encoding or "UTF8").upper().replace("-", "")
    if encoding not in _ENCODINGS:
        raise BindError(f"ENCODING = '{options.encoding}' does not exist.", "Use 'UTF8' or 'UTF16'.")
    given: dict[str, str | int | bool] = {
        "codepage": _ENCODINGS[encoding],
        "firstrow": 1 if options.firstrow is None else options.firstrow,
    }
    for name in ("fieldquote", "fieldterminator", "rowterminator"):
        if getattr(options, name) is not None:
            given[name] = getattr(options, name)
    if options.compression is not None:
        given["data_compression"] = options.compression
    return csv_options(given)


def _dates(options: CopyOptions) -> str:
    order = (options.dateformat or "").lower()
    if order and order not in DATE_FORMATS:
        raise BindError(
            f"DATEFORMAT = '{options.dateformat}' does not exist.", f"Choose from {', '.join(DATE_FORMATS)}."
        )
    return order


def _paths(locations: Sequence[str]) -> tuple[str, ...]:
    """Folders mean all below them, and so do wildcards in names."""
    return tuple(_deep(path) for path in locations)


def _deep(path: str) -> str:
    folder, slash, name = path.rpartition("/")
    wild = any(mark in name for mark in "*?")
    return f"{folder}{slash}**/{name}" if wild and "**" not in path else path
