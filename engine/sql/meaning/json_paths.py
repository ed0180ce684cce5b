"""Paths into JSON: T-SQL's `lax $.a."b c"[0]` as DuckDB writes them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from engine.errors import BindError

_MODE = re.compile(r"\s*(lax|strict)\s+", re.IGNORECASE)
_STEP = re.compile(r'\.\s*(?:"((?:[^"\\]|\\.)*)"|([A-Za-z_$][A-Za-z0-9_$]*))|\[\s*(\d+)\s*\]')


@dataclass(frozen=True, slots=True)
class JsonPath:
    """A path.

    Attributes:
        steps: Keys (str) and places (int) from the root on.
        strict: A path that leads nowhere is an error, not NULL.
    """

    steps: tuple[str | int, ...]
    strict: bool = False

    @property
    def duckdb(self) -> str:
        """The path as DuckDB writes it."""
        return "$" + "".join(f"[{step}]" if isinstance(step, int) else f'."{step}"' for step in self.steps)


def read_path(text: str) -> JsonPath:
    """Read a path.

    Raises:
        BindError: It is none (SQL Server's message 13607).

    >>> read_path('strict $.a."b c"[0]').duckdb
    '$."a"."b c"[0]'
    """
    mode = _MODE.match(text)
    rest = text[mode.end() :] if mode else text.lstrip()
    steps: list[str | int] = []
    if not rest.startswith("$"):
        raise _malformed(text)
    position = 1
    while position < len(rest):
        match = _STEP.match(rest, position)
        if match is None:
            raise _malformed(text)
        quoted, bare, place = match.groups()
        steps.append(int(place) if place is not None else quoted if quoted is not None else bare)
        position = match.end()
    return JsonPath(tuple(steps), strict=bool(mode and mode[1].lower() == "strict"))


def _malformed(text: str) -> BindError:
    return BindError(
        f"JSON path '{text}' is not properly formatted.", 'Write it as $.key[0]."another key".', path=text
    )
