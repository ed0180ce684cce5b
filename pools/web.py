"""What a pool adds to its scheduler's HTTP server: pages in the dashboard, and the token's guard."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from pools.guard import guard
from pools.sitemap import mend_sitemap

if TYPE_CHECKING:
    from pools.observer import Observer, Page


def equip_http(scheduler: Any, observer: Observer, *, dashboard: bool, token: str | None) -> None:
    """Add pages to the dashboard of a scheduler that has started, and put the guard in front of everything.

    Args:
        scheduler: It has been awaited.
        observer: Whose pages.
        dashboard: Whether the scheduler has a dashboard to add pages to.
        token: What a visitor must show; None for no guard.
    """
    mend_sitemap(scheduler.http_application)
    if token is not None:
        guard(scheduler.http_application, token)
    pages = observer.pages() if dashboard else {}
    if pages:
        add_pages(scheduler, pages)


def add_pages(scheduler: Any, pages: Mapping[str, Page]) -> None:
    """Add pages to the dashboard of a scheduler of this process, and to its menu."""
    from distributed.dashboard.core import BokehApplication
    from distributed.dashboard.scheduler import template_variables
    from tornado.ioloop import IOLoop

    variables = template_variables(scheduler)
    menu = variables["pages"]
    # In place: the pages that Dask has made already hold this very list.
    menu[:] = [*pages, *(name for name in menu if name not in pages)]
    application = BokehApplication(
        {f"/{name}": _document(page) for name, page in pages.items()},
        scheduler,
        prefix="",
        template_variables={**variables, "ours": list(pages)},
    )
    scheduler.http_application.add_application(application)
    application.initialize(IOLoop.current())
    application.start()


def _document(page: Page) -> Callable[[Any, Mapping[str, Any], Any], None]:
    return lambda scheduler, extra, document: page(document, extra)  # noqa: ARG005 - distributed's signature
