"""OPENROWSET in a query: its columns of paths, and the files that a condition on them leaves out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
from sqlglot import exp

from engine.errors import BindError
from engine.lake.sightings import doubted
from engine.session.binding.rowset_columns import HIDDEN
from engine.session.binding.rowset_files import FILE_NAME, path_column, path_value
from engine.session.binding.rowsets import bind_rowset, read_rowset
from engine.session.binding.trees import (
    aliased_as,
    column,
    conjuncts,
    exposed,
    list_stars,
    named,
    path_calls,
    quoted,
    table,
)
from engine.session.loading.rowsets import rejecting_relation
from engine.sql.meaning import to_duckdb
from engine.sql.meaning.binding.scopes import place
from engine.sql.syntax.nodes import FileName, FilePath

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.lake.globs import FoundFile
    from engine.session.binding.binder import Binder
    from engine.session.binding.relations import Relation
    from engine.session.binding.world import World

_NUMBER = "number"
_FILES = "files"


def bind_open_rowset(node: exp.Table, binder: Binder, world: World) -> None:
    """Put a relation in the place of an OPENROWSET, and plain columns in the place of calls on its paths.

    Raises:
        BindError: No alias, no such file.
        UnsupportedSqlError: An option that cannot be honoured.
    """
    rowset = read_rowset(node.this, world.definitions)
    alias = (exposed(node) or [""])[0]
    if not alias:
        raise BindError("OPENROWSET needs an alias.", "Write OPENROWSET(...) AS r.", **place(node.this))
    select = node.find_ancestor(exp.Select)
    calls = path_calls(select, alias) if select is not None else []
    hidden = list(dict.fromkeys(_hidden_name(call) for call in calls))
    tests = _path_tests(select, alias) if select is not None and hidden else []

    def keep(files: Sequence[FoundFile]) -> Sequence[FoundFile]:
        return _kept(files, tests, alias, hidden, world) if tests else files

    name = binder.fresh("rowset")
    if rowset.rejecting is not None:
        doubted()  # what is rejected is written down each time
        relation = rejecting_relation(world, name, rowset, hidden, keep)
    else:
        relation = bind_rowset(world.storage, name, rowset, hidden, keep)
    binder.add(relation)
    for call in calls:
        call.replace(column(alias, _hidden_name(call)))
    if hidden and select is not None:
        _list_stars(select, alias, relation, hidden)
    written: exp.TableAlias | None = node.args.get("alias")
    node.replace(aliased_as(table(relation.name), written))


def _hidden_name(call: exp.Expr) -> str:
    if isinstance(call, FileName):
        return FILE_NAME
    number = call.args.get("expression")
    return path_column(int(number.name) if number is not None else None)


def _path_tests(select: exp.Select, alias: str) -> list[exp.Expr]:
    """Conditions of WHERE that the path of a file alone decides."""
    where = select.args.get("where")
    return [
        part
        for part in conjuncts(where.this if where else None)
        if part.find(FilePath, FileName) and not part.find(exp.Column, exp.Query) and _all_of(part, alias)
    ]


def _all_of(part: exp.Expr, alias: str) -> bool:
    return all(call.this.name.lower() == alias.lower() for call in part.find_all(FilePath, FileName))


def _kept(
    files: Sequence[FoundFile], tests: Sequence[exp.Expr], alias: str, hidden: Sequence[str], world: World
) -> Sequence[FoundFile]:
    """The files whose paths pass, by the rules of T-SQL."""
    condition = exp.and_(*[test.copy() for test in tests])
    query = exp.Select(expressions=[named(column(alias, _NUMBER), _NUMBER)])
    query = query.from_(table(_FILES, alias), copy=False).where(condition, copy=False)
    for call in list(query.find_all(FilePath, FileName)):
        call.replace(column(alias, _hidden_name(call)))
    columns = {_NUMBER: world.integer, **dict.fromkeys(hidden, HIDDEN)}
    rows = pa.table(
        {
            _NUMBER: pa.array(range(len(files)), pa.int32()),
            **{name: pa.array([path_value(file, name) for file in files], pa.string()) for name in hidden},
        }
    )
    tree = to_duckdb(query, {_FILES: columns}, **world.settings())
    numbers = world.machine.local(tree, {_FILES: rows}).column(0).to_pylist()
    return [files[number] for number in sorted(numbers)]


def _list_stars(select: exp.Select, alias: str, relation: Relation, hidden: Sequence[str]) -> None:
    shown: list[exp.Expr] = [
        exp.Column(this=quoted(name), table=quoted(alias)) for name in relation.columns if name not in hidden
    ]
    list_stars(select, {alias.lower(): shown})
