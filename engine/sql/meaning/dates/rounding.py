"""How T-SQL rounds moments: datetime to 1/300 s, smalldatetime to minutes, the others to their digits."""

from __future__ import annotations

import datetime as dt

from sqlglot import exp

from engine.sql.meaning.trees import binary, call, cast, number, text
from engine.sql.meaning.types import DATETIME2

_MIDNIGHT = dt.time()
FIRST_DATETIME = dt.datetime.combine(dt.date(1753, 1, 1), _MIDNIGHT)
FIRST_SMALLDATETIME = dt.datetime.combine(dt.date(1900, 1, 1), _MIDNIGHT)
LAST_SMALLDATETIME = dt.datetime.combine(dt.date(2079, 6, 6), dt.time(23, 59))
_MICROSECOND = dt.timedelta(microseconds=1)


def rounded_datetime(moment: dt.datetime) -> dt.datetime | None:
    """Round to the 1/300 s of datetime, shown in milliseconds; None if out of its range.

    >>> rounded_datetime(dt.datetime(2024, 1, 1, 0, 0, 0, 5000)).microsecond
    7000
    """
    if moment < FIRST_DATETIME:
        return None
    ticks = ((moment - FIRST_DATETIME) // _MICROSECOND * 3 + 5000) // 10000
    try:
        return FIRST_DATETIME + dt.timedelta(milliseconds=(ticks * 10 + 1) // 3)
    except OverflowError:
        return None


def rounded_smalldatetime(moment: dt.datetime) -> dt.datetime | None:
    """Round to the minute; None if out of smalldatetime's range.

    >>> rounded_smalldatetime(dt.datetime(2024, 1, 1, 0, 0, 29, 999000)).minute
    1
    """
    exact = rounded_datetime(moment)
    if exact is None or exact < FIRST_SMALLDATETIME:
        return None
    minute = (exact + dt.timedelta(seconds=30)).replace(second=0, microsecond=0)
    return minute if minute <= LAST_SMALLDATETIME else None


def rounded_clock(ticks: int, digits: int) -> int:
    """Round units of 100 ns to so many digits of a second's fraction, half up.

    >>> rounded_clock(15_000_000, 0)
    20000000
    """
    unit: int = 10 ** (7 - digits)
    return (ticks + unit // 2) // unit * unit


def rounded_tree(moment: exp.Expr, digits: int) -> exp.Expr:
    """Round a DuckDB timestamp to so many digits of its second's fraction, half up."""
    if digits >= 6:
        return moment
    unit = 10 ** (6 - digits)
    origin = cast(text("2000-01-01"), DATETIME2)
    moved = binary(exp.Add, moment, call("TO_MICROSECONDS", number(unit // 2)))
    return call("TIME_BUCKET", call("TO_MICROSECONDS", number(unit)), moved, origin)
