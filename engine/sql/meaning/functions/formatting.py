"""FORMAT.

>>> from engine.sql.meaning.show import shown
>>> print(shown("SELECT FORMAT(d, 'yyyy-MM-dd') AS a FROM t"))
SELECT STRFTIME(t.d, '%Y-%m-%d') AS a FROM t AS t
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.sql.meaning.conversion.to_moment import as_timestamp
from engine.sql.meaning.dates.pictures import render_picture
from engine.sql.meaning.number_pictures import format_number
from engine.sql.meaning.types import Base, nvarchar
from engine.sql.meaning.values import Value, constant

if TYPE_CHECKING:
    from engine.sql.meaning.functions.call import Call, Function

# .NET's standard pictures of dates under en-US.
_STANDARD = {
    "d": "M/d/yyyy",
    "D": "dddd, MMMM d, yyyy",
    "f": "dddd, MMMM d, yyyy h:mm tt",
    "F": "dddd, MMMM d, yyyy h:mm:ss tt",
    "g": "M/d/yyyy h:mm tt",
    "G": "M/d/yyyy h:mm:ss tt",
    "m": "MMMM d",
    "M": "MMMM d",
    "o": "yyyy-MM-dd'T'HH:mm:ss.fffffff",
    "O": "yyyy-MM-dd'T'HH:mm:ss.fffffff",
    "r": "ddd, dd MMM yyyy HH:mm:ss 'GMT'",
    "R": "ddd, dd MMM yyyy HH:mm:ss 'GMT'",
    "s": "yyyy-MM-dd'T'HH:mm:ss",
    "t": "h:mm tt",
    "T": "h:mm:ss tt",
    "u": "yyyy-MM-dd HH:mm:ss'Z'",
    "y": "MMMM yyyy",
    "Y": "MMMM yyyy",
}
_CULTURES = {"en-us", "en", ""}


def format_value(call_: Call) -> Value:
    """FORMAT of a number or a date under en-US; the picture must be known before any data is read."""
    value = call_.value(0)
    picture = call_.constant_text(1, "The format")
    if call_.has(2) and call_.constant_text(2, "The culture").lower() not in _CULTURES:
        raise call_.refused(f"the culture {call_.arguments[2].name}", "Use 'en-US'.")
    kind = nvarchar(4000)
    if value.is_null:
        return constant(None, kind)
    if value.type.is_number and value.type.base is not Base.BIT:
        return Value(format_number(value, picture), kind)
    if not value.type.is_temporal or value.type.base is Base.DATETIMEOFFSET:
        raise call_.invalid(value.type, 0)
    if value.type.base is Base.TIME:
        raise call_.refused("time, whose pictures are others", "CAST it to datetime2 first.")
    return Value(render_picture(_date_picture(call_, picture), as_timestamp(value)), kind)


def _date_picture(call_: Call, picture: str) -> str:
    if len(picture) == 1:
        if picture not in _STANDARD:
            raise call_.refused(f"the date format '{picture}'", "Use a longer one, such as 'yyyy-MM-dd'.")
        return _STANDARD[picture]
    if picture.startswith("%") and len(picture) == 2:
        return picture[1:]
    if "%" in picture or "_d" in picture or "_h" in picture:
        raise call_.refused(f"the date format '{picture}'", "Put plain text into quotes.")
    return picture


FUNCTIONS: dict[str, Function] = {"FORMAT": format_value}
