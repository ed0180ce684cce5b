"""Statements about schemas, views and procedures, and DROP of anything."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlglot import exp

from engine.errors import BindError
from engine.lake import TableName, list_tables
from engine.lake.names import fold
from engine.session.binding.inlining import one_expression
from engine.session.binding.rowsets import declared_type
from engine.session.binding.views import view_query
from engine.session.catalog.definitions import SYSTEM_SCHEMAS, Definition, Key, Kind, already_there
from engine.session.doing.materializing import drop_view
from engine.session.doing.procedures import is_local
from engine.session.doing.statistics import drop_one_statistics
from engine.session.doing.tables import drop_one_table, refuse_taken
from engine.session.doing.workloads import drop_workload
from engine.session.system.objects import schema_names
from engine.sql.meaning import Variable
from engine.sql.syntax.statements.objects import (
    CreateFunction,
    CreateProcedure,
    CreateScalarFunction,
    CreateSchema,
    CreateView,
    Drop,
    Mode,
    ObjectKind,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from engine.session.doing.run import Run
    from engine.sql.syntax import Name
    from engine.sql.syntax.statements.objects import ProcedureParameter

_KINDS = {
    ObjectKind.VIEW: Kind.VIEW,
    ObjectKind.FUNCTION: Kind.FUNCTION,
    ObjectKind.PROCEDURE: Kind.PROCEDURE,
    ObjectKind.EXTERNAL_TABLE: Kind.EXTERNAL_TABLE,
    ObjectKind.EXTERNAL_DATA_SOURCE: Kind.DATA_SOURCE,
    ObjectKind.EXTERNAL_FILE_FORMAT: Kind.FILE_FORMAT,
}


def do_create_schema(run: Run, statement: CreateSchema) -> None:
    if fold(statement.name) in {*SYSTEM_SCHEMAS, *(fold(name) for name in schema_names(run.world))}:
        raise already_there(statement.name)
    run.world.definitions.add(Definition(Kind.SCHEMA, "", statement.name, {}))


def do_create_view(run: Run, statement: CreateView) -> None:
    """A view is the text that made it; its query must bind now."""
    run.types(run.look_at(view_query(statement.source.text)))
    _define(run, Kind.VIEW, statement.name, statement.source.text, statement.mode)


def do_create_procedure(run: Run, statement: CreateProcedure) -> None:
    """A procedure is the text that made it; names in it are bound when it is executed."""
    _define(run, Kind.PROCEDURE, statement.name, statement.source.text, statement.mode)


def do_create_function(run: Run, statement: CreateFunction) -> None:
    """A function of rows is the text that made it; its query must bind now, whatever the arguments."""
    with _unknown_arguments(run, statement.parameters):
        run.types(run.look_at(statement.query))
    _define(run, Kind.FUNCTION, statement.name, statement.source.text, statement.mode)


def do_create_scalar_function(run: Run, statement: CreateScalarFunction) -> None:
    """As a function of rows; what its statements come to must be one expression."""
    expression = one_expression(statement)
    with _unknown_arguments(run, statement.parameters):
        run.types(run.look_at(exp.Select(expressions=[exp.alias_(expression, "value")])))
    returns = {"returns": str(declared_type(statement.returns))}
    _define(run, Kind.FUNCTION, statement.name, statement.source.text, statement.mode, **returns)


@contextmanager
def _unknown_arguments(run: Run, parameters: Iterable[ProcedureParameter]) -> Iterator[None]:
    """Within the block the parameters, and no other variables, are there and NULL."""
    before = run.world.variables
    kept = {name: one for name, one in before.items() if not is_local(name)}
    unknown = {f"@{one.name.lower()}": Variable(declared_type(one.kind), None) for one in parameters}
    run.world.variables = {**kept, **unknown}
    try:
        yield
    finally:
        run.world.variables = before


def _define(run: Run, kind: Kind, name: Name, text: str, mode: Mode, **more: str) -> None:
    definitions, key = run.world.definitions, run.world.key(name)
    there = definitions.find(kind, key)
    made = Definition(kind, name.schema or "dbo", name.name, {"text": text, **more})
    if mode is Mode.ALTER and there is None:
        definitions.get(kind, key)
    if there is not None and mode is not Mode.CREATE:
        definitions.put(made)
        return
    refuse_taken(run, name)
    definitions.add(made)


def do_drop(run: Run, statement: Drop) -> None:
    for name in statement.names:
        _DROPS.get(statement.kind, _drop_definition)(run, name, statement)
    run.rowcount = -1


def _drop_definition(run: Run, name: Name, statement: Drop) -> None:
    kind, key = _KINDS[statement.kind], run.world.key(name)
    gone = drop_view(run, key) if kind is Kind.VIEW else run.world.definitions.remove(kind, key)
    if not gone and not statement.if_exists:
        raise BindError(
            f"Cannot drop the {kind.value} '{name}', because it does not exist or you do not have "
            "permission.",
            "DROP ... IF EXISTS does nothing where there is none.",
            name=str(name),
        )


def _drop_schema(run: Run, name: Name, statement: Drop) -> None:
    definitions, wanted = run.world.definitions, fold(name.name)
    inside = [table for table in list_tables(run.world.storage) if TableName.parse(table).schema == wanted]
    for kind in (Kind.VIEW, Kind.PROCEDURE, Kind.EXTERNAL_TABLE, Kind.FUNCTION):
        inside += [str(one.key) for one in definitions.all(kind) if one.key.schema == wanted]
    if inside:
        raise BindError(
            f"Cannot drop schema '{name}' because it is being referenced by object '{inside[0]}'.",
            "Drop what is in it first.",
            name=str(name),
        )
    if not definitions.remove(Kind.SCHEMA, Key.of(name.name)) and not statement.if_exists:
        raise BindError(
            f"Cannot drop the schema '{name}', because it does not exist or you do not have permission.",
            f"There is: {', '.join(schema_names(run.world))}.",
            name=str(name),
        )


_DROPS: dict[ObjectKind, Callable[[Run, Name, Drop], None]] = {
    ObjectKind.STATISTICS: drop_one_statistics,
    ObjectKind.TABLE: drop_one_table,
    ObjectKind.SCHEMA: _drop_schema,
    ObjectKind.WORKLOAD_CLASSIFIER: drop_workload,
    ObjectKind.WORKLOAD_GROUP: drop_workload,
}
