"""Parts of a date: their names, and how DuckDB gives, adds, counts and cuts them.

Weeks start on Sunday (SET DATEFIRST 7, the default of us_english); the first week of a year is that of
January 1st.
"""

from __future__ import annotations

from enum import StrEnum

from sqlglot import exp

from engine.sql.meaning.trees import binary, call, cast, number, text
from engine.sql.meaning.types import DATE, DATETIME2


class Part(StrEnum):
    """A part of a date or a time."""

    YEAR = "year"
    QUARTER = "quarter"
    MONTH = "month"
    DAYOFYEAR = "dayofyear"
    DAY = "day"
    WEEK = "week"
    ISO_WEEK = "iso_week"
    WEEKDAY = "weekday"
    HOUR = "hour"
    MINUTE = "minute"
    SECOND = "second"
    MILLISECOND = "millisecond"
    MICROSECOND = "microsecond"
    NANOSECOND = "nanosecond"
    TZOFFSET = "tzoffset"


# T-SQL's abbreviations, and the names that sqlglot's parser puts for some of them.
_ALIASES = {
    Part.YEAR: "yy yyyy",
    Part.QUARTER: "qq q",
    Part.MONTH: "mm m",
    Part.DAYOFYEAR: "dy y",
    Part.DAY: "dd d",
    Part.WEEK: "wk ww",
    Part.ISO_WEEK: "isowk isoww weekiso",
    Part.WEEKDAY: "dw w dayofweek",
    Part.HOUR: "hh",
    Part.MINUTE: "mi n",
    Part.SECOND: "ss s",
    Part.MILLISECOND: "ms",
    Part.MICROSECOND: "mcs",
    Part.NANOSECOND: "ns",
    Part.TZOFFSET: "tz timezone_minute",
}
NAMES = {alias: part for part, aliases in _ALIASES.items() for alias in (str(part), *aliases.split())}
CLOCK_PARTS = frozenset(
    {Part.HOUR, Part.MINUTE, Part.SECOND, Part.MILLISECOND, Part.MICROSECOND, Part.NANOSECOND}
)
_EXTRACTORS = {
    Part.YEAR: "YEAR",
    Part.QUARTER: "QUARTER",
    Part.MONTH: "MONTH",
    Part.DAYOFYEAR: "DAYOFYEAR",
    Part.DAY: "DAY",
    Part.ISO_WEEK: "WEEK",
    Part.HOUR: "HOUR",
    Part.MINUTE: "MINUTE",
    Part.SECOND: "SECOND",
}
_INTERVALS = {
    Part.YEAR: "TO_YEARS",
    Part.MONTH: "TO_MONTHS",
    Part.DAY: "TO_DAYS",
    Part.DAYOFYEAR: "TO_DAYS",
    Part.WEEKDAY: "TO_DAYS",
    Part.WEEK: "TO_WEEKS",
    Part.HOUR: "TO_HOURS",
    Part.MINUTE: "TO_MINUTES",
    Part.SECOND: "TO_SECONDS",
    Part.MILLISECOND: "TO_MILLISECONDS",
    Part.MICROSECOND: "TO_MICROSECONDS",
}
_COUNTED = {Part.DAYOFYEAR: "day", Part.WEEKDAY: "day"}


def part_of(moment: exp.Expr, part: Part) -> exp.Expr:
    """Give a part of a DATE, TIME or TIMESTAMP as a BIGINT."""
    match part:
        case Part.WEEKDAY:
            return binary(exp.Add, call("DAYOFWEEK", moment), number(1))
        case Part.WEEK:
            # Sundays since January 1st: (day of year + 5 - day of week) / 7, and one.
            days = binary(
                exp.Sub, binary(exp.Add, call("DAYOFYEAR", moment), number(12)), call("DAYOFWEEK", moment)
            )
            return binary(exp.IntDiv, days, number(7))
        case Part.MILLISECOND:
            return binary(exp.Mod, call("MILLISECOND", moment), number(1000))
        case Part.MICROSECOND:
            return binary(exp.Mod, call("MICROSECOND", moment), number(1_000_000))
        case Part.NANOSECOND:
            return binary(exp.Mul, part_of(moment, Part.MICROSECOND), number(1000))
    return call(_EXTRACTORS[part], moment)


def interval_of(count: exp.Expr, part: Part) -> exp.Expr:
    """Give so many of a part as an interval."""
    if part is Part.QUARTER:
        return call("TO_MONTHS", binary(exp.Mul, count, number(3)))
    if part is Part.NANOSECOND:
        return call("TO_MICROSECONDS", binary(exp.IntDiv, count, number(1000)))
    return call(_INTERVALS[part], count)


def boundaries(start: exp.Expr, end: exp.Expr, part: Part) -> exp.Expr:
    """Count the boundaries of a part between two moments as a BIGINT."""
    if part in (Part.WEEK, Part.ISO_WEEK):
        return binary(exp.Sub, _sundays(end), _sundays(start))
    if part is Part.NANOSECOND:
        return binary(exp.Mul, boundaries(start, end, Part.MICROSECOND), number(1000))
    return call("DATE_DIFF", text(_COUNTED.get(part, part)), start, end)


def _sundays(moment: exp.Expr) -> exp.Expr:
    """Count the Sundays from the year 1 on; DuckDB's own weeks start on Monday."""
    days = call("DATE_DIFF", text("day"), cast(text("0001-01-01"), DATE), moment)
    return binary(exp.IntDiv, binary(exp.Add, days, number(1)), number(7))


def truncated(moment: exp.Expr, part: Part) -> exp.Expr:
    """Cut a DATE or TIMESTAMP at a part, as a TIMESTAMP."""
    if part is Part.WEEK:
        moved = binary(exp.Add, moment, call("TO_DAYS", number(1)))
        return binary(exp.Sub, call("DATE_TRUNC", text("week"), moved), call("TO_DAYS", number(1)))
    unit = {Part.ISO_WEEK: "week", Part.DAYOFYEAR: "day"}.get(part, str(part))
    return cast(call("DATE_TRUNC", text(unit), moment), DATETIME2)
