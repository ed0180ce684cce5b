"""T-SQL's data types as values."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.sql.meaning.collation import Collation

MAX = -1  # the length of varchar(max), nvarchar(max) and varbinary(max)


class Base(StrEnum):
    """The data types, the highest precedence first: of two operands the lower is converted to the higher.

    Source of the order: "Data type precedence" of the T-SQL reference.
    """

    DATETIMEOFFSET = "datetimeoffset"
    DATETIME2 = "datetime2"
    DATETIME = "datetime"
    SMALLDATETIME = "smalldatetime"
    DATE = "date"
    TIME = "time"
    FLOAT = "float"
    REAL = "real"
    DECIMAL = "decimal"
    MONEY = "money"
    SMALLMONEY = "smallmoney"
    BIGINT = "bigint"
    INT = "int"
    SMALLINT = "smallint"
    TINYINT = "tinyint"
    BIT = "bit"
    UNIQUEIDENTIFIER = "uniqueidentifier"
    NVARCHAR = "nvarchar"
    NCHAR = "nchar"
    VARCHAR = "varchar"
    CHAR = "char"
    VARBINARY = "varbinary"
    BINARY = "binary"
    NULL = "null"  # the literal NULL, before anything gives it a type
    PREDICATE = "predicate"  # a condition; T-SQL has no such data type


PRECEDENCE = {base: rank for rank, base in enumerate(Base)}
INTEGERS = frozenset({Base.BIGINT, Base.INT, Base.SMALLINT, Base.TINYINT})
MONEYS = frozenset({Base.MONEY, Base.SMALLMONEY})
APPROXIMATE = frozenset({Base.FLOAT, Base.REAL})
EXACT = INTEGERS | MONEYS | {Base.DECIMAL, Base.BIT}
NUMBERS = EXACT | APPROXIMATE
UNICODE = frozenset({Base.NVARCHAR, Base.NCHAR})
FIXED_TEXT = frozenset({Base.CHAR, Base.NCHAR})
TEXT = UNICODE | {Base.VARCHAR, Base.CHAR}
BYTES = frozenset({Base.VARBINARY, Base.BINARY})
LEGACY_DATES = frozenset({Base.DATETIME, Base.SMALLDATETIME})
DATED = LEGACY_DATES | {Base.DATETIMEOFFSET, Base.DATETIME2, Base.DATE}
TEMPORAL = DATED | {Base.TIME}
FRACTIONED = frozenset({Base.DATETIME2, Base.DATETIMEOFFSET, Base.TIME})


@dataclass(frozen=True, slots=True)
class SqlType:
    """A T-SQL data type.

    Attributes:
        base: Which type it is.
        size: Length of text and bytes (`MAX` for max), digits of a decimal, digits of a second's fraction
            for time, datetime2 and datetimeoffset; 0 for all others.
        scale: Digits after the point of a decimal.
        trimmed: No value ends in a blank, so equality needs no RTRIM. A fact about the values, not a part
            of the type: it does not count in `==`.
        collation: The collation of a column or of a COLLATE clause; None means the database's. No part of
            `==` either.
        zone: The time zone (IANA name or `+hh:mm`) whose wall clock a datetimeoffset shows; what is stored
            is the instant alone. No part of `==` either.
        json: FOR JSON takes the text for JSON, and does not quote it. No part of `==` either.
    """

    base: Base
    size: int = 0
    scale: int = 0
    trimmed: bool = field(default=False, compare=False)
    collation: Collation | None = field(default=None, compare=False)
    zone: str | None = field(default=None, compare=False)
    json: bool = field(default=False, compare=False)

    def __str__(self) -> str:
        if self.base is Base.DECIMAL:
            return f"decimal({self.size},{self.scale})"
        if self.base in TEXT or self.base in BYTES:
            return f"{self.base}({'max' if self.size == MAX else self.size})"
        return f"{self.base}({self.size})" if self.base in FRACTIONED else str(self.base)

    @property
    def is_number(self) -> bool:
        return self.base in NUMBERS

    @property
    def is_integer(self) -> bool:
        return self.base in INTEGERS

    @property
    def is_text(self) -> bool:
        return self.base in TEXT

    @property
    def is_unicode(self) -> bool:
        return self.base in UNICODE

    @property
    def is_bytes(self) -> bool:
        return self.base in BYTES

    @property
    def is_temporal(self) -> bool:
        return self.base in TEMPORAL

    def with_facts(
        self,
        *,
        trimmed: bool = False,
        collation: Collation | None = None,
        zone: str | None = None,
        json: bool = False,
    ) -> SqlType:
        """Give the same type with these facts about its values, and no others."""
        return replace(self, trimmed=trimmed, collation=collation, zone=zone, json=json)


BIT = SqlType(Base.BIT)
TINYINT = SqlType(Base.TINYINT)
SMALLINT = SqlType(Base.SMALLINT)
INT = SqlType(Base.INT)
BIGINT = SqlType(Base.BIGINT)
FLOAT = SqlType(Base.FLOAT)
REAL = SqlType(Base.REAL)
MONEY = SqlType(Base.MONEY)
SMALLMONEY = SqlType(Base.SMALLMONEY)
DATE = SqlType(Base.DATE)
DATETIME = SqlType(Base.DATETIME)
SMALLDATETIME = SqlType(Base.SMALLDATETIME)
DATETIME2 = SqlType(Base.DATETIME2, 7)
DATETIMEOFFSET = SqlType(Base.DATETIMEOFFSET, 7, zone="UTC")
TIME = SqlType(Base.TIME, 7)
UNIQUEIDENTIFIER = SqlType(Base.UNIQUEIDENTIFIER)
NULL = SqlType(Base.NULL)
PREDICATE = SqlType(Base.PREDICATE)


def decimal(digits: int, scale: int = 0) -> SqlType:
    return SqlType(Base.DECIMAL, digits, scale)


def varchar(length: int) -> SqlType:
    return SqlType(Base.VARCHAR, length)


def nvarchar(length: int) -> SqlType:
    return SqlType(Base.NVARCHAR, length)


def varbinary(length: int) -> SqlType:
    return SqlType(Base.VARBINARY, length)
