"""Which function does which statement."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from engine.errors import UnsupportedSqlError
from engine.session.doing import flow as flows
from engine.session.doing import inserting, objects, procedures, queries, settings, tables
from engine.session.doing.run import Run
from engine.sql.syntax.statements import flow
from engine.sql.syntax.statements import objects as object_statements
from engine.sql.syntax.statements import queries as query_statements
from engine.sql.syntax.statements import tables as table_statements
from engine.sql.syntax.statements.base import Statement

_DOES: dict[type[Statement], Callable[[Run, Any], None]] = {
    flow.Block: flows.do_block,
    flow.Break: flows.do_break,
    flow.Continue: flows.do_continue,
    flow.Declare: flows.do_declare,
    flow.If: flows.do_if,
    flow.Print: flows.do_print,
    flow.RaiseError: flows.do_raise_error,
    flow.Return: flows.do_return,
    flow.SetOption: settings.do_set_option,
    flow.SetVariable: flows.do_set_variable,
    flow.Throw: flows.do_throw,
    flow.TryCatch: flows.do_try,
    flow.Use: settings.do_use,
    flow.While: flows.do_while,
    object_statements.CreateProcedure: objects.do_create_procedure,
    object_statements.CreateSchema: objects.do_create_schema,
    object_statements.CreateView: objects.do_create_view,
    object_statements.Drop: objects.do_drop,
    query_statements.Execute: procedures.do_execute,
    query_statements.ExecuteText: procedures.do_execute_text,
    query_statements.Insert: inserting.do_insert,
    query_statements.Select: queries.do_select,
    query_statements.SelectAssign: queries.do_select_assign,
    query_statements.SelectInto: tables.do_select_into,
    query_statements.Truncate: tables.do_truncate,
    table_statements.CreateTable: tables.do_create_table,
    table_statements.CreateTableAs: tables.do_create_table_as,
}
# Why the others are not done, and what to do instead.
_REFUSED: dict[type[Statement], tuple[str, str]] = {}


def perform(run: Run, statement: Statement) -> None:
    """Do a statement.

    Raises:
        UnsupportedSqlError: Nothing does it here.
        TarnError: What went wrong.
    """
    does = _DOES.get(type(statement))
    if does is not None:
        does(run, statement)
        return
    words = " ".join(statement.source.text.split()[:2]).upper()
    why, hint = _REFUSED.get(type(statement), ("is not supported", "See the documentation for what is."))
    raise UnsupportedSqlError(
        f"{words} {why}.", hint, line=statement.source.line, column=statement.source.column
    )
