"""The flight recorder: the pages of a workspace's log without any pool, while it is written or long after."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from engine.dashboard.document import document_of
from engine.dashboard.feed import Feed
from engine.dashboard.pages import PAGES
from engine.errors import OptionError
from pools.guard import guard, with_token

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from engine.events import EventLog

FIRST = "runs"


class Recorder:
    """A web server with all pages; it answers from `start` to `stop`, on the calling thread's event loop.

    Args:
        log: What is shown.
        host: Address to listen on.
        port: 0 for any free one.
        token: What a visitor must show; None for nothing.
        live: Whether a clock runs on while nothing is written.

    Raises:
        OptionError: It cannot listen there.
    """

    def __init__(
        self,
        log: EventLog,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        token: str | None = None,
        live: bool = True,
    ) -> None:
        from bokeh.server.server import Server
        from tornado.web import RedirectHandler

        self._host, self._token = host, token
        try:
            self._server = Server(
                _applications(log, live=live),
                port=port,
                address=host,
                allow_websocket_origin=["*"]
                if token
                else None,  # the guard holds the cookie to its own origin
                use_index=False,
                redirect_root=False,
                extra_patterns=[(r"/", RedirectHandler, {"url": f"/{FIRST}", "permanent": False})],
            )
        except OSError as error:
            raise OptionError(
                f"The dashboard cannot listen on {host}:{port}: {error.strerror or error}.",
                "Give another --port, or 0 for any free one.",
            ) from error
        if token is not None:
            guard(self._server._tornado, token)  # noqa: SLF001 - its one way to the application

    @property
    def link(self) -> str:
        """What to open; it carries the token, if there is one."""
        return with_token(f"http://{self._host}:{self._server.port}/{FIRST}", self._token)

    def run(self) -> None:
        """Answer until the process is interrupted."""
        self._server.start()
        try:
            self._server.io_loop.start()
        finally:
            self._server.stop()
            with suppress(RuntimeError):
                self._server.unlisten()


def _applications(log: EventLog, *, live: bool) -> Mapping[str, Any]:
    from bokeh.application import Application
    from bokeh.application.handlers.function import FunctionHandler

    feed = Feed(log)
    return {
        f"/{name}": Application(
            FunctionHandler(partial(_fill, document_of(name, lambda: feed, lambda: log.home, live=live)))
        )
        for name in PAGES
    }


def _fill(fill: Callable[[Any, Mapping[str, Any]], None], document: Any) -> None:
    fill(document, {"ours": list(PAGES)})
