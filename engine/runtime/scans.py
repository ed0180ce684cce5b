"""A node's share of a table as something that a worker can open: a query, and what it stands on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import groupby
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from sqlglot import exp

from engine.runtime.bound import Held, Stored
from engine.runtime.dealing import Share, deal_held, deal_stored, split_by_rows
from engine.runtime.types import duckdb_name, reads_alike

if TYPE_CHECKING:
    from engine.lake import Partition, Reader, Source
    from engine.runtime.bound import BoundTable
    from engine.runtime.dealing import Values
    from engine.sql.plan import Scan

_ROW = "file_row_number"
_FILE = "filename"


@dataclass(frozen=True, slots=True)
class FilesOpening:
    """Parquet files that DuckDB reads itself.

    Attributes:
        name: What fragments call the scan.
        query: What it stands for, as DuckDB's SQL.
        reader: Tells whether a file has changed.
        files: A partition of each file, by which the reader knows it.
        bytes: Bytes that reading the columns fetches, at the most.
        rows: Rows that are looked at, at the most.
        paths: What each file's path says, under the name `paths_name`; None where the query has it.
    """

    name: str
    query: str
    reader: Reader
    files: tuple[Partition, ...]
    bytes: int
    rows: int
    paths: pa.Table | None


@dataclass(frozen=True, slots=True)
class ArrowOpening:
    """Partitions that the lake reads into Arrow tables; the query stands on `raw_name`."""

    name: str
    query: str
    reader: Reader
    partitions: tuple[Partition, ...]
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class HeldOpening:
    """Parts that come as arguments of the task; the query stands on `raw_name`."""

    name: str
    query: str
    schema: pa.Schema


Opening = FilesOpening | ArrowOpening | HeldOpening


def bytes_of(opening: Opening) -> int:
    """Bytes that it fetches from files, at the most."""
    if isinstance(opening, FilesOpening):
        return opening.bytes
    if isinstance(opening, ArrowOpening):
        return sum(part.bytes_read(opening.columns) for part in opening.partitions)
    return 0


def over_scans(sql: str, opened: Sequence[Opening]) -> str:
    """A fragment that finds its scans under their names.

    They are written into it: to make views of them first has DuckDB bind each twice, and open its files twice
    (measured: TPC-H 2, which has nine, took 5 ms longer).
    """
    if not opened:
        return sql
    scans = ", ".join(f"{_quoted(one.name)} AS NOT MATERIALIZED ({one.query})" for one in opened)
    for words in ("WITH RECURSIVE ", "WITH "):
        if sql.startswith(words):
            return f"{words}{scans}, {sql.removeprefix(words)}"
    return f"WITH {scans} {sql}"


def raw_name(scan: str) -> str:
    """The name of the Arrow rows that a scan stands on; no scan is called so."""
    return f"rows of {scan}"


def paths_name(scan: str) -> str:
    """The name of what the paths of a scan's files say."""
    return f"paths of {scan}"


def openings(table: BoundTable, scan: Scan, nodes: int) -> list[tuple[Opening, tuple[Any, ...]]]:
    """For each node what it opens, and the parts that it is given."""
    if isinstance(table.rows, Held):
        query = _over_raw(table, scan).sql(dialect="duckdb")
        opening = HeldOpening(scan.name, query, table.rows.schema)
        return [(opening, parts) for parts in deal_held(table, scan, nodes)]
    return [(opening, ()) for opening in _openings_of_files(table, table.rows, scan, nodes)]


@lru_cache(maxsize=512)
def _openings_of_files(table: BoundTable, stored: Stored, scan: Scan, nodes: int) -> tuple[Opening, ...]:
    """For each node what it opens of a stored table; the same as long as the files are."""
    by_rows = all(_is_own_read(stored.source, partition) for partition in stored.source.partitions)
    shares = deal_stored(table, scan, nodes, by_rows=by_rows)
    if by_rows:
        files = _file_rows(stored.source)
        return tuple(_files_opening(table, stored, scan, share, files) for share in shares)
    return tuple(_arrow_opening(table, stored, scan, share) for share in shares)


def _is_own_read(source: Source, partition: Partition) -> bool:
    """Whether DuckDB can read the file by its path."""
    local = source.reader.storage.local_path(partition.location) is not None
    return partition.format == "parquet" and local


# Rows that come as Arrow tables


def _arrow_opening(table: BoundTable, stored: Stored, scan: Scan, share: Share) -> ArrowOpening:
    names = table.stored_names()
    columns = [names[column] for column in scan.columns]
    query = _over_raw(table, scan)
    reader = stored.source.reader
    if share.distributions is not None and stored.distribution is not None:
        columns.append(stored.distribution)
        query = query.where(_owned(stored.distribution, share.distributions), copy=False)
    if share.span is not None:
        query = query.where(*_between(share.span), copy=False)
    return ArrowOpening(scan.name, query.sql(dialect="duckdb"), reader, share.partitions, tuple(columns))


