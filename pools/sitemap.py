"""`/sitemap.json` of an HTTP server: which paths it answers.

Distributed's own handler (2026.8) fails on applications of today's Bokeh: it knows them by "bokeh" in their
`str`, which they no longer have, and then looks for a folder that their static files do not name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from distributed.http.routing import DirectoryHandler
from tornado.web import RequestHandler


class Sitemap(RequestHandler):  # type: ignore[misc]
    """Lists pages by their paths, other routes by their patterns; files of a folder are the folder's one."""

    def get(self) -> None:
        self.write({"paths": sorted(set(_paths(self.application)))})


def mend_sitemap(application: Any) -> None:
    """Have a server's `/sitemap.json` answer, where it has one."""
    for rule in application.default_router.rules:
        for route in getattr(rule.target, "rules", ()):
            if route.target is DirectoryHandler:
                route.target = Sitemap


def _paths(application: Any) -> Iterator[str]:
    for one in (application, *getattr(application, "applications", ())):
        yield from getattr(one, "app_paths", ())  # Bokeh's: a page for each
        yield from _patterns(one.default_router.rules)


def _patterns(rules: Iterable[Any]) -> Iterator[str]:
    for rule in rules:
        pattern = getattr(getattr(rule.matcher, "regex", None), "pattern", None)
        if pattern is not None and not hasattr(rule.target, "rules"):
            yield pattern.rstrip("$")
        yield from _patterns(getattr(rule.target, "rules", ()))
