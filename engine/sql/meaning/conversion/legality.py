"""Which conversions there are ("CAST and CONVERT", the chart of implicit conversions)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.errors import BindError, UnsupportedSqlError
from engine.sql.meaning.types import APPROXIMATE, BYTES, LEGACY_DATES, NUMBERS, TEMPORAL, TEXT, Base, SqlType

if TYPE_CHECKING:
    from engine.sql.meaning.conversion.request import Request

_MODERN = TEMPORAL - LEGACY_DATES


def check_conversion(source: SqlType, target: SqlType, request: Request) -> None:
    """Refuse a conversion that T-SQL does not have.

    Raises:
        BindError: T-SQL has none between these types, or only an explicit one.
        UnsupportedSqlError: T-SQL converts by the bytes of its own storage format.
    """
    if _is_impossible(source.base, target.base):
        raise BindError(
            f"Explicit conversion from data type {source.base} to {target.base} is not allowed.",
            "Convert to a third type on the way, such as datetime or varchar.",
            source=str(source),
            target=str(target),
        )
    if not request.explicit and _needs_cast(source.base, target.base):
        raise BindError(
            f"Implicit conversion from data type {source.base} to {target.base} is not allowed.",
            "Use the CONVERT function to run this query.",
            source=str(source),
            target=str(target),
        )
    if _is_storage(source.base, target.base):
        raise UnsupportedSqlError(
            f"Conversion from {source.base} to {target.base} is not supported: its bytes are SQL "
            f"Server's own.",
            "Convert through varchar instead.",
            source=str(source),
            target=str(target),
        )


def _is_impossible(source: Base, target: Base) -> bool:
    """Whether not even CAST converts these two."""
    pairs = ((source, target), (target, source))
    return (
        any(one in _MODERN and other in NUMBERS for one, other in pairs)
        or any(one is Base.DATE and other is Base.TIME for one, other in pairs)
        or any(one is Base.UNIQUEIDENTIFIER and other in NUMBERS | TEMPORAL for one, other in pairs)
        or (source in BYTES and target in APPROXIMATE)
    )


def _needs_cast(source: Base, target: Base) -> bool:
    """Whether only CAST converts these two."""
    return (source in LEGACY_DATES and target in NUMBERS) or (source in TEXT | TEMPORAL and target in BYTES)


def _is_storage(source: Base, target: Base) -> bool:
    by_value = NUMBERS - {Base.BIGINT, Base.INT, Base.SMALLINT, Base.TINYINT, Base.BIT}
    return (target in BYTES and source in by_value | TEMPORAL) or (
        source in BYTES and target in by_value | TEMPORAL | {Base.UNIQUEIDENTIFIER}
    )