def _over_raw(table: BoundTable, scan: Scan) -> exp.Select:
    names = table.stored_names()
    outputs = [_output(exp.column(names[column], quoted=True), table, column) for column in scan.columns]
    rows = exp.Table(this=exp.to_identifier(raw_name(scan.name), quoted=True))
    return exp.Select(expressions=outputs or [_nothing()]).from_(rows, copy=False)


# Rows of Parquet files


@dataclass(frozen=True, slots=True)
class _Slice:
    """Rows of a file from one number up to another; `whole` if these are all."""

    location: str
    first: int
    end: int
    whole: bool


def _file_rows(source: Source) -> Mapping[tuple[str, tuple[int, ...] | None], tuple[int, int, int]]:
    """For each partition, and each part of one: its first row, the row after its last, its file's rows."""
    found = {}
    for location, group in groupby(source.partitions, key=lambda one: one.location):
        listed = list(group)
        total, at = sum(one.rows or 0 for one in listed), 0
        for one in listed:
            found[location, one.row_groups] = (at, at + (one.rows or 0), total)
            for part in split_by_rows(one):
                found[location, part.row_groups] = (at, at + (part.rows or 0), total)
                at += part.rows or 0
    return found


def _slices(share: Share, files: Mapping[Any, tuple[int, int, int]]) -> Iterator[_Slice]:
    for location, group in groupby(share.partitions, key=lambda one: one.location):
        spans = [files[location, one.row_groups] for one in group]
        first, end, total = spans[0][0], spans[-1][1], spans[0][2]
        # Of a range the values decide, by which DuckDB skips row groups itself.
        yield _Slice(location, first, end, whole=share.span is not None or (first, end) == (0, total))


def _files_opening(
    table: BoundTable,
    stored: Stored,
    scan: Scan,
    share: Share,
    files: Mapping[Any, tuple[int, int, int]],
) -> FilesOpening:
    names = table.stored_names()
    columns = tuple(names[column] for column in scan.columns)
    said = {one.location: one.hive for one in share.partitions}
    keys = [name for name in columns if any(name == key for hive in said.values() for key, _ in hive)]
    constant = len({tuple(dict(hive)[key] for key in keys) for hive in said.values()}) <= 1
    paths = None if constant or not keys else _paths(said, keys, stored.source.schema)
    query = _files_query(
        _FileScan(table, stored, scan, share, tuple(keys), constant), list(_slices(share, files))
    )
    one_each = {part.location: replace(part, facts=()) for part in share.partitions}
    return FilesOpening(
        scan.name,
        query.sql(dialect="duckdb"),
        stored.source.reader,
        tuple(one_each.values()),
        sum(part.bytes_read(columns) for part in share.partitions),
        sum(part.rows or 0 for part in share.partitions),
        paths,
    )


@dataclass(frozen=True, slots=True)
class _FileScan:
    table: BoundTable
    stored: Stored
    scan: Scan
    share: Share
    keys: tuple[str, ...]
    constant: bool

    @property
    def read(self) -> list[pa.Field]:
        """The columns that are read of the files, by what the source makes of them."""
        schema, names = self.stored.source.schema, self.table.stored_names()
        read = [schema.field(names[column]) for column in self.scan.columns if names[column] not in self.keys]
        if self.share.distributions is not None and self.stored.distribution is not None:
            read.append(pa.field(self.stored.distribution, pa.int8()))
        return read

    @property
    def untold(self) -> bool:
        """Whether every file has the columns as the source has them, and DuckDB sees them so by itself."""
        return all(part.conforms for part in self.share.partitions) and all(
            reads_alike(field.type) for field in self.read
        )


def _files_query(one: _FileScan, slices: Sequence[_Slice]) -> exp.Query:
    if not slices:
        return _no_rows(one.table, one.scan)
    queries = [_slice_query(one, [cut]) for cut in slices if not cut.whole]
    whole = [cut for cut in slices if cut.whole]
    if whole:
        queries.insert(0, _slice_query(one, whole))
    query: exp.Query = queries[0]
    for other in queries[1:]:
        query = exp.Union(this=query, expression=other, distinct=False)
    return query


def _slice_query(one: _FileScan, slices: Sequence[_Slice]) -> exp.Select:
    names = one.table.stored_names()
    outputs = [_file_output(one, names[column], column) for column in one.scan.columns]
    query = exp.Select(expressions=outputs or [_nothing()]).from_(_read_parquet(one, slices), copy=False)
    if one.keys and not one.constant:
        said = exp.Table(this=exp.to_identifier(paths_name(one.scan.name), quoted=True))
        same = exp.EQ(this=_of("files", _FILE), expression=_of(paths_name(one.scan.name), _FILE))
        query = query.join(said, on=same, copy=False)
    if not slices[0].whole:
        between = exp.Between(
            this=_of("files", _ROW),
            low=exp.Literal.number(slices[0].first),
            high=exp.Literal.number(slices[0].end - 1),
        )
        query = query.where(between, copy=False)
    if one.share.distributions is not None and one.stored.distribution is not None:
        query = query.where(_owned(one.stored.distribution, one.share.distributions), copy=False)
    if one.share.span is not None:
        query = query.where(*_between(one.share.span), copy=False)
    return query


