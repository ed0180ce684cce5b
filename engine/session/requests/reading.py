"""The history of a workspace, read once for the whole process and then only what is new."""

from __future__ import annotations

import threading
import weakref
from typing import TYPE_CHECKING

from engine.events import EventLog, Tail, open_log
from engine.session.requests.history import History

if TYPE_CHECKING:
    from engine.lake import Storage


class _Reader:
    """A tail of a log and what was folded of it."""

    def __init__(self, tail: Tail) -> None:
        self._tail = tail
        self._history = History()
        self._lock = threading.Lock()

    def read(self) -> History:
        with self._lock:
            for entry in self._tail.read():
                self._history.take(entry)
            return History(self._history.requests.copy(), self._history.by_day.copy())


_readers: weakref.WeakKeyDictionary[EventLog, _Reader] = weakref.WeakKeyDictionary()
_opening = threading.Lock()


def history_of(storage: Storage) -> History:
    """Everything that the workspace's log tells of requests until now."""
    log = open_log(storage.home.location, dict(storage.home.options))
    with _opening:
        reader = _readers.get(log)
        if reader is None:
            reader = _readers[log] = _Reader(log.tail())
    log.flush()
    return reader.read()
