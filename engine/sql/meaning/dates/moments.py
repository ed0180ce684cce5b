"""Constant texts that are dates or times."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass

from engine.sql.meaning.dates import grammar

EPOCH = dt.date(1900, 1, 1)


@dataclass(frozen=True, slots=True)
class Moment:
    """What a text says; the date is 1900-01-01 and the time midnight where it is silent.

    Attributes:
        date: The day.
        clock: Time of day in units of 100 ns.
        digits: Digits of the second's fraction that were written.
        offset: Minutes east of UTC, or None.
    """

    date: dt.date
    clock: int = 0
    digits: int = 0
    offset: int | None = None


def read_moment(text: str) -> Moment | None:
    """Read a date, a time or both; None if the text is neither.

    >>> read_moment("Feb 29 2024").date
    datetime.date(2024, 2, 29)
    >>> read_moment("20240229 10:20:30.5").clock
    372305000000
    >>> read_moment("2024-02-30")
    """
    if not text.isascii() or "\n" in text:
        return None
    text = re.sub(*grammar.ISO_SEPARATOR, text.strip(" ").lower())
    match = re.match(grammar.SPLIT, text)
    if match is None:
        return None
    day, time, zone = match.groups(default="")
    date = _read_date(day) if day else EPOCH
    clock = _read_time(time) if time else (0, 0)
    if date is None or clock is None:
        return None
    return Moment(date, *clock, offset=_read_offset(zone) if zone else None)


def _read_date(text: str) -> dt.date | None:
    for pattern, replacement in (*grammar.MONTH_NAMES, *grammar.DATE_FORMS, *grammar.CENTURIES):
        text = re.sub(pattern, replacement, text)
    return date_of(text)


def date_of(text: str) -> dt.date | None:
    """Give the day written as `year~month~day`, if there is such a day."""
    parts = text.split("~")
    if len(parts) != 3:
        return None
    try:
        return dt.date(*map(int, parts))
    except ValueError:
        return None


def _read_time(text: str) -> tuple[int, int] | None:
    match = re.match(grammar.TIME, text)
    if match is None:
        return None
    hour, minute, second = (int(part or 0) for part in match.groups()[:3])
    fraction, millisecond, half = match.groups(default="")[3:]
    if half:
        hour = _on_24(hour, half)
    if not (0 <= hour <= 23 and minute <= 59 and second <= 59):
        return None
    ticks = int(fraction.ljust(7, "0")) if fraction else int(millisecond or 0) * 10_000
    return ((hour * 60 + minute) * 60 + second) * 10**7 + ticks, len(fraction or millisecond)


def _on_24(hour: int, half: str) -> int:
    """Give the hour of the day, or -1: a morning has no thirteenth hour, an evening may have."""
    if half == "am":
        return hour % 12 if hour <= 12 else -1
    return hour if hour >= 12 else hour + 12


def _read_offset(zone: str) -> int:
    if zone == "z":
        return 0
    hours, minutes = zone[1:].split(":")
    return (int(hours) * 60 + int(minutes)) * (-1 if zone[0] == "-" else 1)
