"""Materialized views: a view, and the rows that it gave when they were last computed.

A query that names the view reads the kept rows while no table of it has changed, and computes them from the
tables otherwise: what it sees is always current. REBUILD keeps the rows of now.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from engine.errors import BindError, UnsupportedSqlError
from engine.lake.publish import remove_tree
from engine.runtime.exporting import FileForm, export_rows
from engine.session.binding.materialized import state_of
from engine.session.binding.trees import is_cte
from engine.session.binding.views import view_query
from engine.session.catalog.definitions import Definition, Key, Kind
from engine.session.doing.tables import refuse_taken
from engine.session.storing import declared_columns, stored_query
from engine.sql.syntax import Name
from engine.sql.syntax.statements.tables import Distribution, HashDistribution

if TYPE_CHECKING:
    from engine.session.doing.run import Run
    from engine.sql.syntax.statements.objects import AlterMaterializedView, CreateMaterializedView

_FOLDER = "catalog/sql/materialized"
_MOST_GROUPS = 32
_EXTREMES = (exp.Min, exp.Max)
_DEVIATIONS = (exp.Variance, exp.VariancePop, exp.Stddev, exp.StddevPop, exp.StddevSamp)
_AGGREGATES = (*_EXTREMES, *_DEVIATIONS, exp.Avg, exp.Count, exp.Sum)


def do_create_materialized_view(run: Run, statement: CreateMaterializedView) -> None:
    """CREATE MATERIALIZED VIEW: its rows are computed and kept at once."""
    _check_distribution(statement)
    _check_query(statement)
    refuse_taken(run, statement.name)
    key = run.world.key(statement.name)
    kept = _keep(run, str(statement.name), statement.query)
    made = Definition(
        Kind.VIEW,
        statement.name.schema or key.schema,
        statement.name.name,
        {"text": statement.source.text, "materialized": kept},
    )
    try:
        run.world.definitions.add(made)
    except BaseException:
        _forget(run, made)
        raise
    run.rowcount = -1


def do_alter_materialized_view(run: Run, statement: AlterMaterializedView) -> None:
    """REBUILD keeps the rows of now; DISABLE has queries compute them until the next REBUILD."""
    definitions, key = run.world.definitions, run.world.key(statement.name)
    found = definitions.get(Kind.VIEW, key)
    if not found.body.get("materialized"):
        raise BindError(f"'{statement.name}' is not a materialized view.", "A plain view keeps no rows.")
    if statement.action == "DISABLE":
        kept: dict[str, Any] = {**found.body["materialized"], "enabled": False}
    else:
        kept = _keep(run, str(statement.name), view_query(str(found.body["text"])))
    definitions.put(Definition(Kind.VIEW, found.schema, found.name, {**found.body, "materialized": kept}))
    if kept["folder"] != found.body["materialized"]["folder"]:
        _forget(run, found)
    run.rowcount = -1


def drop_view(run: Run, key: Key) -> bool:
    """Remove a view, and the rows that it kept; False if there is none."""
    found = run.world.definitions.find(Kind.VIEW, key)
    if found is None:
        return False
    run.world.definitions.remove(Kind.VIEW, key)
    _forget(run, found)
    return True


def _forget(run: Run, view: Definition) -> None:
    told = view.body.get("materialized")
    if told:
        remove_tree(run.world.storage, run.world.storage.resolve(str(told["folder"])))


def _keep(run: Run, name: str, query: exp.Query) -> dict[str, Any]:
    """Compute the rows of a view and keep them in files of their own."""
    world = run.world
    keys = _tables(run, query)
    # Before the rows: a table that changes meanwhile makes them stale, never wrong.
    state = state_of(world, keys)
    bound = run.bind(query)
    columns = declared_columns(run.types(bound))
    tree = run.translated(bound, [column.type for column in columns])
    answer = world.machine.answer(stored_query(tree, columns, name), bound.relations)
    folder = f"{_FOLDER}/{uuid.uuid4().hex}"
    export_rows(
        world.machine.pool, world.storage, answer.held(), world.storage.resolve(folder), FileForm(".parquet")
    )
    return {
        "folder": folder,
        "columns": [{"name": one.name, "type": str(one.type)} for one in columns],
        "tables": [[key.schema, key.name] for key in keys],
        "state": state,
        "enabled": True,
    }


def _tables(run: Run, query: exp.Query) -> list[Key]:
    """The tables of a view, each once.

    Raises:
        UnsupportedSqlError: It reads something else.
    """
    keys: dict[Key, None] = {}
    for node in query.find_all(exp.Table):
        if isinstance(node.this, exp.Identifier) and is_cte(node):
            continue
        name = Name.of(node) if isinstance(node.this, exp.Identifier) else Name("")
        if not name.name or name.is_temporary or run.world.table(run.world.key(name)) is None:
            raise UnsupportedSqlError(
                f"A materialized view reads tables alone, not '{node.name or node.sql(dialect='tsql')}'.",
                "Views, files and temporary tables cannot be part of one.",
            )
        keys[run.world.key(name)] = None
    return list(keys)


def _check_distribution(statement: CreateMaterializedView) -> None:
    chosen = statement.table.distribution
    if not isinstance(chosen, HashDistribution) and chosen is not Distribution.ROUND_ROBIN:
        raise BindError(
            "A materialized view needs DISTRIBUTION = HASH(column) or ROUND_ROBIN.", "Write it in WITH (...)."
        )
    if isinstance(chosen, HashDistribution):
        given = {item.alias_or_name.lower() for item in statement.query.selects}
        for name in chosen.columns:
            if name.lower() not in given:
                raise BindError(
                    f"Invalid column name '{name}'.", f"There are: {', '.join(given)}.", name=name
                )


def _check_query(statement: CreateMaterializedView) -> None:
    """What the documentation asks of the query."""
    query = statement.query
    if not isinstance(query, exp.Select):
        raise UnsupportedSqlError("A materialized view is one SELECT.", "Leave UNION out.")
    called = list(query.find_all(exp.AggFunc))
    group = query.args.get("group")
    if not called and group is None:
        raise BindError("A materialized view needs an aggregate or GROUP BY.", "Use a view for plain rows.")
    keys = list(group.expressions) if group is not None else []
    shown = {
        (item.this if isinstance(item, exp.Alias) else item).sql(dialect="tsql").lower()
        for item in query.selects
    }
    for key in keys:
        if key.sql(dialect="tsql").lower() not in shown:
            raise BindError(
                f"Column '{key.sql(dialect='tsql')}' of GROUP BY is not selected.", "Select it too."
            )
    if len(keys) > _MOST_GROUPS:
        raise BindError(f"A materialized view groups by {_MOST_GROUPS} columns at the most.", "Use fewer.")
    for one in called:
        if not isinstance(one, _AGGREGATES):
            raise UnsupportedSqlError(
                f"{one.sql_name()} is none of a materialized view's aggregates.",
                "They are MAX, MIN, AVG, COUNT, COUNT_BIG, SUM, VAR and STDEV.",
            )
        if isinstance(one, _EXTREMES) and not statement.for_append:
            raise BindError("MIN and MAX need FOR_APPEND.", "Write WITH (DISTRIBUTION = ..., FOR_APPEND).")
