"""BEGIN, COMMIT, ROLLBACK TRANSACTION, and what is allowed between: the rules of a dedicated SQL pool."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.errors import SqlRuntimeError, UnsupportedSqlError
from engine.session.transactions import Transaction
from engine.sql.syntax.statements import flow, queries

if TYPE_CHECKING:
    from engine.session.doing.run import Run
    from engine.sql.syntax.statements.base import Statement

_ABORTED = 111233
_NOT_WITHIN = 111212
_NO_COMMIT, _NO_ROLLBACK = 3902, 3903

# What a transaction whose statement has failed still allows: to find out, to tell, and to roll back.
_STEERING = (
    flow.Block,
    flow.Break,
    flow.Continue,
    flow.Declare,
    flow.If,
    flow.Print,
    flow.RaiseError,
    flow.Return,
    flow.Rollback,
    flow.SetOption,
    flow.SetVariable,
    flow.Throw,
    flow.TryCatch,
    flow.While,
)
_CHANGING = (
    queries.CopyInto,
    queries.Delete,
    queries.Execute,
    queries.ExecuteText,
    queries.Insert,
    queries.Merge,
    queries.Select,
    queries.SelectAssign,
    queries.Update,
)
_WITHIN = (*_STEERING, *_CHANGING, flow.BeginTransaction, flow.Commit, flow.SetIdentityInsert, flow.Use)


def do_begin(run: Run, statement: flow.BeginTransaction) -> None:
    work = run.world.work
    if statement.name:
        raise UnsupportedSqlError("Named transactions are not supported.", "Write BEGIN TRANSACTION.")
    if work.transaction is not None:
        raise UnsupportedSqlError(
            "Nested transactions are not supported.", "COMMIT or ROLLBACK the one that is open."
        )
    work.transaction = Transaction(run.world.storage, dict(run.world.temps))
    run.tell_work()


def do_commit(run: Run, _statement: flow.Commit) -> None:
    """COMMIT: everything is visible, or after a conflict nothing; the transaction is over either way."""
    open_work = run.world.work.transaction
    if open_work is None:
        raise SqlRuntimeError(
            "The COMMIT TRANSACTION request has no corresponding BEGIN TRANSACTION.",
            "Begin one before.",
            number=_NO_COMMIT,
        )
    run.world.work.transaction = None
    run.tell_work()
    try:
        open_work.commit()
    except BaseException:
        _restore_temps(run, open_work)
        raise


def do_rollback(run: Run, statement: flow.Rollback) -> None:
    open_work = run.world.work.transaction
    if statement.name:
        raise UnsupportedSqlError("Savepoints are not supported.", "ROLLBACK ends the whole transaction.")
    if open_work is None:
        raise SqlRuntimeError(
            "The ROLLBACK TRANSACTION request has no corresponding BEGIN TRANSACTION.",
            "Test @@TRANCOUNT > 0 before.",
            number=_NO_ROLLBACK,
        )
    run.world.work.transaction = None
    run.tell_work()
    _restore_temps(run, open_work)
    open_work.rollback()


def _restore_temps(run: Run, transaction: Transaction) -> None:
    run.world.temps.clear()
    run.world.temps.update(transaction.temps)


def check_allowed(run: Run, statement: Statement) -> None:
    """Whether the session's transaction, if one is open, allows a statement.

    Raises:
        SqlRuntimeError: A statement failed before, or it is none that transactions may hold.
    """
    transaction = run.world.work.transaction
    if transaction is None:
        return
    if transaction.failed and not isinstance(statement, _STEERING):
        raise SqlRuntimeError(
            f"{_ABORTED};The current transaction has aborted, and any pending changes have been rolled back. "
            "The cause of this issue is that a transaction in a rollback-only state is not explicitly rolled "
            "back before a DDL, DML, or SELECT statement.",
            "ROLLBACK TRANSACTION first.",
            number=_ABORTED,
        )
    if not isinstance(statement, _WITHIN):
        words = " ".join(statement.source.text.split()[:2]).upper()
        raise SqlRuntimeError(
            f"{_NOT_WITHIN};Operation cannot be performed within a transaction: {words}.",
            "Do it before BEGIN TRANSACTION, or after COMMIT.",
            number=_NOT_WITHIN,
        )
