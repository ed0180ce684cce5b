"""PEP 249's errors, as a branch of the one tree; and which of them each of Tarn's becomes.

Error (a TarnError)
├── InterfaceError          the connection or the cursor is used in a way that makes no sense
└── DatabaseError
    ├── DataError           a value: a conversion, an overflow, a division by zero, a file that is broken
    ├── OperationalError    the pool or the store: workers that died, a write that was refused
    ├── IntegrityError      a NULL where none is allowed
    ├── InternalError       the event loop of a pool has ended
    ├── ProgrammingError    the text: syntax, names, parameters
    └── NotSupportedError   T-SQL that is not honoured
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from engine import errors as tarn
from engine.events import UnknownKindError
from pools.loop import LoopEndedError


class Warning(Exception):  # noqa: A001, N818 - PEP 249 names it so
    """Never raised; PEP 249 wants it to be there."""


class Error(tarn.TarnError):
    """Base of the errors of this module."""


class InterfaceError(Error):
    """The connection or the cursor is used in a way that makes no sense."""


class DatabaseError(Error):
    """What the statement, its data or the pool brought about."""


class DataError(DatabaseError):
    """A value cannot be computed on or converted."""


class OperationalError(DatabaseError):
    """The pool or the store failed, not the statement."""


class IntegrityError(DatabaseError):
    """A NULL where the column allows none."""


class InternalError(DatabaseError):
    """The pool is in no state to answer."""


class ProgrammingError(DatabaseError):
    """The text or its parameters are wrong."""


class NotSupportedError(DatabaseError):
    """Understood, and not honoured."""


# SQL Server's numbers of a NULL that is not allowed and of a key that is there twice.
_INTEGRITY = frozenset({515, 2601, 2627})
# The first class that fits wins.
_MAPPED: tuple[tuple[type[tarn.TarnError], type[Error]], ...] = (
    (tarn.UnsupportedSqlError, NotSupportedError),
    (tarn.UnsupportedError, NotSupportedError),
    (tarn.BudgetExceededError, OperationalError),
    (tarn.SqlRuntimeError, DataError),
    (tarn.SqlError, ProgrammingError),
    (tarn.WriteError, OperationalError),
    (tarn.FormatError, DataError),
    (tarn.LakeError, ProgrammingError),
    (tarn.DataError, DataError),
    (tarn.ModelError, ProgrammingError),
    (tarn.OptionError, ProgrammingError),
    (tarn.JobStoppedError, OperationalError),
    (UnknownKindError, ProgrammingError),
    (LoopEndedError, InternalError),
    (tarn.PoolSpecError, InterfaceError),
    (tarn.PoolStateError, InterfaceError),
    (tarn.PoolError, OperationalError),
)


def mapped(error: tarn.TarnError) -> Error:
    """The error in PEP 249's tree, with the same message, hint and data."""
    if isinstance(error, Error):
        return error
    kind = next((kind for source, kind in _MAPPED if isinstance(error, source)), DatabaseError)
    if error.data.get("number") in _INTEGRITY:
        kind = IntegrityError
    return kind(error.message, error.hint, **error.data)


@contextmanager
def telling() -> Iterator[None]:
    """Within the block, Tarn's errors are raised as PEP 249's; the first stands behind as the cause."""
    try:
        yield
    except Error:
        raise
    except tarn.TarnError as error:
        raise mapped(error) from error