def _file_output(one: _FileScan, name: str, folded: str) -> exp.Expr:
    if name not in one.keys:
        value: exp.Expr = _of("files", name)
        if one.untold:  # no more than a check: DuckDB leaves a cast to the type out that there is
            value = _cast(value, duckdb_name(one.table.schema.field(name).type))
        return _output(value, one.table, folded)
    if not one.constant:
        return _output(_of(paths_name(one.scan.name), name), one.table, folded)
    value = dict(one.share.partitions[0].hive)[name]
    text = exp.null() if value is None else exp.Literal.string(str(value))
    typed = _cast(text, duckdb_name(one.table.schema.field(name).type))
    return _output(typed, one.table, folded)


def _read_parquet(one: _FileScan, slices: Sequence[_Slice]) -> exp.Table:
    """The files with the columns that are read, of the source's types; a file that lacks one has NULLs.

    Files that have them need no telling, and must not be told: given a schema, DuckDB plans without their
    statistics (measured: TPC-H took twice as long, a join of three 6 times).
    """
    arguments: list[exp.Expr] = [_array([exp.Literal.string(cut.location) for cut in slices])]
    if one.untold:
        arguments.append(exp.EQ(this=exp.column("hive_partitioning"), expression=exp.false()))
    elif one.read:
        read = one.read
        described = [_struct(name=field.name, type=duckdb_name(field.type)) for field in read]
        columns = exp.Map(
            keys=_array([exp.Literal.string(field.name) for field in read]), values=_array(described)
        )
        arguments.append(exp.EQ(this=exp.column("schema"), expression=columns))
    call = exp.Anonymous(this="READ_PARQUET", expressions=arguments)
    return exp.Table(this=call, alias=exp.TableAlias(this=exp.to_identifier("files", quoted=True)))


def _paths(said: Mapping[str, Any], keys: Sequence[str], schema: pa.Schema) -> pa.Table:
    values = [dict(hive) for hive in said.values()]
    columns = {key: pa.array([row[key] for row in values], schema.field(key).type) for key in keys}
    return pa.table({_FILE: pa.array(list(said), pa.string()), **columns})


# Small trees


def _output(value: exp.Expr, table: BoundTable, folded: str) -> exp.Expr:
    """A column of the scan: of the type that the facts promise, under its folded name."""
    stored = table.schema.field(table.stored_names()[folded]).type
    wanted = table.facts.columns[folded].type
    if wanted != duckdb_name(stored):
        nested = pa.types.is_nested(stored)
        value = _cast(exp.Anonymous(this="TO_JSON", expressions=[value]) if nested else value, wanted)
    return exp.alias_(value, folded, quoted=True)


def _no_rows(table: BoundTable, scan: Scan) -> exp.Select:
    outputs = [
        exp.alias_(_cast(exp.null(), table.facts.columns[column].type), column, quoted=True)
        for column in scan.columns
    ]
    return exp.Select(expressions=outputs or [_nothing()]).where(exp.false(), copy=False)


def _nothing() -> exp.Expr:
    return exp.alias_(exp.Literal.number(1), "nothing")


def _owned(column: str, distributions: tuple[int, int]) -> exp.Expr:
    """A row of the share; a row without a distribution, which no table of ours has, is no node's."""
    first, end = distributions
    return exp.Between(
        this=exp.column(column, quoted=True), low=exp.Literal.number(first), high=exp.Literal.number(end - 1)
    )


def _between(values: Values) -> Iterator[exp.Expr]:
    """Conditions that rows have such values. A range has a low end, a high one, or both."""
    column = exp.column(values.column, quoted=True)
    if values.low is not None:
        yield exp.GTE(this=column.copy(), expression=exp.convert(values.low))
    if values.end is not None:
        yield exp.LT(this=column.copy(), expression=exp.convert(values.end))


def _quoted(name: str) -> str:
    return exp.to_identifier(name, quoted=True).sql(dialect="duckdb")


def _of(table: str, column: str) -> exp.Column:
    return exp.column(column, table=table, quoted=True)


def _cast(value: exp.Expr, kind: str) -> exp.Expr:
    return exp.Cast(this=value, to=exp.DataType.build(kind, dialect="duckdb"))


def _array(values: Sequence[exp.Expr]) -> exp.Array:
    return exp.Array(expressions=list(values))


def _struct(**texts: str) -> exp.Struct:
    fields = [
        exp.PropertyEQ(this=exp.to_identifier(key), expression=exp.Literal.string(text))
        for key, text in texts.items()
    ]
    missing = exp.PropertyEQ(this=exp.to_identifier("default_value"), expression=exp.null())
    return exp.Struct(expressions=[*fields, missing])
