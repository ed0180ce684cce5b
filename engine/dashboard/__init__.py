"""Pages over the event log: inside the Dask dashboard of every pool, and for past runs without any pool.

`Live(log, name)` gives a pool its pages and metrics; `serve.Recorder` is the flight recorder. What a page
shows is computed by `engine.dashboard.views` from events alone; Bokeh is in the other modules.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from engine.dashboard.feed import Feed
    from engine.events import EventLog
    from pools.observer import Page

# Prometheus asks every 15 to 60 seconds.
_BETWEEN_SCRAPES_SECONDS = 75.0


class Live:
    """Pages and metrics of a pool's dashboard; nothing is read or imported before somebody asks.

    Args:
        log: What they show.
        name: The pool that they stand in.
    """

    def __init__(self, log: EventLog, name: str) -> None:
        self._log, self._name = log, name

    @cached_property
    def _feed(self) -> Feed:
        from engine.dashboard.feed import feed_of

        return feed_of(self._log)

    def pages(self) -> Mapping[str, Page]:
        """The pages, by their names in the menu."""
        from engine.dashboard.document import document_of
        from engine.dashboard.pages import PAGES

        return {page: document_of(page, lambda: self._feed, lambda: f"pool {self._name}") for page in PAGES}

    def metrics(self) -> str:
        """Lines for Prometheus; a scrape sees what was read since the one before."""
        from engine.dashboard.views.metrics import metric_lines

        self._feed.watch(_BETWEEN_SCRAPES_SECONDS)
        with self._feed.lock:
            return metric_lines(self._feed.views)

    def __reduce__(self) -> Any:
        """In another process it reads the same log by itself, if that sees the workspace's home."""
        return Live, (self._log, self._name)

    def end(self) -> None:
        """The pool is closed: read no more for it."""
        if "_feed" in self.__dict__:
            self._feed.end()
