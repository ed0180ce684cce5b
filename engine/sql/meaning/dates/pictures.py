"""Dates as text: pictures such as `yyyy-MM-dd` become DuckDB expressions.

The letters are those of FORMAT (.NET), with two of our own for CONVERT: `_d` and `_h` are a day and an hour
padded with a blank.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from sqlglot import exp

from engine.errors import UnsupportedSqlError
from engine.sql.meaning.trees import call, join_text, number, text

_Builder = Callable[[exp.Expr], exp.Expr]


def _strftime(picture: str) -> _Builder:
    return lambda moment: call("STRFTIME", moment, text(picture))


def _fraction(digits: int) -> _Builder:
    def build(moment: exp.Expr) -> exp.Expr:
        microseconds = call("STRFTIME", moment, text("%f"))
        if digits == 7:  # tables hold microseconds
            return join_text([microseconds, text("0")])
        return microseconds if digits == 6 else call("LEFT", microseconds, number(digits))

    return build


def _padded(inner: _Builder) -> _Builder:
    return lambda moment: call("LPAD", inner(moment), number(2), text(" "))


def _initial(inner: _Builder) -> _Builder:
    return lambda moment: call("LEFT", inner(moment), number(1))


# What strftime does in one letter is merged into one call of it.
_DIRECTIVES = {
    "yyyy": "%Y",
    "yy": "%y",
    "MMMM": "%B",
    "MMM": "%b",
    "MM": "%m",
    "M": "%-m",
    "dddd": "%A",
    "ddd": "%a",
    "dd": "%d",
    "d": "%-d",
    "HH": "%H",
    "H": "%-H",
    "hh": "%I",
    "h": "%-I",
    "mm": "%M",
    "m": "%-M",
    "ss": "%S",
    "s": "%-S",
    "fff": "%g",
    "ffffff": "%f",
    "tt": "%p",
}
_BUILDERS = {
    "_d": _padded(_strftime("%-d")),
    "_h": _padded(_strftime("%-I")),
    "t": _initial(_strftime("%p")),
    **{"f" * digits: _fraction(digits) for digits in (1, 2, 4, 5, 7)},
}
_TOKEN = re.compile(r"""_d|_h|([a-zA-Z])\1*|'[^']*'|"[^"]*"|\\.|[^a-zA-Z'"\\%]|%""", re.DOTALL)


def render_picture(picture: str, moment: exp.Expr) -> exp.Expr:
    """Give the text of a DuckDB timestamp.

    Args:
        picture: Letters as in the module's doc; text in quotes and other characters stand for themselves.
        moment: A TIMESTAMP.

    Raises:
        UnsupportedSqlError: A letter of .NET that means a time zone, an era or a culture.

    >>> render_picture("yyyy-MM-dd", exp.column("d")).sql("duckdb")
    "STRFTIME(d, '%Y-%m-%d')"
    >>> render_picture("H.f", exp.column("d")).sql("duckdb")
    "STRFTIME(d, '%-H.') || LEFT(STRFTIME(d, '%f'), 1)"
    """
    pieces = [piece(moment) for piece in _merged(_pieces(picture))]
    return join_text(pieces) if pieces else text("")


def _pieces(picture: str) -> Iterator[str | _Builder]:
    end = 0
    for match in _TOKEN.finditer(picture):
        if match.start() != end:
            break
        end = match.end()
        yield _piece(match[0], picture)
    if end != len(picture):
        raise _refused(picture[end:], picture)


def _piece(token: str, picture: str) -> str | _Builder:
    if token in _DIRECTIVES:
        return _DIRECTIVES[token]
    if token in _BUILDERS:
        return _BUILDERS[token]
    if token[0] in "'\"":
        return token[1:-1].replace("%", "%%")
    if token[0] == "\\":
        return token[1:].replace("%", "%%")
    if token.isalpha():
        raise _refused(token, picture)
    return token.replace("%", "%%")


def _merged(pieces: Iterator[str | _Builder]) -> Iterator[_Builder]:
    directives = ""
    for piece in pieces:
        if isinstance(piece, str):
            directives += piece
            continue
        if directives:
            yield _strftime(directives)
        directives = ""
        yield piece
    if directives:
        yield _strftime(directives)


def _refused(token: str, picture: str) -> UnsupportedSqlError:
    return UnsupportedSqlError(
        f"'{token}' in the format '{picture}' is not supported.",
        "Use the letters y M d H h m s f t, and quotes around text.",
        format=picture,
    )
