"""OPENROWSET with MAXERRORS: the rows that fit, as a relation; the others counted and kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from engine.errors import BindError
from engine.lake.csv_head import read_head
from engine.lake.csv_rewriting import open_records
from engine.lake.globs import find_files
from engine.session.binding.relations import Relation
from engine.session.binding.rowset_files import own_files
from engine.session.binding.trees import column, named, table
from engine.session.loading.checking import BAD, LoadColumn, TextFiles, check_rows, text_relation
from engine.session.loading.rejects import (
    keep_as_copy,
    keep_as_rowset,
    query_id,
    refuse_too_many,
    rejects_of,
)
from engine.session.loading.shares import refuse_share
from engine.sql.meaning import node_of_type, to_duckdb

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.session.binding.rowset_files import Keep
    from engine.session.binding.rowset_options import Rowset
    from engine.session.binding.world import World


def rejecting_relation(
    world: World, name: str, rowset: Rowset, hidden: Sequence[str], keep: Keep
) -> Relation:
    """The rows of CSV files that fit the declared columns.

    Args:
        world: The session's.
        name: Of the relation.
        rowset: What to read, and how many rows may be rejected.
        hidden: Columns of paths that the query reads.
        keep: Leaves files out before any is opened.

    Raises:
        BindError: No columns are declared, or there is no such file or column.
        SqlRuntimeError: More rows were rejected than are allowed; nothing is kept then.
    """
    rejecting = rowset.rejecting
    if rejecting is None or not rowset.columns:
        raise BindError(
            "MAXERRORS needs declared columns: nothing else says which rows fit.",
            "Write WITH (name type, ...) behind OPENROWSET(...).",
        )
    paths = rowset.paths if rowset.recursive else tuple(own_files(world.storage, one) for one in rowset.paths)
    files = TextFiles(paths, rowset.csv, exact=rejecting.external, hidden=tuple(hidden), keep=keep)
    wanted = _load_columns(world, rowset, files)
    if world.dry:
        return _looked_at(world, name, files, wanted)
    rows = check_rows(world, files, wanted, name)
    total, rejects = rejects_of(world, rows, files, wanted)
    if total and rejecting.external:
        refuse_share(world, rows, rejecting, rejects)
    elif total:
        refuse_too_many(total, rejects, int(rejecting.allowed))
    if total and rejecting.folder:
        keep_rows = keep_as_copy if rejecting.external else keep_as_rowset
        keep_rows(world.storage, rejecting.folder, rejects, query_id(), world.now)
    return _good(rows, rowset, hidden)


def _load_columns(world: World, rowset: Rowset, files: TextFiles) -> list[LoadColumn]:
    fields = _header(world, files) if rowset.csv.header else {}
    made = []
    for at, one in enumerate(rowset.columns, 1):
        field = one.ordinal or (fields.get((one.path or one.name).lower()) if fields else at)
        if field is None:
            raise BindError(
                f"Invalid column name '{one.name}'.", f"The files have: {', '.join(fields)}.", name=one.name
            )
        made.append(LoadColumn(one.name, one.type, field))
    return made


def _header(world: World, files: TextFiles) -> dict[str, int]:
    """Number of each field that the first file names."""
    first = find_files(world.storage, files.paths)[0].location
    with open_records(world.storage, first, files.csv) as stream:
        head = read_head(stream, files.csv, world.storage.relative(first))
    return {name.lower(): at for at, name in enumerate(head.names, 1)}


def _looked_at(world: World, name: str, files: TextFiles, columns: Sequence[LoadColumn]) -> Relation:
    """The relation as a plan sees it: nothing is checked, nothing is read."""
    texts = text_relation(world.storage, name, files, max(one.field for one in columns))
    shown = {one.name: one.type for one in columns} | {
        hidden: texts.columns[hidden] for hidden in files.hidden
    }
    items: list[exp.Expr] = [
        named(exp.TryCast(this=column(name, f"c{one.field}"), to=node_of_type(one.type)), one.name)
        for one in columns
    ]
    items += [named(column(name, hidden), hidden) for hidden in files.hidden]
    query = to_duckdb(
        exp.Select(expressions=items).from_(table(name)), {name: texts.columns}, into=list(shown.values())
    )
    return Relation(name, shown, texts.rows, query=query)


def _good(rows: Relation, rowset: Rowset, hidden: Sequence[str]) -> Relation:
    shown = {one.name: one.type for one in rowset.columns} | {name: rows.columns[name] for name in hidden}
    items: list[exp.Expr] = [
        named(column("f", f"v{at}"), one.name) for at, one in enumerate(rowset.columns, 1)
    ]
    items += [named(column("f", name), name) for name in hidden]
    fits = exp.EQ(this=column("f", BAD), expression=exp.Literal.number(0))
    query = exp.Select(expressions=items).from_(table(rows.name, "f")).where(fits)
    return Relation(rows.name, shown, rows.rows, query=query)
