"""Which function does which statement."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.errors import ConflictError, UnsupportedSqlError
from engine.session.doing import (
    altering,
    caching,
    changing,
    copying,
    explaining,
    external,
    inserting,
    maintaining,
    materializing,
    merging,
    objects,
    partitions,
    procedures,
    queries,
    renaming,
    settings,
    statistics,
    tables,
    transacting,
    workloads,
)
from engine.session.doing import flow as flows
from engine.session.strict import refuse_of_other_pool
from engine.sql.syntax.statements import flow
from engine.sql.syntax.statements import objects as object_statements
from engine.sql.syntax.statements import queries as query_statements
from engine.sql.syntax.statements import tables as table_statements
from engine.sql.syntax.statements import workloads as workload_statements

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.session.doing.run import Run
    from engine.sql.syntax.statements.base import Statement

_DOES: dict[type[Statement], Callable[[Run, Any], None]] = {
    flow.BeginTransaction: transacting.do_begin,
    flow.Block: flows.do_block,
    flow.Break: flows.do_break,
    flow.Commit: transacting.do_commit,
    flow.Continue: flows.do_continue,
    flow.Dbcc: maintaining.do_dbcc,
    flow.Declare: flows.do_declare,
    flow.Explain: explaining.do_explain,
    flow.If: flows.do_if,
    flow.Print: flows.do_print,
    flow.RaiseError: flows.do_raise_error,
    flow.Return: flows.do_return,
    flow.Rollback: transacting.do_rollback,
    flow.SetIdentityInsert: settings.do_set_identity_insert,
    flow.SetOption: settings.do_set_option,
    flow.SetResultSetCaching: caching.do_set_caching,
    flow.SetVariable: flows.do_set_variable,
    flow.Throw: flows.do_throw,
    flow.TryCatch: flows.do_try,
    flow.Use: settings.do_use,
    flow.While: flows.do_while,
    object_statements.CreateExternalDataSource: external.do_create_data_source,
    object_statements.CreateExternalFileFormat: external.do_create_file_format,
    object_statements.CreateExternalTable: external.do_create_external_table,
    object_statements.CreateExternalTableAs: external.do_create_external_table_as,
    object_statements.SecretStatement: external.do_nothing_with_a_secret,
    object_statements.AlterMaterializedView: materializing.do_alter_materialized_view,
    object_statements.CreateMaterializedView: materializing.do_create_materialized_view,
    object_statements.CreateFunction: objects.do_create_function,
    object_statements.CreateScalarFunction: objects.do_create_scalar_function,
    object_statements.CreateProcedure: objects.do_create_procedure,
    object_statements.CreateSchema: objects.do_create_schema,
    object_statements.CreateView: objects.do_create_view,
    object_statements.Drop: objects.do_drop,
    query_statements.CopyInto: copying.do_copy,
    query_statements.Delete: changing.do_delete,
    query_statements.Execute: procedures.do_execute,
    query_statements.ExecuteText: procedures.do_execute_text,
    query_statements.Insert: inserting.do_insert,
    query_statements.Merge: merging.do_merge,
    query_statements.Select: queries.do_select,
    query_statements.SelectAssign: queries.do_select_assign,
    query_statements.SelectInto: tables.do_select_into,
    query_statements.Truncate: tables.do_truncate,
    query_statements.Update: changing.do_update,
    object_statements.RenameObject: renaming.do_rename,
    object_statements.TransferObject: renaming.do_transfer,
    table_statements.AddColumns: altering.do_add_columns,
    table_statements.AlterColumn: altering.do_alter_column,
    table_statements.CreateStatistics: statistics.do_create_statistics,
    table_statements.CreateTable: tables.do_create_table,
    table_statements.CreateTableAs: tables.do_create_table_as,
    table_statements.DropColumns: altering.do_drop_columns,
    table_statements.DropConstraints: altering.do_drop_constraints,
    table_statements.MergeRange: partitions.do_merge,
    table_statements.SplitRange: partitions.do_split,
    table_statements.SwitchPartition: partitions.do_switch,
    table_statements.UpdateStatistics: statistics.do_update_statistics,
    workload_statements.CreateWorkloadClassifier: workloads.do_create_classifier,
    workload_statements.CreateWorkloadGroup: workloads.do_create_group,
    workload_statements.Kill: workloads.do_kill,
}
_RECOMPUTED = (query_statements.Delete, query_statements.Merge, query_statements.Update)
_TRIES = 5


def perform(run: Run, statement: Statement) -> None:
    """Do a statement.

    Raises:
        UnsupportedSqlError: Nothing does it here.
        TarnError: What went wrong.
    """
    transacting.check_allowed(run, statement)
    if run.world.profile.strict:
        refuse_of_other_pool(run.world.profile, statement)
    showplan = run.world.options.showplan
    if showplan and isinstance(statement, explaining.EXPLAINED) and not run.world.dry:
        explaining.show_plan(run, statement, xml=showplan == "xml")
        return
    does = _DOES.get(type(statement))
    if does is not None:
        if not run.world.dry:
            run.world.machine.gate.admit_write(statement)
        _done(run, statement, does)
        return
    words = " ".join(statement.source.text.split()[:2]).upper()
    raise UnsupportedSqlError(
        f"{words} is not supported.",
        "See the documentation for what is.",
        line=statement.source.line,
        column=statement.source.column,
    )


def _done(run: Run, statement: Statement, does: Callable[[Run, Any], None]) -> None:
    """Do a statement; one that computes a table's rows from what it read does it again if it lost a race."""
    tries = _TRIES if isinstance(statement, _RECOMPUTED) and run.world.work.transaction is None else 1
    for left in reversed(range(tries)):
        try:
            does(run, statement)
        except ConflictError:
            if not left:
                raise
        else:
            return
