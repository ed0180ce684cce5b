"""Functions on dates and times.

>>> from engine.sql.meaning.show import shown
>>> print(shown("SELECT DATEADD(day, qty, d) AS a, DATEDIFF(month, 0, d) AS b, DATEPART(dw, d) AS c FROM t"))
SELECT t.d + TO_DAYS(t.qty) AS a, CAST(DATE_DIFF('month', CAST('1900-01-01 00:00:00' AS TIMESTAMP), t.d) AS \
INT) AS b, CAST(DAYOFWEEK(t.d) + 1 AS INT) AS c FROM t AS t
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sqlglot import exp

from engine.errors import BindError
from engine.sql.meaning.binding.scopes import place
from engine.sql.meaning.conversion.convert import convert
from engine.sql.meaning.conversion.request import Request
from engine.sql.meaning.conversion.to_moment import as_timestamp, known_zone
from engine.sql.meaning.dates.parts import (
    CLOCK_PARTS,
    NAMES,
    Part,
    boundaries,
    interval_of,
    part_of,
    truncated,
)
from engine.sql.meaning.dates.rounding import rounded_tree
from engine.sql.meaning.dates.zones import local_time, offset_minutes, zoned_time
from engine.sql.meaning.trees import binary, call, cast, cast_as, number, text
from engine.sql.meaning.types import (
    BIGINT,
    DATE,
    DATETIME,
    DATETIME2,
    INT,
    LEGACY_DATES,
    Base,
    SqlType,
    nvarchar,
)
from engine.sql.meaning.values import Value

if TYPE_CHECKING:
    from engine.sql.meaning.functions.call import Call, Function

_FINE = frozenset({Part.MICROSECOND, Part.NANOSECOND})


def part_argument(call_: Call) -> Part:
    """Read the first argument: the name of a part, which is no column."""
    node = call_.arguments[0]
    part = NAMES.get(node.name.lower())
    if part is None:
        raise BindError(
            f"'{node.name}' is not a recognized {call_.name.lower()} option.", **place(call_.node)
        )
    return part


def moment_argument(call_: Call, index: int, *, as_text: SqlType = DATETIME2) -> Value:
    """Translate an argument that must be a date or a time; text is read, a number counts days from 1900."""
    value = call_.value(index)
    if value.type.is_temporal:
        return value
    if value.is_null:
        return convert(value, as_text)
    if value.type.is_text:
        return convert(value, as_text)
    if value.type.is_number:
        return convert(value, DATETIME)
    raise call_.invalid(value.type, index)


def _check_part(call_: Call, part: Part, kind: SqlType) -> None:
    """Refuse a part that a type has not (SQL Server's message 9810)."""
    missing = (
        (kind.base is Base.DATE and part in CLOCK_PARTS)
        or (kind.base is Base.TIME and part not in CLOCK_PARTS)
        or (part is Part.TZOFFSET and kind.base is not Base.DATETIMEOFFSET)
        or (call_.name in ("DATEADD", "DATETRUNC") and kind.base in LEGACY_DATES and part in _FINE)
    )
    if missing:
        raise BindError(
            f"The datepart {part} is not supported by date function {call_.name.lower()} for data type "
            f"{kind.base}.",
            **place(call_.node),
        )


def _shown(value: Value) -> exp.Expr:
    """Give the wall clock of a value; DATE and TIME stay what they are."""
    return as_timestamp(value) if value.type.base is Base.DATETIMEOFFSET else value.tree


def date_part(call_: Call) -> Value:
    """DATEPART."""
    part, value = part_argument(call_), moment_argument(call_, 1)
    _check_part(call_, part, value.type)
    return Value(cast(_part_tree(value, part), INT), INT)


def _part_tree(value: Value, part: Part) -> exp.Expr:
    if part is not Part.TZOFFSET:
        return part_of(_shown(value), part)
    zone = known_zone(value.type)
    minutes = offset_minutes(zone)
    if minutes is not None:
        return number(minutes)
    return call("DATE_DIFF", text("minute"), local_time(value.tree, "UTC"), local_time(value.tree, zone))


def date_name(call_: Call) -> Value:
    """DATENAME: months and weekdays by name, other parts by number."""
    part, value = part_argument(call_), moment_argument(call_, 1)
    _check_part(call_, part, value.type)
    names = {Part.MONTH: "MONTHNAME", Part.WEEKDAY: "DAYNAME"}
    tree = call(names[part], _shown(value)) if part in names else cast_as(_part_tree(value, part), "VARCHAR")
    return Value(tree, nvarchar(30).with_facts(trimmed=True))


def _single(part: Part) -> Function:
    def build(call_: Call) -> Value:
        value = moment_argument(call_, 0)
        _check_part(call_, part, value.type)
        return Value(cast(part_of(_shown(value), part), INT), INT)

    return build


def date_add(call_: Call) -> Value:
    """DATEADD keeps the type of the date; a text becomes a datetime."""
    part = part_argument(call_)
    count = call_.value(1)
    value = moment_argument(call_, 2, as_text=DATETIME)
    _check_part(call_, part, value.type)
    if part in (Part.ISO_WEEK, Part.TZOFFSET):
        raise BindError(f"'{part}' is not a recognized dateadd option.", **place(call_.node))
    passed = interval_of(convert(count, INT, Request(explicit=True)).tree, part)
    if value.type.base is Base.DATETIMEOFFSET:
        zone = _fixed_zone(call_, value)
        return Value(zoned_time(binary(exp.Add, local_time(value.tree, zone), passed), zone), value.type)
    moved = binary(exp.Add, value.tree, passed)
    if value.type.base is Base.DATE:
        return Value(cast(moved, DATE), DATE)
    if value.type.base is Base.DATETIME and part is Part.MILLISECOND:
        moved = call("tsql_datetime", moved, exp.false())
    if value.type.base is Base.SMALLDATETIME and part in (Part.SECOND, Part.MILLISECOND):
        moved = call("tsql_smalldatetime", moved, exp.false())
    return Value(moved, value.type)


def _fixed_zone(call_: Call, value: Value) -> str:
    """Give the offset of a datetimeoffset; in a named zone the offset of the result would be another one."""
    zone = known_zone(value.type)
    if zone != "UTC" and offset_minutes(zone) is None:
        raise call_.refused("a datetimeoffset in a named time zone", "CAST it to datetime2 first.")
    return zone


def _difference(kind: SqlType) -> Function:
    def build(call_: Call) -> Value:
        part = part_argument(call_)
        start, end = moment_argument(call_, 1), moment_argument(call_, 2)
        if part is Part.TZOFFSET:
            raise BindError(f"'{part}' is not a recognized datediff option.", **place(call_.node))
        return Value(cast(boundaries(_instant(start), _instant(end), part), kind), kind)

    return build


def _instant(value: Value) -> exp.Expr:
    """Give a moment as a DATE or TIMESTAMP; a datetimeoffset counts in UTC."""
    if value.type.base is Base.DATETIMEOFFSET:
        return local_time(value.tree, "UTC")
    return as_timestamp(value) if value.type.base is Base.TIME else value.tree


def date_truncate(call_: Call) -> Value:
    """DATETRUNC keeps the type of the date."""
    part, value = part_argument(call_), moment_argument(call_, 1)
    _check_part(call_, part, value.type)
    if part in (Part.WEEKDAY, Part.TZOFFSET, Part.NANOSECOND):
        raise BindError(f"'{part}' is not a recognized datetrunc option.", **place(call_.node))
    if value.type.base is Base.TIME:
        return Value(cast(truncated(as_timestamp(value), part), value.type), value.type)
    if value.type.base is Base.DATETIMEOFFSET:
        zone = _fixed_zone(call_, value)
        return Value(zoned_time(truncated(local_time(value.tree, zone), part), zone), value.type)
    return Value(cast(truncated(value.tree, part), value.type), value.type)


def date_bucket(call_: Call) -> Value:
    """DATE_BUCKET counts buckets from an origin, by default 1900-01-01."""
    part, value = part_argument(call_), moment_argument(call_, 2)
    _check_part(call_, part, value.type)
    if part not in CLOCK_PARTS | {Part.YEAR, Part.QUARTER, Part.MONTH, Part.WEEK, Part.DAY} or part in _FINE:
        raise BindError(f"'{part}' is not a recognized date_bucket option.", **place(call_.node))
    if value.type.base in (Base.TIME, Base.DATETIMEOFFSET):
        raise call_.refused(f"buckets of {value.type.base}", "Convert to datetime2.")
    origin = (
        convert(call_.value(3), value.type).tree if call_.has(3) else cast(text("1900-01-01"), value.type)
    )
    width = call("tsql_positive", call_.integer(1).tree)
    bucket = call("TIME_BUCKET", interval_of(cast_as(width, "INT"), part), value.tree, origin)
    return Value(cast(bucket, value.type), value.type)


def end_of_month(call_: Call) -> Value:
    """EOMONTH."""
    day = convert(moment_argument(call_, 0), DATE, Request(explicit=True)).tree
    if call_.has(1):
        day = binary(exp.Add, day, call("TO_MONTHS", call_.integer(1).tree))
    return Value(call("LAST_DAY", day), DATE)


def _from_parts(kind: SqlType) -> Function:
    def build(call_: Call) -> Value:
        day = call("tsql_date_from_parts", *(call_.integer(index).tree for index in range(3)))
        if kind.base is Base.DATE:
            return Value(day, DATE)
        clock = [call_.integer(index).tree for index in range(3, min(len(call_.arguments), 7))]
        if kind.base is Base.SMALLDATETIME:
            return Value(call("tsql_at", day, *clock, number(0), number(0)), kind)
        *clock, milliseconds = clock
        moment = call("tsql_at", day, *clock, binary(exp.Mul, milliseconds, number(1000)))
        return Value(call("tsql_datetime", moment, exp.false()), kind)

    return build


def _precise_from_parts(base: Base) -> Function:
    """DATETIME2FROMPARTS and its like: the last argument is the number of digits of the fraction."""

    def build(call_: Call) -> Value:
        digits = call_.constant_integer(len(call_.arguments) - 1, "The precision")
        if not 0 <= digits <= 7:
            raise BindError(f"Specified scale {digits} is invalid.", **place(call_.node))
        first = 0 if base is Base.TIME else 3
        clock = [call_.integer(index).tree for index in range(first, first + 3)]
        fraction = call("tsql_microseconds", call_.integer(first + 3).tree, number(digits))
        day = cast(text("1900-01-01"), DATE)
        if base is not Base.TIME:
            day = call("tsql_date_from_parts", *(call_.integer(index).tree for index in range(3)))
        moment = call("tsql_at", day, *clock, fraction)
        if base is Base.DATETIMEOFFSET:
            hours, minutes = (call_.constant_integer(index, "The offset") for index in (7, 8))
            offset = f"{'-' if min(hours, minutes) < 0 else '+'}{abs(hours):02}:{abs(minutes):02}"
            return Value(zoned_time(moment, offset), SqlType(base, digits, zone=offset))
        kind = SqlType(base, digits)
        return Value(cast(moment, kind) if base is Base.TIME else moment, kind)

    return build


def switch_offset(call_: Call) -> Value:
    """SWITCHOFFSET shows an instant elsewhere; TODATETIMEOFFSET says where a date and time is."""
    value = moment_argument(call_, 0)
    zone = call_.constant_text(1, "The time zone")
    if offset_minutes(zone) is None:
        raise BindError(
            "The timezone provided to builtin function is invalid.",
            "Write it as +02:00.",
            **place(call_.node),
        )
    if call_.name == "SWITCHOFFSET":
        digits = value.type.size if value.type.base is Base.DATETIMEOFFSET else 7
        value = convert(value, SqlType(Base.DATETIMEOFFSET, digits, zone="UTC"))
        return value.retyped(replace(value.type, zone=zone))
    digits = value.type.size if value.type.base in (Base.DATETIME2, Base.DATETIMEOFFSET) else 3
    kind = SqlType(Base.DATETIMEOFFSET, digits, zone=zone)
    return Value(zoned_time(rounded_tree(as_timestamp(value), digits), zone), kind)


def is_date(call_: Call) -> Value:
    """ISDATE: whether a text is a datetime."""
    value = call_.value(0)
    if value.type.base in LEGACY_DATES:
        return Value(cast(exp.Not(this=exp.Is(this=value.tree, expression=exp.Null())), INT), INT)
    return Value(call("tsql_isdate", call_.text(0).tree), INT)


FUNCTIONS: dict[str, Function] = {
    "DATEADD": date_add,
    "DATEDIFF": _difference(INT),
    "DATEDIFF_BIG": _difference(BIGINT),
    "DATEFROMPARTS": _from_parts(DATE),
    "DATENAME": date_name,
    "DATEPART": date_part,
    "DATETIME2FROMPARTS": _precise_from_parts(Base.DATETIME2),
    "DATETIMEFROMPARTS": _from_parts(DATETIME),
    "DATETIMEOFFSETFROMPARTS": _precise_from_parts(Base.DATETIMEOFFSET),
    "DATETRUNC": date_truncate,
    "DATE_BUCKET": date_bucket,
    "DAY": _single(Part.DAY),
    "EOMONTH": end_of_month,
    "ISDATE": is_date,
    "MONTH": _single(Part.MONTH),
    "SMALLDATETIMEFROMPARTS": _from_parts(SqlType(Base.SMALLDATETIME)),
    "SWITCHOFFSET": switch_offset,
    "TIMEFROMPARTS": _precise_from_parts(Base.TIME),
    "TODATETIMEOFFSET": switch_offset,
    "YEAR": _single(Part.YEAR),
}
