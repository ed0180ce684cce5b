"""T-SQL's functions by name, one file for each family.

A function is a few lines that give the DuckDB expression and its T-SQL type together. `SCALARS` holds those
that give one value for each row; aggregates and window functions need more than their arguments and have
tables of their own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.sql.meaning.functions import (
    choosing,
    clock,
    dates,
    formatting,
    hashing,
    json,
    numbers,
    searching,
    texts,
)

if TYPE_CHECKING:
    from engine.sql.meaning.functions.call import Function

SCALARS: dict[str, Function] = {
    **choosing.FUNCTIONS,
    **clock.FUNCTIONS,
    **dates.FUNCTIONS,
    **formatting.FUNCTIONS,
    **hashing.FUNCTIONS,
    **json.FUNCTIONS,
    **numbers.FUNCTIONS,
    **searching.FUNCTIONS,
    **texts.FUNCTIONS,
}

__all__ = ["SCALARS"]
