"""SET options and USE: what has no meaning here is accepted, what would change an answer is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.errors import BindError, UnsupportedSqlError
from engine.lake.names import fold
from engine.session.doing.targets import find_target

if TYPE_CHECKING:
    from engine.session.doing.run import Run
    from engine.sql.syntax.statements import flow

# With these values the session does what it does anyway; the other value would change answers.
_FIXED: dict[str, bool | str] = {
    "ANSI_DEFAULTS": True,
    "ANSI_NULLS": True,
    "ANSI_NULL_DFLT_ON": True,
    "ANSI_PADDING": True,
    "ANSI_WARNINGS": True,
    "ARITHABORT": True,
    "CONCAT_NULL_YIELDS_NULL": True,
    "IMPLICIT_TRANSACTIONS": False,
    "NOEXEC": False,
    "NUMERIC_ROUNDABORT": False,
    "PARSEONLY": False,
    "QUOTED_IDENTIFIER": True,
    "XACT_ABORT": True,
}
# These change what is told of an answer, or how long one waits: nothing here depends on them.
_FREE = (
    "NOCOUNT",
    "LOCK_TIMEOUT",
    "DEADLOCK_PRIORITY",
    "TRANSACTION ISOLATION LEVEL",
    "STATISTICS IO",
    "STATISTICS TIME",
)


_SHOWPLAN = {"SHOWPLAN_ALL": "text", "SHOWPLAN_TEXT": "text", "SHOWPLAN_XML": "xml"}


def do_set_option(run: Run, statement: flow.SetOption) -> None:
    for name in statement.names:
        if name.upper() in _SHOWPLAN:
            run.world.options.showplan = _SHOWPLAN[name.upper()] if statement.value is True else ""
            continue
        known = _FIXED.get(name.upper())
        if name.upper() in _FREE or (known is not None and statement.value == known):
            continue
        if known is not None:
            wanted = "ON" if known is True else "OFF"
            raise UnsupportedSqlError(
                f"SET {name} to another value than {wanted} is not supported.", "Leave it out."
            )
        raise UnsupportedSqlError(f"SET {name} is not supported.", "Leave it out.")


def do_set_identity_insert(run: Run, statement: flow.SetIdentityInsert) -> None:
    """Whether INSERT fills the IDENTITY column of a table; of one at a time."""
    target, key, work = find_target(run, statement.table), run.world.key(statement.table), run.world.work
    if all(column.identity is None for column in target.columns):
        raise BindError(
            f"Table '{statement.table}' does not have the identity property. Cannot perform SET operation.",
            "Leave it out.",
            number=8106,
        )
    if not statement.on:
        work.identity_insert = None if work.identity_insert == key else work.identity_insert
        return
    if work.identity_insert not in (None, key):
        raise BindError(
            f"IDENTITY_INSERT is already ON for table '{work.identity_insert}'. Cannot perform SET operation "
            f"for table '{statement.table}'.",
            f"SET IDENTITY_INSERT {work.identity_insert} OFF first.",
            number=8107,
        )
    work.identity_insert = key


def do_use(run: Run, statement: flow.Use) -> None:
    if fold(statement.database) != fold(run.world.database):
        raise BindError(
            f"Database '{statement.database}' does not exist.",
            f"This workspace is the one database '{run.world.database}'.",
            name=statement.database,
        )
