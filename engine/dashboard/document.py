"""A page in a Bokeh document: made when a browser comes, updated each second, off the event loop."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from engine.dashboard.pages import page_class
from engine.dashboard.style import dress

if TYPE_CHECKING:
    from engine.dashboard.feed import Feed
    from engine.dashboard.views import Views

logger = logging.getLogger(__name__)

UPDATE_MILLISECONDS = 1000
_FIRST_SECONDS = 3.0
# It warns of every message that was under way when a browser left; a pool's terminal is no place for that.
logging.getLogger("bokeh.server.views.ws").setLevel(logging.ERROR)


class Page(Protocol):
    """One page of one browser.

    Attributes:
        root: What it shows.
        seconds: How long the last `show` took on the event loop.
    """

    title: str
    root: Any

    def columns(self, views: Views, now: float) -> Any:
        """What is to be shown, or None if that is what it shows already; called off the loop."""

    def show(self, columns: Any) -> None:
        """Show it; called on the loop, and quick."""


def document_of(
    name: str, feed_of: Callable[[], Feed], place: Callable[[], str], *, live: bool = True
) -> Callable[[Any, Mapping[str, Any]], None]:
    """What fills a Bokeh document with a page.

    Args:
        name: The page's name in the menu.
        feed_of: Gives what it reads; asked for when a browser comes.
        place: Says whose pages these are.
        live: Whether a clock runs on while nothing is written.
    """

    def fill(document: Any, extra: Mapping[str, Any]) -> None:
        made: Page = page_class(name)()
        feed = feed_of()
        ours, known = list(extra.get("ours", [])), list(extra.get("pages", []))
        others = [one for one in known if one not in ours]
        dress(document, title=made.title, here=name, ours=ours, others=others, place=place())
        document.add_root(made.root)
        feed.watch()

        async def update() -> None:
            if not _is_seen(document):
                return
            feed.watch()
            try:
                made.show(await asyncio.to_thread(_columns, made, feed, live))
            except Exception:
                logger.exception("The page %s cannot be updated", name)

        document.add_next_tick_callback(update)
        document.add_periodic_callback(update, UPDATE_MILLISECONDS)
        on_demand = getattr(made, "on_demand", None)
        if on_demand is not None:  # a click is answered now, not at the next second
            on_demand(lambda: document.add_next_tick_callback(update))

    return fill


def _is_seen(document: Any) -> bool:
    """Whether a browser is there: Bokeh keeps a session for a while when its browser has gone."""
    session = getattr(document.session_context, "session", None)
    return session is None or bool(session.connection_count)


def _columns(page: Page, feed: Feed, live: bool) -> Any:
    feed.wait_fresh(_FIRST_SECONDS)  # who comes after a while shall not see how it was when somebody left
    with feed.lock:
        return page.columns(feed.views, time.time() if live else feed.views.now)
