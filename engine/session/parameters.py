"""Python values as variables of a script: bound, never written into its text."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from engine.errors import BindError, OptionError
from engine.sql.meaning import SqlType, Variable
from engine.sql.meaning.types import (
    BIGINT,
    BIT,
    DATE,
    DATETIME2,
    DATETIMEOFFSET,
    FLOAT,
    INT,
    MAX,
    NULL,
    TIME,
    UNIQUEIDENTIFIER,
    decimal,
    nvarchar,
    varbinary,
)
from engine.sql.syntax.tokens import Kind, tokenize

Parameters = Sequence[Any] | Mapping[str, Any]

_INT, _BIGINT, _MOST_DIGITS = 2**31, 2**63, 38


def bound_variables(parameters: Parameters) -> dict[str, Variable]:
    """Variables of a batch: a sequence gives the n-th `?` its value, a mapping gives each `@name` its.

    Raises:
        OptionError: A value that T-SQL has no type for; names it.

    >>> bound_variables({"least": 3})
    {'@least': Variable(type=SqlType(base=<Base.INT: 'int'>, size=0, scale=0), value=3)}
    """
    if isinstance(parameters, Mapping):
        return {
            f"@{name.removeprefix('@').lower()}": variable(value, name) for name, value in parameters.items()
        }
    if isinstance(parameters, str | bytes):
        raise OptionError(
            "Parameters are a sequence with a value for each ?, or a mapping from names to values.",
            "Write (value,) for one.",
        )
    return {f"@?{at}": variable(value, str(at)) for at, value in enumerate(parameters, 1)}


def refuse_other_number(text: str, parameters: Parameters) -> None:
    """A script has as many `?` as it is given values in order.

    Raises:
        BindError: It has not.
    """
    given = 0 if isinstance(parameters, Mapping) else len(parameters)
    if not given and "?" not in text:
        return
    marked = sum(token.kind is Kind.VARIABLE and token.text == "?" for token in tokenize(text, markers=True))
    if marked != given:
        raise BindError(
            f"The text has {marked} parameter markers, and {given} values were given.",
            "Give one value for each ?, in order.",
        )


def variable(value: Any, name: str) -> Variable:
    """A value with the T-SQL type that holds it without loss."""
    plain: Any = _plain(value)
    for kind, typed in _TYPES:
        if isinstance(plain, kind):
            return Variable(typed(plain, name), plain)
    raise OptionError(
        f"Parameter {name} is a {type(value).__name__}, which has no T-SQL type.",
        "Pass numbers, text, bytes, dates, times or UUIDs.",
    )


def _plain(value: Any) -> Any:
    """What pandas and numpy wrap, as Python's own."""
    if type(value).__name__ == "datetime64":
        value = value.astype("datetime64[us]")  # of nanoseconds, `item` makes a plain number
    if value is None or type(value).__name__ in ("NaTType", "NAType"):
        return None
    if isinstance(value, bytearray | memoryview):
        return bytes(value)
    item = getattr(value, "to_pydatetime", None) or getattr(value, "item", None)
    return item() if callable(item) else value


def _integer(value: int, name: str) -> SqlType:
    if -_INT <= value < _INT:
        return INT
    if -_BIGINT <= value < _BIGINT:
        return BIGINT
    return _digits(len(str(abs(value))), 0, name)


def _float(value: float, name: str) -> SqlType:
    if not math.isfinite(value):
        raise OptionError(
            f"Parameter {name} is {value}, which T-SQL's float cannot hold.", "Pass None for NULL."
        )
    return FLOAT


def _decimal(value: Decimal, name: str) -> SqlType:
    if not value.is_finite():
        raise OptionError(f"Parameter {name} is {value}, which no decimal holds.", "Pass None for NULL.")
    _, digits, exponent = value.as_tuple()
    scale = max(0, -int(exponent))
    return _digits(max(len(digits) + max(0, int(exponent)), scale, 1), scale, name)


def _digits(size: int, scale: int, name: str) -> SqlType:
    if size > _MOST_DIGITS:
        raise OptionError(
            f"Parameter {name} has {size} digits; T-SQL's decimal has {_MOST_DIGITS}.", "Pass it as a float."
        )
    return decimal(size, scale)


def _text(value: str, _name: str) -> SqlType:
    return nvarchar(max(1, len(value)) if len(value) <= 4000 else MAX)


def _bytes(value: bytes, _name: str) -> SqlType:
    return varbinary(max(1, len(value)) if len(value) <= 8000 else MAX)


# The first class that fits wins: a bool is an int, a datetime is a date.
_TYPES: tuple[tuple[type[Any], Callable[[Any, str], SqlType]], ...] = (
    (type(None), lambda _value, _name: NULL),
    (bool, lambda _value, _name: BIT),
    (int, _integer),
    (float, _float),
    (Decimal, _decimal),
    (str, _text),
    (bytes, _bytes),
    (dt.datetime, lambda value, _name: DATETIMEOFFSET if value.tzinfo else DATETIME2),
    (dt.date, lambda _value, _name: DATE),
    (dt.time, lambda _value, _name: TIME),
    (UUID, lambda _value, _name: UNIQUEIDENTIFIER),
)
