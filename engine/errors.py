"""The engine's branches of the one error tree (its root is `pools.errors.TarnError`).

TarnError
├── PoolError ...             see `pools.errors`
├── LakeError                 files, datasets, tables
│   ├── PathRefusedError      a name or path that leaves the workspace's roots
│   ├── NotFoundError         no such file, dataset, table, version or column
│   ├── FormatError           a file is not what it claims to be, or needs a feature we do not have
│   └── WriteError            a write was refused or failed; nothing of it is visible
├── DataError                 the data cannot serve the request: label, null column, no rows
├── ModelError                models and their ONNX graphs
│   ├── UnsupportedError      a transformer, objective or option that cannot be honoured
│   ├── ParityError           the ONNX graph does not agree with the native model
│   └── SignatureError        columns given and columns wanted differ
└── OptionError               a setting that makes no sense
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


class OptionError(TarnError):
    """A setting that makes no sense."""


__all__ = [
    "DataError",
    "FormatError",
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
    "TarnError",
    "TaskLostError",
    "UnsupportedError",
    "WorkCancelledError",
    "WriteError",
]
