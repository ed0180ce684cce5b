"""Rows of text files converted to declared types, with what is wrong with those that do not fit.

One query converts every field with TRY_CAST, by T-SQL's rules, and numbers the first field that does not fit.
Its rows stay on the workers; the good ones are read from there, and the few bad ones fetched.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlglot import exp

from engine.errors import BindError, NotFoundError
from engine.lake import ReadOptions
from engine.lake.csv_rows import FIELDS, PLACE, START, TEXT, row_schema
from engine.lake.discover import plan_files
from engine.lake.globs import find_files
from engine.runtime import bind_held, bind_source
from engine.session.binding.file_faults import refuse_parquet
from engine.session.binding.relations import Relation, reading_as
from engine.session.binding.rowset_files import FILE_PATH, Keep, with_paths
from engine.session.binding.trees import column, named, table
from engine.session.catalog.declarations import DeclaredColumn
from engine.session.storing import stored_query
from engine.sql.meaning import SqlType, parse_type, to_duckdb
from engine.sql.meaning.types import BYTES, MAX, Base, nvarchar
from engine.sql.meaning.types import TEXT as TEXTS
from engine.sql.syntax import parse_query

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.lake import CsvOptions, Storage
    from engine.lake.globs import FoundFile
    from engine.session.binding.world import World

_ROWS = "rows_of_text"
# What is wrong with a row: 0 nothing, the number of a column, or this for another number of fields.
BAD, RAGGED = "__bad", -1
_DATES = (Base.DATE, Base.DATETIME, Base.DATETIME2, Base.SMALLDATETIME, Base.DATETIMEOFFSET)
# Order of day, month and year, as they stand in a text of numbers, to year-month-day.
_YEAR_FIRST = {"ymd": r"\1-\2-\3", "ydm": r"\1-\3-\2"}
_YEAR_LAST = {"mdy": r"\3-\1-\2", "dmy": r"\3-\2-\1"}
_YEAR_MIDDLE = {"myd": r"\2-\1-\3", "dym": r"\2-\3-\1"}
DATE_FORMATS = (*_YEAR_FIRST, *_YEAR_LAST, *_YEAR_MIDDLE)


@dataclass(frozen=True, slots=True)
class LoadColumn:
    """A column that is filled from a field.

    Attributes:
        name: Of the column.
        type: What the field is converted to.
        field: The field's number in the file, from 1.
        nullable: Whether a field without a value fits.
    """

    name: str
    type: SqlType
    field: int
    nullable: bool = True


def _all_of(files: Sequence[FoundFile]) -> Sequence[FoundFile]:
    return files


@dataclass(frozen=True, slots=True)
class TextFiles:
    """Files of rows of texts.

    Attributes:
        paths: Below the workspace's roots; a folder means all below it.
        csv: How they are written.
        exact: Whether rows must have as many fields as there are columns; else that many at least.
        dates: Order of day, month and year in dates; empty for T-SQL's own reading.
        hidden: Columns of paths that are read too.
        keep: Leaves files out before any is opened.
    """

    paths: tuple[str, ...]
    csv: CsvOptions
    exact: bool = True
    dates: str = ""
    hidden: tuple[str, ...] = ()
    keep: Keep = _all_of

    @property
    def places(self) -> list[str]:
        """Columns of paths: those that are asked for, and the one that says where a row stands."""
        return list(dict.fromkeys([FILE_PATH, *self.hidden]))


def text_relation(storage: Storage, name: str, files: TextFiles, fields: int) -> Relation:
    """The rows of files as texts `c1`, `c2`, ..., as many as there are fields to be read.

    Raises:
        BindError: There is no such file.
        FormatError: A file that cannot be read.
    """
    names = tuple(f"c{at}" for at in range(1, fields + 1))
    try:
        found = find_files(storage, files.paths)
    except NotFoundError as error:
        raise BindError(
            "File cannot be opened because it does not exist or it is used by another process.",
            f"{error.message} {error.hint}",
            paths=list(files.paths),
        ) from None
    options = ReadOptions(format="rows", schema=row_schema(names), csv=files.csv, path_columns=False)
    if found:
        refuse_parquet(storage, found[0].location)
    source = with_paths(plan_files(storage, files.keep(found) or found[:1], options), files.places)
    big = parse_type("bigint")
    kinds = {
        **dict.fromkeys(names, nvarchar(MAX)),
        FIELDS: parse_type("int"),
        TEXT: nvarchar(MAX),
        START: big,
        PLACE: big,
        **dict.fromkeys(files.places, nvarchar(MAX)),
    }
    return Relation(name, kinds, reading_as(bind_source(name, source), kinds))


def check_rows(world: World, files: TextFiles, columns: Sequence[LoadColumn], name: str) -> Relation:
    """Convert the rows of files; they stay on the workers.

    The relation has the columns `v1`, `v2`, ... (one for each of `columns`), `BAD`, for bad rows their texts
    `t1`, `t2`, ... (of each field that is read), and the columns that tell where a row stands.

    Args:
        world: The session's.
        files: What to read.
        columns: What fields become.
        name: Of the relation; no other has it.

    Raises:
        BindError: There is no such file.
    """
    width = max(one.field for one in columns)
    relation = text_relation(world.storage, f"{name}_text", files, width)
    if files.dates:
        relation = _with_dates(relation, columns, files.dates)
    big, text = parse_type("bigint"), nvarchar(MAX)
    kinds: dict[str, SqlType] = {
        **{f"v{at}": one.type for at, one in enumerate(columns, 1)},
        BAD: parse_type("int"),
        **{f"t{at}": text for at in range(1, width + 1)},
        TEXT: text,
        **dict.fromkeys(files.places, text),
        START: big,
        PLACE: big,
    }
    declared = [DeclaredColumn(column, kind) for column, kind in kinds.items()]
    query = parse_query(_checking(relation.name, files, columns, width))
    tree = to_duckdb(query, {relation.key: relation.columns}, into=list(kinds.values()), **world.settings())
    held = world.machine.answer(stored_query(tree, declared, name), {relation.key: relation}).held()
    return Relation(name, kinds, reading_as(bind_held(name, held), kinds))


def _checking(source: str, files: TextFiles, columns: Sequence[LoadColumn], width: int) -> str:
    """The T-SQL that converts and checks."""
    wrong = f"[{FIELDS}] <> {width}" if files.exact else f"[{FIELDS}] < {width}"
    tests = [f"WHEN {wrong} THEN {RAGGED}"]
    tests += [f"WHEN {_misfit(one)} THEN {at}" for at, one in enumerate(columns, 1)]
    bad = f"CASE {' '.join(tests)} ELSE 0 END"
    values = [f"{_converted(one)} AS [v{at}]" for at, one in enumerate(columns, 1)]
    texts = [f"c{at}" for at in range(1, width + 1)]
    inner = ", ".join([*values, f"{bad} AS [{BAD}]", *texts, *_own(files)])
    good = f"[{BAD}] = 0"
    shown = [f"IIF({good}, [v{at}], NULL) AS [v{at}]" for at in range(1, len(columns) + 1)]
    told = [f"IIF({good}, NULL, {name}) AS [{'t' + name[1:]}]" for name in texts]
    outer = ", ".join([*shown, f"[{BAD}]", *told, *_own(files)])
    return f"SELECT {outer} FROM (SELECT {inner} FROM [{source}]) AS [{_ROWS}]"  # noqa: S608 - names of ours


def _own(files: TextFiles) -> list[str]:
    return [f"[{name}]" for name in (TEXT, *files.places, START, PLACE)]


def _converted(one: LoadColumn) -> str:
    field = f"c{one.field}"
    if one.type.base in BYTES:
        # Bytes stand in files as hexadecimal digits, with or without 0x.
        return f"COALESCE(TRY_CONVERT({one.type}, {field}, 1), TRY_CONVERT({one.type}, {field}, 2))"
    return f"TRY_CAST({field} AS {one.type})"


def _misfit(one: LoadColumn) -> str:
    """What is true of a field that does not fit its column."""
    field, given = f"c{one.field}", f"c{one.field} IS NOT NULL"
    if one.type.base in TEXTS:
        fits = "" if one.type.size == MAX else f"LEN({field}) > {one.type.size}"
    else:
        fits = f"({given} AND {_converted(one)} IS NULL)"
    tests = [fits, "" if one.nullable else f"{field} IS NULL"]
    return " OR ".join(test for test in tests if test) or "1 = 0"


def _with_dates(relation: Relation, columns: Sequence[LoadColumn], order: str) -> Relation:
    """The relation with dates of another order written year first."""
    dated = {f"c{one.field}" for one in columns if one.type.base in _DATES}
    items: list[exp.Expr] = []
    for name in relation.columns:
        value: exp.Expr = column("f", name)
        items.append(named(_reordered(value, order) if name in dated else value, name))
    query = exp.Select(expressions=items).from_(table(relation.name, "f"))
    return Relation(relation.name, relation.columns, relation.rows, query=query)


def _reordered(value: exp.Expr, order: str) -> exp.Expr:
    one_or_two, year, mark = r"(\d{1,2})", r"(\d{4})", r"[-/. ]"
    if order in _YEAR_FIRST:
        pattern, to = f"{year}{mark}{one_or_two}{mark}{one_or_two}", _YEAR_FIRST[order]
    elif order in _YEAR_LAST:
        pattern, to = f"{one_or_two}{mark}{one_or_two}{mark}{year}", _YEAR_LAST[order]
    else:
        pattern, to = f"{one_or_two}{mark}{year}{mark}{one_or_two}", _YEAR_MIDDLE[order]
    texts = [rf"^\s*{pattern}(.*)$", rf"{to}\4"]
    return exp.Anonymous(this="REGEXP_REPLACE", expressions=[value, *map(exp.Literal.string, texts)])
