"""A token in front of every HTTP route of a server, websockets included.

The link that is printed carries the token once; its answer sets a cookie and leads to the page without it.
Programs, such as Prometheus, send `Authorization: Bearer TOKEN`.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import secrets
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from tornado.web import RequestHandler

PARAMETER = "token"
# So long a guess takes: 2**192 possibilities.
_TOKEN_BYTES = 24


def new_token() -> str:
    """A token that nobody can guess."""
    return secrets.token_urlsafe(_TOKEN_BYTES)


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach what listens on a host."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False  # a name: who knows where it leads


def with_token(link: str, token: str | None) -> str:
    """The link to be given to a person."""
    return link if token is None else f"{link}?{urlencode({PARAMETER: token})}"


def guard(application: Any, token: str) -> None:
    """Let nobody through to any route of a tornado application who does not show the token.

    Every request, a websocket's too, is given its handler by `find_handler`: there it is stopped, so that no
    route can be forgotten, whenever it is added.
    """
    find_handler = application.find_handler
    pass_word = _cookie_value(token)

    def guarded(request: Any, **kwargs: Any) -> Any:
        given = [value for name, value in parse_qsl(request.query) if name == PARAMETER]
        if given and _same(given[0], token):
            return application.get_handler_delegate(request, _Welcome, {"pass_word": pass_word})
        if _has_cookie(request, pass_word) and _from_here(request):
            return find_handler(request, **kwargs)
        if _same(request.headers.get("Authorization", ""), f"Bearer {token}"):
            return find_handler(request, **kwargs)
        return application.get_handler_delegate(request, _Refused, {})

    application.find_handler = guarded


class _Welcome(RequestHandler):  # type: ignore[misc]
    """Sets the cookie and drops the token from the address."""

    def initialize(self, pass_word: str) -> None:
        self.pass_word = pass_word

    def get(self) -> None:
        rest = [(name, value) for name, value in parse_qsl(self.request.query) if name != PARAMETER]
        secure = self.request.protocol == "https"
        # Lax, since the link may be opened from a notebook; other sites' scripts and sockets do not get it.
        self.set_cookie(
            cookie_name(self.request), self.pass_word, httponly=True, samesite="Lax", secure=secure
        )
        self.set_header("Referrer-Policy", "no-referrer")
        # One slash at the start: `//host` would lead to another host.
        self.redirect("/" + self.request.path.lstrip("/") + (f"?{urlencode(rest)}" if rest else ""))

    def check_xsrf_cookie(self) -> None:
        """Nothing is changed by a visit."""


class _Refused(RequestHandler):  # type: ignore[misc]
    """Says nothing but that a token is wanted."""

    def prepare(self) -> None:
        self.set_status(403)
        self.set_header("Content-Type", "text/plain; charset=utf-8")
        self.finish("This dashboard wants its token: open the link that the pool gives as dashboard_link.\n")

    def check_xsrf_cookie(self) -> None:
        """It is refused anyway."""


def cookie_name(request: Any) -> str:
    """Cookies do not tell ports apart, and a machine may have several dashboards."""
    return f"tarn-{urlsplit(f'//{request.host}').port or 0}"


def _cookie_value(token: str) -> str:
    """What the cookie holds: who reads it still does not know the token."""
    return hmac.new(token.encode(), b"tarn dashboard cookie", hashlib.sha256).hexdigest()


def _has_cookie(request: Any, pass_word: str) -> bool:
    morsel = request.cookies.get(cookie_name(request))
    return morsel is not None and _same(morsel.value, pass_word)


def _from_here(request: Any) -> bool:
    """Whether a page of another origin asks: its scripts must not use the cookie."""
    origin = request.headers.get("Origin")
    return origin is None or urlsplit(origin).netloc == request.host


def _same(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "surrogateescape"), wanted.encode())
