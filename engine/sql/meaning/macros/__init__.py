"""The macros that translated queries call; a connection loads them once, in this order."""

from __future__ import annotations

from engine.sql.meaning.macros.dates import DATE_MACROS
from engine.sql.meaning.macros.json import JSON_MACROS
from engine.sql.meaning.macros.numbers import NUMBER_MACROS
from engine.sql.meaning.macros.texts import TEXT_MACROS

_ALL = (*DATE_MACROS, *NUMBER_MACROS, *TEXT_MACROS, *JSON_MACROS)
MACROS: tuple[str, ...] = tuple(macro.create for macro in _ALL)

__all__ = ["MACROS"]
