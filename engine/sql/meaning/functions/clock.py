"""Functions of the time of the statement, and of the session.

All of them give one value for the whole statement, so they are constants of the translated tree.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from engine.errors import UnsupportedSqlError
from engine.sql.meaning.binding.scopes import place
from engine.sql.meaning.dates.rounding import rounded_datetime
from engine.sql.meaning.dates.zones import shown_offset
from engine.sql.meaning.types import DATETIME, DATETIME2, DATETIMEOFFSET
from engine.sql.meaning.values import Value, constant

if TYPE_CHECKING:
    from engine.sql.meaning.functions.call import Call, Function

_SESSION = """
APP_NAME CURRENT_USER DB_ID DB_NAME ERROR_LINE ERROR_MESSAGE ERROR_NUMBER ERROR_PROCEDURE ERROR_SEVERITY
ERROR_STATE HOST_NAME ORIGINAL_LOGIN ROWCOUNT_BIG SCHEMA_NAME SESSION_ID SESSION_USER SUSER_NAME SUSER_SNAME
SYSTEM_USER USER_NAME XACT_STATE
"""


def _datetime(*, utc: bool) -> Function:
    def build(call_: Call) -> Value:
        return constant(rounded_datetime(_wall_clock(call_, utc=utc)), DATETIME)

    return build


def _precise(*, utc: bool) -> Function:
    return lambda call_: constant(_wall_clock(call_, utc=utc), DATETIME2)


def _wall_clock(call_: Call, *, utc: bool) -> dt.datetime:
    now = call_.context.settings.clock()
    return (now.astimezone(dt.UTC) if utc else now).replace(tzinfo=None)


def _offset(call_: Call) -> Value:
    now = call_.context.settings.clock()
    minutes = int((now.utcoffset() or dt.timedelta()).total_seconds()) // 60
    return constant(now, DATETIMEOFFSET.with_facts(zone=shown_offset(minutes)))


def _of_session(call_: Call) -> Value:
    """Look a function of the session up among the variables, where the session puts it as `name()`."""
    found = call_.context.settings.variables.get(f"{call_.name.lower()}()")
    if found is None or call_.arguments:
        raise UnsupportedSqlError(
            f"{call_.name} is not supported: the session does not say what it gives.", **place(call_.node)
        )
    return constant(found.value, found.type)


FUNCTIONS: dict[str, Function] = {
    "CURRENT_TIMESTAMP": _datetime(utc=False),
    "GETDATE": _datetime(utc=False),
    "GETUTCDATE": _datetime(utc=True),
    "SYSDATETIME": _precise(utc=False),
    "SYSDATETIMEOFFSET": _offset,
    "SYSUTCDATETIME": _precise(utc=True),
    **dict.fromkeys(_SESSION.split(), _of_session),
}
