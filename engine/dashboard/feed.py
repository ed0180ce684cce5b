"""Keeps the views of a log up to date while somebody watches."""

from __future__ import annotations

import logging
import threading
import time
import weakref
from typing import TYPE_CHECKING

from engine.dashboard.views import Views

if TYPE_CHECKING:
    from engine.events import EventLog

logger = logging.getLogger(__name__)

_EVERY_SECONDS = 0.4
# Whoever watches says so each second; after so long without a word the thread ends.
_PATIENCE_SECONDS = 4.0
# Entries that are taken in one go, in some 5 ms: for so long a page may have to wait.
_BATCH = 400


class Feed:
    """One reader of a log for all pages of a process.

    Reading and folding is done on a thread of its own: the event loop of a scheduler only hands finished
    columns to Bokeh.

    Attributes:
        views: To be read with `lock` held.
    """

    def __init__(self, log: EventLog) -> None:
        self.views = Views()
        self.lock = threading.Lock()
        self._log, self._tail = log, log.tail()
        self._until = 0.0
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()
        self._fresh = threading.Event()

    @property
    def place(self) -> str:
        """Where the log is."""
        return self._log.location

    def watch(self, seconds: float = _PATIENCE_SECONDS) -> None:
        """Somebody looks: keep the views up to date for a while."""
        self._until = max(self._until, time.monotonic() + seconds)
        if self._thread is None:
            with self._starting:
                if self._thread is None:
                    self._fresh.clear()
                    self._thread = threading.Thread(target=self._run, name="tarn-feed", daemon=True)
                    self._thread.start()

    def wait_fresh(self, seconds: float) -> None:
        """Wait until the views are no older than the `watch` that began it, but no longer than this."""
        self._fresh.wait(seconds)

    def end(self) -> None:
        """Nobody looks any more."""
        self._until = 0.0

    def catch_up(self) -> None:
        """Take everything that is in the log now."""
        self._log.flush()
        entries = self._tail.read()
        for start in range(0, len(entries), _BATCH):
            with self.lock:
                self.views.take(entries[start : start + _BATCH])
        writers = self._tail.writers()
        with self.lock:
            self.views.settle(writers)

    def _run(self) -> None:
        while time.monotonic() < self._until:
            try:
                self.catch_up()
            except Exception:
                logger.exception("The event log %s cannot be read", self.place)
            self._fresh.set()
            time.sleep(_EVERY_SECONDS)
        self._thread = None


_feeds: weakref.WeakValueDictionary[str, Feed] = weakref.WeakValueDictionary()
_opening = threading.Lock()


def feed_of(log: EventLog) -> Feed:
    """The one feed of a log in this process: pages of several pools and metrics share what was read."""
    with _opening:
        feed = _feeds.get(log.location)
        if feed is None:
            feed = _feeds[log.location] = Feed(log)
        return feed
