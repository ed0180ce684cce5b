"""Time zones: the Windows names of AT TIME ZONE, and fixed offsets."""

from __future__ import annotations

import re

from sqlglot import exp

from engine.errors import UnsupportedSqlError
from engine.sql.meaning.dates.windows_zones import WINDOWS_ZONES
from engine.sql.meaning.trees import binary, call, number, text

_OFFSET = re.compile(r"([+-])(\d{2}):(\d{2})")


def zone_of(name: str) -> str:
    """Give the IANA zone of a Windows name, or the offset itself.

    Raises:
        UnsupportedSqlError: No such zone.

    >>> zone_of("Pacific Standard Time"), zone_of("+02:00")
    ('America/Los_Angeles', '+02:00')
    """
    known = WINDOWS_ZONES.get(name.lower())
    if known is None and offset_minutes(name) is None:
        raise UnsupportedSqlError(
            f"The time zone parameter '{name}' is not known.",
            "Use a Windows name, such as 'Pacific Standard Time', or an offset, such as '+02:00'.",
            zone=name,
        )
    return known or name


def offset_minutes(zone: str) -> int | None:
    """Give the minutes east of UTC that `+hh:mm` stands for; None if that is not its form.

    >>> offset_minutes("-03:30"), offset_minutes("+15:00")
    (-210, None)
    """
    match = _OFFSET.fullmatch(zone)
    if match is None or int(match[3]) > 59:
        return None
    minutes = (int(match[2]) * 60 + int(match[3])) * (-1 if match[1] == "-" else 1)
    return minutes if abs(minutes) <= 14 * 60 else None


def shown_offset(minutes: int) -> str:
    """Write an offset.

    >>> shown_offset(-210)
    '-03:30'
    """
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"


def zoned_time(moment: exp.Expr, zone: str) -> exp.Expr:
    """Give the instant (TIMESTAMPTZ) at which the clocks of a zone show a TIMESTAMP."""
    minutes = offset_minutes(zone)
    if minutes:
        moment = binary(exp.Sub, moment, call("TO_MINUTES", number(minutes)))
    return call("TIMEZONE", text(zone if minutes is None else "UTC"), moment)


def local_time(instant: exp.Expr, zone: str) -> exp.Expr:
    """Give what the clocks of a zone show (TIMESTAMP) at an instant."""
    minutes = offset_minutes(zone)
    shown = call("TIMEZONE", text(zone if minutes is None else "UTC"), instant)
    return binary(exp.Add, shown, call("TO_MINUTES", number(minutes))) if minutes else shown
