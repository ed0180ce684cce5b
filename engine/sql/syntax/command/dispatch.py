"""Which rule reads which statement: the first words decide."""

from __future__ import annotations

from collections.abc import Callable

from engine.sql.syntax.command.altering_tables import alter_table
from engine.sql.syntax.command.changing import delete, insert, truncate, update
from engine.sql.syntax.command.copying import copy_into
from engine.sql.syntax.command.credentials import secret_statement
from engine.sql.syntax.command.executing import execute, implicit_execute
from engine.sql.syntax.command.external import (
    create_external_data_source,
    create_external_file_format,
    create_external_table,
)
from engine.sql.syntax.command.flow import (
    begin,
    break_loop,
    commit,
    continue_loop,
    declare,
    if_else,
    print_message,
    raise_error,
    return_value,
    rollback,
    throw,
    while_loop,
)
from engine.sql.syntax.command.functions import create_function
from engine.sql.syntax.command.merging import merge
from engine.sql.syntax.command.objects import (
    alter_materialized_view,
    alter_schema,
    create_materialized_view,
    create_procedure,
    create_schema,
    create_view,
    drop,
    rename_object,
)
from engine.sql.syntax.command.refused import refuse_known
from engine.sql.syntax.command.selecting import select, with_tables
from engine.sql.syntax.command.session import alter_database, dbcc, explain, set_something, use
from engine.sql.syntax.command.statistics import create_statistics, update_statistics
from engine.sql.syntax.command.tables import create_table
from engine.sql.syntax.command.workloads import create_workload_classifier, create_workload_group, kill
from engine.sql.syntax.query.grammar import Grammar
from engine.sql.syntax.statements.base import Statement
from engine.sql.syntax.statements.objects import Mode
from engine.sql.syntax.tokens import Kind
from engine.sql.syntax.words import meant

Rule = Callable[[Grammar, int], Statement]
ModedRule = Callable[[Grammar, int, Mode], Statement]

# Behind CREATE, which has been taken.
_CREATED: dict[tuple[str, ...], Rule] = {
    ("EXTERNAL", "DATA", "SOURCE"): create_external_data_source,
    ("EXTERNAL", "FILE", "FORMAT"): create_external_file_format,
    ("EXTERNAL", "TABLE"): create_external_table,
    ("MATERIALIZED", "VIEW"): create_materialized_view,
    ("SCHEMA",): create_schema,
    ("STATISTICS",): create_statistics,
    ("TABLE",): create_table,
    ("WORKLOAD", "CLASSIFIER"): create_workload_classifier,
    ("WORKLOAD", "GROUP"): create_workload_group,
}
# Behind CREATE, ALTER or CREATE OR ALTER.
_DEFINED: dict[str, ModedRule] = {
    "FUNCTION": create_function,
    "VIEW": create_view,
    "PROCEDURE": create_procedure,
    "PROC": create_procedure,
}
_ALTERED: dict[tuple[str, ...], Rule] = {
    ("DATABASE",): alter_database,
    ("MATERIALIZED", "VIEW"): alter_materialized_view,
    ("SCHEMA",): alter_schema,
    ("TABLE",): alter_table,
}
_MODES = {("CREATE", "OR", "ALTER"): Mode.CREATE_OR_ALTER, ("CREATE",): Mode.CREATE, ("ALTER",): Mode.ALTER}


def statement(p: Grammar) -> Statement:
    """The statement that comes next, without the semicolon behind it.

    Raises:
        SqlSyntaxError: What comes next is no statement.
        UnsupportedSqlError: It is one that is not honoured here.
    """
    start = p.mark()
    token = p.token
    if (secret := secret_statement(p)) is not None:
        return secret
    if rule := _STATEMENTS.get(token.value if token.kind in (Kind.WORD, Kind.SYMBOL) else ""):
        return rule(p, start)
    refuse_known(p)
    if start == 0 and p.at_name() and not p.at("GO"):
        return implicit_execute(p, start)
    return p.fail(_meant(p) or "expected a statement here")


def _meant(p: Grammar) -> str:
    """A hint where the script begins with a misspelt keyword, which so far counted as a procedure's name."""
    return meant(p.token_at(0).value.upper(), _STATEMENTS)


def _create_or_alter(p: Grammar, start: int) -> Statement:
    for words, mode in _MODES.items():
        if p.at(*words) and (rule := _DEFINED.get(p.peek(len(words)).value)):
            p.expect(*words)
            p.advance()
            return rule(p, start, mode)
    return _create(p, start) if p.at("CREATE") else _alter(p, start)


def _create(p: Grammar, start: int) -> Statement:
    for words, rule in _CREATED.items():
        if p.take("CREATE", *words):
            return rule(p, start)
    refuse_known(p)
    p.expect("CREATE")
    return p.fail("expected what is to be created: TABLE, VIEW, PROCEDURE, ...")


def _alter(p: Grammar, start: int) -> Statement:
    for words, rule in _ALTERED.items():
        if p.at("ALTER", *words) and not p.at("ALTER", "DATABASE", "SCOPED"):
            return rule(p, start)
    refuse_known(p)
    p.expect("ALTER")
    return p.fail("expected what is to be altered: TABLE, VIEW, PROCEDURE, SCHEMA or DATABASE")


def _drop(p: Grammar, start: int) -> Statement:
    refuse_known(p)
    return drop(p, start)


def _begin(p: Grammar, start: int) -> Statement:
    refuse_known(p)
    return begin(p, start)


def _update(p: Grammar, start: int) -> Statement:
    return update_statistics(p, start) if p.at("UPDATE", "STATISTICS") else update(p, start)


_STATEMENTS: dict[str, Rule] = {
    "(": select,
    "ALTER": _create_or_alter,
    "BEGIN": _begin,
    "BREAK": break_loop,
    "COMMIT": commit,
    "CONTINUE": continue_loop,
    "COPY": copy_into,
    "CREATE": _create_or_alter,
    "DBCC": dbcc,
    "DECLARE": declare,
    "DELETE": delete,
    "DROP": _drop,
    "EXEC": execute,
    "EXECUTE": execute,
    "EXPLAIN": explain,
    "IF": if_else,
    "INSERT": insert,
    "KILL": kill,
    "MERGE": merge,
    "PRINT": print_message,
    "RAISERROR": raise_error,
    "RENAME": rename_object,
    "RETURN": return_value,
    "ROLLBACK": rollback,
    "SELECT": select,
    "SET": set_something,
    "THROW": throw,
    "TRUNCATE": truncate,
    "UPDATE": _update,
    "USE": use,
    "WHILE": while_loop,
    "WITH": with_tables,
}
