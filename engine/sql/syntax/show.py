"""Statements as stable, readable text: for tests, plans and people."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import MISSING, Field, fields, is_dataclass
from enum import Enum
from typing import Any

from sqlglot import exp

from engine.sql.syntax.dialect import Tarn
from engine.sql.syntax.statements.base import Name
from engine.sql.syntax.statements.queries import Credential


def show(statement: Any) -> str:
    """A statement, or any value of `statements`, field by field; what has its default is left out.

    The source text is not shown.
    """
    return "\n".join([type(statement).__name__, *_indented(_body(statement))])


def _body(value: Any) -> Iterator[str]:
    for field in fields(value):
        item = getattr(value, field.name)
        if field.name != "source" and not _is_default(field, item):
            yield from _entry(field.name, item)


def _entry(label: str, item: Any) -> Iterator[str]:
    if isinstance(item, tuple):
        yield f"{label}:" if item else f"{label}: ()"
        for element in item:
            lines = list(_lines(element))
            yield f"- {lines[0]}"
            yield from _indented(iter(lines[1:]))
        return
    lines = list(_lines(item))
    yield f"{label}: {lines[0]}"
    yield from _indented(iter(lines[1:]))


def _lines(item: Any) -> Iterator[str]:
    match item:
        case exp.Expr():
            yield item.sql(dialect=Tarn, normalize_functions=False)
        case Name() | Credential():
            yield str(item)
        case Enum():
            yield str(item.value)
        case _ if is_dataclass(item):
            yield type(item).__name__
            yield from _indented(_body(item))
        case _:
            yield repr(item) if isinstance(item, str) else str(item)


def _indented(lines: Iterator[str]) -> Iterator[str]:
    return (f"  {line}" for line in lines)


def _is_default(field: Field[Any], item: Any) -> bool:
    return field.default is not MISSING and type(field.default) is type(item) and field.default == item
