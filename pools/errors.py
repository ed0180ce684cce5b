"""The root of the one error tree of Tarn, and the branch of the pools.

TarnError
├── PoolError            a pool cannot do what was asked
│   ├── PoolSpecError    a setting of a pool, or of work sent to it, makes no sense
│   ├── PoolStartError   workers or scheduler did not come up
│   ├── PoolStateError   the pool is paused, closed or not started
│   ├── PoolCapacityError  the driver cannot give that many workers
│   ├── WorkCancelledError     in-flight work was cancelled, by a pause or a close
│   ├── TaskLostError    the workers that ran a task died too often
│   └── LoopEndedError   the pool's event loop has ended (`pools.loop`)
└── (the engine's branches: see `engine.errors`)
"""

from __future__ import annotations

from typing import Any, ClassVar


class TarnError(Exception):
    """Base of every error Tarn raises on purpose: one line that names the thing, and a way out.

    Args:
        message: What is wrong, naming the thing (file, column, pool, ...).
        hint: What to do about it; appended to the line.
        **data: The facts behind the message, for programs; must pickle.

    Attributes:
        cancelled: Whether somebody wished that the work end, so that nothing has failed.
    """

    cancelled: ClassVar[bool] = False

    def __init__(self, message: str, hint: str = "", **data: Any) -> None:
        super().__init__(message, hint, data)
        self.message = message
        self.hint = hint
        self.data = data

    def __str__(self) -> str:
        stop = "" if self.message.endswith((".", "!", "?", ":")) else "."  # the message ends before the hint
        return f"{self.message}{stop} Hint: {self.hint}" if self.hint else self.message

    def __reduce__(self) -> tuple[Any, ...]:
        # Exception's own __reduce__ would pass `data` as a third positional argument.
        return _restore, (type(self), self.message, self.hint, self.data)


def _restore(kind: type[TarnError], message: str, hint: str, data: dict[str, Any]) -> TarnError:
    return kind(message, hint, **data)


class PoolError(TarnError):
    """A pool cannot do what was asked."""


class PoolSpecError(PoolError):
    """A setting of a pool, or of work sent to it, makes no sense."""


class PoolStartError(PoolError):
    """Workers or scheduler did not come up in time."""


class PoolStateError(PoolError):
    """The pool is paused, closed or not started."""


class PoolCapacityError(PoolError):
    """The driver cannot give that many workers."""


class WorkCancelledError(PoolError):
    """In-flight work was cancelled by a pause or a close."""

    cancelled = True


class TaskLostError(PoolError):
    """The workers that ran a task died more often than the pool allows."""
