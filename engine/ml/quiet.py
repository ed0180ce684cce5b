"""XGBoost's collective without its greeting: "Task ... got rank 0", from every worker of every fit."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable
from typing import Any

_GREETING = b" got rank "


def _log(message: bytes) -> None:
    if _GREETING not in message:
        sys.stderr.write(message.decode(errors="replace") + "\n")


# kept for as long as XGBoost may call it
_callback = ctypes.CFUNCTYPE(None, ctypes.c_char_p)(_log)


def greet_nobody() -> None:
    """Let this process join collectives in silence; for a worker, as often as one likes.

    XGBoost 3.2 writes the line whatever the verbosity, through a callback that each thread has of its own: so
    it is set by the thread that joins, right before it does. All else is written as it was.
    """
    from xgboost import collective

    if collective.init.__module__ != __name__:
        collective.init = _silent(collective.init)


def _silent(join: Callable[..., None]) -> Callable[..., None]:
    from xgboost.core import _LIB

    def init(**arguments: Any) -> None:
        _LIB.XGBRegisterLogCallback(_callback)
        join(**arguments)

    return init
