"""Patterns of LIKE and PATINDEX: as DuckDB's LIKE where that means the same, else as a regular expression.

DuckDB's LIKE knows `%`, `_` and an escape; T-SQL has classes such as `[a-f]` and `[^0-9]` besides.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from engine.errors import UnsupportedSqlError

_NOTHING = "[^\\x{0}-\\x{10FFFF}]"


@dataclass(frozen=True, slots=True)
class Step:
    """One element of a pattern: `%`, `_`, a class (its inside, as it was written) or a character."""

    kind: str
    text: str = ""


def read_pattern(pattern: str, escape: str | None = None) -> tuple[Step, ...]:
    """Read a pattern.

    Raises:
        UnsupportedSqlError: An empty class.

    A class that is never closed matches nothing in T-SQL; so does an escape at the end.

    >>> [step.kind for step in read_pattern("a[bc]%_")]
    ['text', 'class', '%', '_']
    """
    return tuple(_steps(pattern, escape))


def _steps(pattern: str, escape: str | None) -> Iterator[Step]:
    index = 0
    while index < len(pattern):
        character = pattern[index]
        index += 1
        if escape is not None and character == escape:
            yield Step("text", pattern[index]) if index < len(pattern) else Step("never")
            index += 1
        elif character == "[":
            end = pattern.find("]", index)
            yield _class(pattern[index:end]) if end >= 0 else Step("never")
            index = (end if end >= 0 else len(pattern)) + 1
        else:
            yield Step(character) if character in "%_" else Step("text", character)


def _class(inside: str) -> Step:
    if inside in ("", "^"):
        raise UnsupportedSqlError(
            f"The class [{inside}] in a pattern is not supported: what it matches is not documented.",
            "Write a closing bracket without a class around it.",
        )
    return Step("class", inside)


def is_simple(steps: tuple[Step, ...]) -> bool:
    """Whether DuckDB's LIKE can say it."""
    return all(step.kind in ("%", "_", "text") for step in steps)


def like_text(steps: tuple[Step, ...], escape: str) -> str:
    """Write the pattern for DuckDB's LIKE with an escape character.

    >>> like_text(read_pattern("a!%b%", "!"), "~")
    'a~%b%'
    """
    return "".join(
        (escape + step.text if step.text in ("%", "_", escape) else step.text)
        if step.kind == "text"
        else step.kind
        for step in steps
    )


def regex_text(steps: tuple[Step, ...]) -> str:
    """Write the pattern as a regular expression, without anchors.

    >>> regex_text(read_pattern("a[^0-9]%_"))
    'a[^0-9].*.'
    """
    return "".join(_regex(step) for step in steps)


def _regex(step: Step) -> str:
    match step.kind:
        case "%":
            return ".*"
        case "_":
            return "."
        case "text":
            return re.escape(step.text)
        case "class":
            return _regex_class(step.text)
        case _:
            return _NOTHING


def _regex_class(inside: str) -> str:
    negated = inside.startswith("^")
    members = _members(inside[1:] if negated else inside)
    if not members:
        return "." if negated else _NOTHING
    return f"[{'^' if negated else ''}{members}]"


def _members(inside: str) -> str:
    """Write members and ranges; a range that runs backwards has none."""
    shown, index = "", 0
    while index < len(inside):
        if inside[index + 1 : index + 2] == "-" and index + 2 < len(inside):
            low, high = inside[index], inside[index + 2]
            shown += f"{_member(low)}-{_member(high)}" if low <= high else ""
            index += 3
        else:
            shown += _member(inside[index])
            index += 1
    return shown


def _member(character: str) -> str:
    return "\\" + character if character in "\\]^-[&~|" else character


def literal_prefix(steps: tuple[Step, ...]) -> str:
    """Give the characters that every match starts with.

    >>> literal_prefix(read_pattern("ab%c"))
    'ab'
    """
    prefix = ""
    for step in steps:
        if step.kind != "text":
            break
        prefix += step.text
    return prefix
