"""Types as PEP 249 tells them: what columns are, and what makes a value of each kind."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.sql.meaning.types import BYTES, FRACTIONED, MONEYS, NUMBERS, TEMPORAL, TEXT, Base

if TYPE_CHECKING:
    from engine.sql.meaning import SqlType

# name, type_code, display_size, internal_size, precision, scale, null_ok
Described = tuple[str, str, None, int | None, int | None, int | None, bool | None]

_BYTES_OF = {
    Base.BIGINT: 8, Base.BIT: 1, Base.DATE: 3, Base.DATETIME: 8, Base.DATETIME2: 8, Base.DATETIMEOFFSET: 10,
    Base.FLOAT: 8, Base.INT: 4, Base.MONEY: 8, Base.REAL: 4, Base.SMALLDATETIME: 4, Base.SMALLINT: 2,
    Base.SMALLMONEY: 4, Base.TIME: 5, Base.TINYINT: 1, Base.UNIQUEIDENTIFIER: 16,
}  # fmt: skip
_DIGITS_OF = {
    Base.BIGINT: 19,
    Base.INT: 10,
    Base.MONEY: 19,
    Base.SMALLINT: 5,
    Base.SMALLMONEY: 10,
    Base.TINYINT: 3,
}


@dataclass(frozen=True, slots=True)
class TypeGroup:
    """A type object of PEP 249: equal to the `type_code` of every column of its kind.

    >>> NUMBER == "decimal", STRING == "int"
    (True, False)
    """

    name: str
    codes: frozenset[str]

    def __eq__(self, other: object) -> bool:
        return other in self.codes if isinstance(other, str) else self is other

    def __hash__(self) -> int:
        return hash(self.name)


STRING = TypeGroup("STRING", frozenset(map(str, TEXT | {Base.UNIQUEIDENTIFIER})))
BINARY = TypeGroup("BINARY", frozenset(map(str, BYTES)))
NUMBER = TypeGroup("NUMBER", frozenset(map(str, NUMBERS)))
DATETIME = TypeGroup("DATETIME", frozenset(map(str, TEMPORAL)))
ROWID = TypeGroup("ROWID", frozenset())

Date = dt.date
Time = dt.time
Timestamp = dt.datetime
Binary = bytes


def DateFromTicks(ticks: float) -> dt.date:  # noqa: N802 - PEP 249 names it so
    """The local date of a number of seconds since 1970."""
    return dt.date.fromtimestamp(ticks)  # noqa: DTZ012 - PEP 249 wants local time


def TimeFromTicks(ticks: float) -> dt.time:  # noqa: N802
    """The local time of day of a number of seconds since 1970."""
    return dt.datetime.fromtimestamp(ticks).time()  # noqa: DTZ006


def TimestampFromTicks(ticks: float) -> dt.datetime:  # noqa: N802
    """The local moment of a number of seconds since 1970."""
    return dt.datetime.fromtimestamp(ticks)  # noqa: DTZ006


def described(name: str, kind: SqlType) -> Described:
    """One column in PEP 249's seven facts; `type_code` is the name of its T-SQL type."""
    size = kind.size if kind.base in TEXT or kind.base in BYTES else _BYTES_OF.get(kind.base)
    precision: int | None = _DIGITS_OF.get(kind.base)
    scale: int | None = None
    if kind.base is Base.DECIMAL:
        precision, scale = kind.size, kind.scale
    elif kind.base in MONEYS:
        scale = 4
    elif kind.base in FRACTIONED:
        scale = kind.size
    return name, str(kind.base), None, size, precision, scale, None
