"""The styles of CONVERT for dates and times ("CAST and CONVERT", date and time styles)."""

from __future__ import annotations

from engine.errors import UnsupportedSqlError
from engine.sql.meaning.types import Base, SqlType

_DATES = {
    0: "MMM _d yyyy",
    1: "MM/dd/yy",
    2: "yy.MM.dd",
    3: "dd/MM/yy",
    4: "dd.MM.yy",
    5: "dd-MM-yy",
    6: "dd MMM yy",
    7: "MMM dd, yy",
    9: "MMM _d yyyy",
    10: "MM-dd-yy",
    11: "yy/MM/dd",
    12: "yyMMdd",
    13: "dd MMM yyyy",
    20: "yyyy-MM-dd",
    21: "yyyy-MM-dd",
    22: "MM/dd/yy",
    23: "yyyy-MM-dd",
    25: "yyyy-MM-dd",
    100: "MMM _d yyyy",
    101: "MM/dd/yyyy",
    102: "yyyy.MM.dd",
    103: "dd/MM/yyyy",
    104: "dd.MM.yyyy",
    105: "dd-MM-yyyy",
    106: "dd MMM yyyy",
    107: "MMM dd, yyyy",
    109: "MMM _d yyyy",
    110: "MM-dd-yyyy",
    111: "yyyy/MM/dd",
    112: "yyyyMMdd",
    113: "dd MMM yyyy",
    120: "yyyy-MM-dd",
    121: "yyyy-MM-dd",
    126: "yyyy-MM-dd",
    127: "yyyy-MM-dd",
}
# Styles with a time: what stands between date and time, and the time; `~` stands for the fraction.
_TIMES = {
    0: (" ", "_h:mmtt"),
    8: ("", "HH:mm:ss"),
    9: (" ", "_h:mm:ss:~tt"),
    13: (" ", "HH:mm:ss:~"),
    14: ("", "HH:mm:ss:~"),
    20: (" ", "HH:mm:ss"),
    21: (" ", "HH:mm:ss.~"),
    22: (" ", "_h:mm:ss tt"),
    24: ("", "HH:mm:ss"),
    25: (" ", "HH:mm:ss.~"),
    100: (" ", "_h:mmtt"),
    108: ("", "HH:mm:ss"),
    109: (" ", "_h:mm:ss:~tt"),
    113: (" ", "HH:mm:ss:~"),
    114: ("", "HH:mm:ss:~"),
    120: (" ", "HH:mm:ss"),
    121: (" ", "HH:mm:ss.~"),
    126: ("'T'", "HH:mm:ss.~"),
    127: ("'T'", "HH:mm:ss.~"),
}
_OF_TIME = {0: "h:mmtt", 100: "h:mmtt", **dict.fromkeys((8, 20, 24, 108, 120), "HH:mm:ss")}
_OF_TIME |= dict.fromkeys((21, 25, 121, 126, 127), "HH:mm:ss.~")
# Without a style: ODBC canonical for the types that came with SQL Server 2008, `mon dd yyyy` for the older.
_DEFAULT = {Base.DATE: 121, Base.DATETIME: 0, Base.SMALLDATETIME: 0}


def picture_of_style(kind: SqlType, style: int | None) -> str:
    """Give the picture that shows a value of this type under a style.

    Raises:
        UnsupportedSqlError: There is no such style, or it does not fit the type.

    >>> from engine.sql.meaning.types import DATETIME, DATE, DATETIME2
    >>> picture_of_style(DATETIME, 121), picture_of_style(DATE, 103), picture_of_style(DATETIME2, None)
    ('yyyy-MM-dd HH:mm:ss.fff', 'dd/MM/yyyy', 'yyyy-MM-dd HH:mm:ss.fffffff')
    """
    chosen = _DEFAULT.get(kind.base, 121) if style is None else style
    if kind.base is Base.DATE:
        picture = _DATES.get(chosen)
    elif kind.base is Base.TIME:
        picture = _OF_TIME.get(chosen)
    elif chosen in _TIMES:
        picture = _DATES.get(chosen, "") + "".join(_TIMES[chosen])
    else:
        picture = _DATES.get(chosen)
    if picture is None:
        raise UnsupportedSqlError(
            f"Style {style} is not supported for {kind.base}.",
            "Use a style of the Gregorian calendar that fits the type, such as 120 or 126.",
            style=style,
        )
    return _with_fraction(picture, kind)


def shows_time(style: int) -> bool:
    """Whether a style shows the time of day."""
    return style in _TIMES


def _with_fraction(picture: str, kind: SqlType) -> str:
    digits = 0 if kind.base is Base.SMALLDATETIME else 3 if kind.base is Base.DATETIME else kind.size
    if digits:
        return picture.replace("~", "f" * digits)
    if kind.base is Base.SMALLDATETIME:
        return picture.replace(":~", ":'000'").replace(".~", ".'000'")
    return picture.replace(":~", "").replace(".~", "")
