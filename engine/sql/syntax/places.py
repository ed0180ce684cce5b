"""Where in a text: lines and columns, counted from 1."""

from __future__ import annotations

import re
from bisect import bisect_right

_LINE_END = re.compile(r"\r\n|\n|\r")


class Places:
    r"""The lines of one text.

    >>> Places("a\nbc").at(3)
    (2, 2)
    """

    __slots__ = ("_starts",)

    def __init__(self, text: str) -> None:
        self._starts = [0, *(end.end() for end in _LINE_END.finditer(text))]

    def line(self, offset: int) -> int:
        return bisect_right(self._starts, offset)

    def at(self, offset: int) -> tuple[int, int]:
        line = self.line(offset)
        return line, offset - self._starts[line - 1] + 1
