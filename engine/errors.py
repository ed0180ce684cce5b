"""The engine's branches of the one error tree (its root is `pools.errors.TarnError`).

TarnError
├── PoolError ...             see `pools.errors`
├── LakeError                 files, datasets, tables
│   ├── PathRefusedError      a name or path that leaves the workspace's roots
│   ├── NotFoundError         no such file, dataset, table, version or column
│   ├── FormatError           a file is not what it claims to be, or needs a feature we do not have
│   └── WriteError            a write was refused or failed; nothing of it is visible
│       └── ConflictError     another write committed first; the same statement may succeed when it runs again
├── SqlError                  a statement cannot be done; carries `line` and `column` where they are known
│   ├── SqlSyntaxError        the text is not T-SQL
│   ├── BindError             an unknown table or column, or a name with two meanings
│   ├── UnsupportedSqlError   understood, and not honoured here; the message says what and why
│   ├── BudgetExceededError   a serverless pool has processed as much as it may in a period
│   └── SqlRuntimeError       the statement failed while it ran: a conversion, a division by zero, a THROW
├── DataError                 the data cannot serve the request: label, null column, no rows
├── ModelError                models and their ONNX graphs
│   ├── UnsupportedError      a transformer, objective or option that cannot be honoured
│   ├── ParityError           the ONNX graph does not agree with the native model
│   └── SignatureError        columns given and columns wanted differ
├── JobStoppedError           a job stopped before its end; it can be resumed
│   └── JobCancelledError     its user stopped it
├── OptionError               a setting that makes no sense
├── UnknownKindError          the event log is asked for a kind of record that there is not (`engine.events`)
└── Error                     what `engine.dbapi` raises for all of these: InterfaceError, DatabaseError,
                              IntegrityError, InternalError, NotSupportedError, OperationalError,
                              ProgrammingError
"""

from __future__ import annotations

from pools.errors import (
    PoolCapacityError,
    PoolError,
    PoolSpecError,
    PoolStartError,
    PoolStateError,
    TarnError,
    TaskLostError,
    WorkCancelledError,
)


class LakeError(TarnError):
    """Something is wrong with a file, a dataset or a table."""


class PathRefusedError(LakeError):
    """A name or path tries to leave the workspace's roots."""


class NotFoundError(LakeError):
    """No such file, dataset, table, version or column."""


class FormatError(LakeError):
    """A file is not what it claims to be, or needs a reader feature that we do not have."""


class WriteError(LakeError):
    """A write was refused or failed; nothing of it is visible."""


class ConflictError(WriteError):
    """Another write committed to the table first; what was computed from before it would undo it."""


class SqlError(TarnError):
    """A statement cannot be parsed, bound or run.

    `data` holds `line` and `column` (both from 1) where the place in the text is known.
    """


class SqlSyntaxError(SqlError):
    """The text is not T-SQL."""


class BindError(SqlError):
    """A name means nothing, or two things."""


class UnsupportedSqlError(SqlError):
    """The statement was understood and cannot be honoured; nothing of it was dropped or done."""


class BudgetExceededError(SqlError):
    """A serverless pool has processed as much data as it may in a period; the query was not begun."""


class SqlRuntimeError(SqlError):
    """The statement failed while it ran."""


class DataError(TarnError):
    """The data cannot serve the request."""


class ModelError(TarnError):
    """Something is wrong with a model or its graph."""


class UnsupportedError(ModelError):
    """A transformer, objective or option that cannot be honoured."""


class ParityError(ModelError):
    """The ONNX graph does not agree with the native model."""


class SignatureError(ModelError):
    """The columns given are not the columns that the model wants."""


class JobStoppedError(TarnError):
    """A job stopped before its end: by its limit of bad rows, an error, or its user. It can be resumed.

    `data` holds `job`.
    """


class JobCancelledError(JobStoppedError):
    """A job stopped before its end because its user wished so. It can be resumed."""

    cancelled = True


class OptionError(TarnError):
    """A setting that makes no sense."""


__all__ = [
    "BindError",
    "BudgetExceededError",
    "ConflictError",
    "DataError",
    "FormatError",
    "JobCancelledError",
    "JobStoppedError",
    "LakeError",
    "ModelError",
    "NotFoundError",
    "OptionError",
    "ParityError",
    "PathRefusedError",
    "PoolCapacityError",
    "PoolError",
    "PoolSpecError",
    "PoolStartError",
    "PoolStateError",
    "SignatureError",
    "SqlError",
    "SqlRuntimeError",
    "SqlSyntaxError",
    "TarnError",
    "TaskLostError",
    "UnsupportedError",
    "UnsupportedSqlError",
    "WorkCancelledError",
    "WriteError",
]
