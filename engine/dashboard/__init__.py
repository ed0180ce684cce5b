"""Pages over the event log: inside the Dask dashboard of every pool, and for past runs without any pool.

`live_pages(log, name)` gives a pool its pages; `serve(log, ...)` is the flight recorder. What a page shows is
computed by `engine.dashboard.views` from events alone; Bokeh is in `kit`, `pages`, `style` and `plots`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.events import EventLog
    from pools.observer import Page


def live_pages(log: EventLog, name: str) -> Mapping[str, Page]:
    """The pages of a pool's dashboard, by their names in the menu.

    Args:
        log: What they show.
        name: The pool that they stand in.
    """
    from engine.dashboard.document import document_of
    from engine.dashboard.feed import Feed
    from engine.dashboard.pages import PAGES

    feed = Feed(log)
    return {page: document_of(made, page, feed, lambda: f"pool {name}") for page, made in PAGES.items()}
