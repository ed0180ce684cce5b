"""Waiting for what other threads or processes bring about."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

LONG = 60.0


def eventually(reached: Callable[[], bool]) -> None:
    """Wait until something is so."""
    limit = time.monotonic() + LONG
    pause = threading.Event()
    while not reached():
        assert time.monotonic() < limit, "it never came to be"
        pause.wait(0.01)
